import type { LogSignal, Origin } from '@tracepost/contracts';
import type { Refusals } from '../../refusals.ts';
import { readEnvelope } from './envelope.ts';
import { enumIn, idIn, type JsonObject, textIn, wholeNumberIn } from './fields.ts';
import { attributesIn, valueIn } from './values.ts';

/** An `ExportLogsServiceRequest`, added to `logs`. See `readEnvelope`. */
export function* decodeJsonLogs(request: unknown, logs: LogSignal[], refused: Refusals): Generator<void, void> {
  yield* readEnvelope(request, {
    signal: 'logs',
    refused,
    readRecord: (log, { origin }) => {
      logs.push(readLog(log, origin));
      return undefined;
    },
  });
}

/** `SEVERITY_NUMBER_INFO2` is the second of four that mean information. */
const SEVERITIES = [
  'SEVERITY_NUMBER_UNSPECIFIED',
  ...['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'].flatMap((word) =>
    ['', '2', '3', '4'].map((step) => `SEVERITY_NUMBER_${word}${step}`),
  ),
];

function readLog(log: JsonObject, origin: Origin): LogSignal {
  const time = wholeNumberIn(log.timeUnixNano);
  const traceId = idIn(log.traceId);
  const spanId = idIn(log.spanId);
  const eventName = textIn(log.eventName);
  const attributes = attributesIn(log.attributes);
  return {
    origin,
    // A source that does not know when it happened leaves it to whoever saw it first.
    timeUnixNano: time === 0n ? wholeNumberIn(log.observedTimeUnixNano) : time,
    severityNumber: enumIn(log.severityNumber, SEVERITIES),
    severityText: textIn(log.severityText),
    body: valueIn(log.body),
    attributes: eventName === '' ? attributes : { ...attributes, 'event.name': eventName },
    traceId: traceId === '' ? null : traceId,
    spanId: spanId === '' ? null : spanId,
  };
}
