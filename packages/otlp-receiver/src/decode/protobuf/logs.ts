import type { AttributeValue, LogSignal, Origin } from '@tracepost/contracts';
import { MAX_RECORD_BYTES } from '../../limits.ts';
import type { Refusals } from '../../refusals.ts';
import { AttributeCollector } from '../attribute-collector.ts';
import { readAnyValue, readAttribute } from './attributes.ts';
import { type Place, readEnvelope } from './envelope.ts';
import {
  assertEnd,
  bits,
  FIXED64,
  LENGTH,
  readId,
  readString,
  readTime,
  skipUnknown,
  tag,
  VARINT,
  type Wire,
} from './wire.ts';

/** An `ExportLogsServiceRequest`, added to `logs`. Throws when the frame is broken; see `readEnvelope`. */
export function* decodeLogs(
  bytes: Uint8Array,
  logs: LogSignal[],
  refused: Refusals,
  place: Place,
): Generator<void, void> {
  yield* readEnvelope(bytes, {
    signal: 'logs',
    refused,
    place,
    maxRecordBytes: MAX_RECORD_BYTES,
    readRecord: ({ wire, end, origin }) => {
      logs.push(readLog(wire, end, origin));
      return undefined;
    },
  });
}

const TIME = tag(1, FIXED64);
const SEVERITY_NUMBER = tag(2, VARINT);
const SEVERITY_TEXT = tag(3, LENGTH);
const BODY = tag(5, LENGTH);
const ATTRIBUTES = tag(6, LENGTH);
const TRACE_ID = tag(9, LENGTH);
const SPAN_ID = tag(10, LENGTH);
const OBSERVED_TIME = tag(11, FIXED64);
const EVENT_NAME = tag(12, LENGTH);
const LOG_FIELDS = bits(1, 2, 3, 5, 6, 9, 10, 11, 12);
/** How many attributes were left out, and flags. */
const LOG_UNUSED = bits(7, 8);

function readLog(wire: Wire, end: number, origin: Origin): LogSignal {
  const { reader } = wire;
  let time = 0n;
  let observedTime = 0n;
  let severityNumber = 0;
  let severityText = '';
  let body: AttributeValue = null;
  let traceId = '';
  let spanId = '';
  let eventName = '';
  const attributes = new AttributeCollector();
  while (reader.pos < end) {
    const seen = reader.uint32();
    switch (seen) {
      case TIME:
        time = readTime(wire);
        break;
      case SEVERITY_NUMBER:
        severityNumber = reader.uint32();
        break;
      case SEVERITY_TEXT:
        severityText = readString(wire);
        break;
      case BODY:
        body = readAnyValue(wire, end);
        break;
      case ATTRIBUTES:
        readAttribute(wire, end, attributes);
        break;
      case TRACE_ID:
        traceId = readId(wire);
        break;
      case SPAN_ID:
        spanId = readId(wire);
        break;
      case OBSERVED_TIME:
        observedTime = readTime(wire);
        break;
      case EVENT_NAME:
        eventName = readString(wire);
        break;
      default:
        skipUnknown(wire, seen, LOG_FIELDS, LOG_UNUSED);
    }
  }
  assertEnd(wire, end);
  if (eventName !== '') attributes.set('event.name', eventName);
  return {
    origin,
    // A source that does not know when it happened leaves it to whoever saw it first.
    timeUnixNano: time === 0n ? observedTime : time,
    severityNumber,
    severityText,
    body,
    attributes: attributes.values,
    traceId: traceId === '' ? null : traceId,
    spanId: spanId === '' ? null : spanId,
  };
}
