import { type Origin, SPAN_KINDS, type SpanSignal } from '@tracepost/contracts';
import { MAX_EVENTS } from '../../limits.ts';
import type { Refusals } from '../../refusals.ts';
import { readEnvelope } from './envelope.ts';
import { enumIn, idIn, type JsonObject, listIn, objectIn, textIn, wholeNumberIn } from './fields.ts';
import { attributesIn } from './values.ts';

/** An `ExportTraceServiceRequest`, added to `spans`. See `readEnvelope`. */
export function* decodeJsonSpans(request: unknown, spans: SpanSignal[], refused: Refusals): Generator<void, void> {
  yield* readEnvelope(request, {
    signal: 'spans',
    refused,
    readRecord: (span, { origin }) => {
      spans.push(readSpan(span, origin));
      return undefined;
    },
  });
}

const KINDS = ['SPAN_KIND_UNSPECIFIED', ...SPAN_KINDS.map((kind) => `SPAN_KIND_${kind.toUpperCase()}`)];
const STATUS_CODES = ['unset', 'ok', 'error'] as const;
const STATUS_NAMES = STATUS_CODES.map((code) => `STATUS_CODE_${code.toUpperCase()}`);

function readSpan(span: JsonObject, origin: Origin): SpanSignal {
  const parentSpanId = idIn(span.parentSpanId);
  const status = objectIn(span.status);
  return {
    origin,
    traceId: idIn(span.traceId),
    spanId: idIn(span.spanId),
    parentSpanId: parentSpanId === '' ? null : parentSpanId,
    name: textIn(span.name),
    // 0 is "unspecified", which the specification reads as internal.
    kind: SPAN_KINDS[enumIn(span.kind, KINDS) - 1] ?? 'internal',
    startTimeUnixNano: wholeNumberIn(span.startTimeUnixNano),
    endTimeUnixNano: wholeNumberIn(span.endTimeUnixNano),
    status: { code: STATUS_CODES[enumIn(status.code, STATUS_NAMES)] ?? 'unset', message: textIn(status.message) },
    attributes: attributesIn(span.attributes),
    events: oneMoreThanAllowed(span.events).map(readEvent),
    links: oneMoreThanAllowed(span.links).map(readLink),
  };
}

/** The one too many lets the rules see that something is missing. */
function oneMoreThanAllowed(value: unknown): readonly JsonObject[] {
  return listIn(value)
    .slice(0, MAX_EVENTS + 1)
    .map(objectIn);
}

function readEvent(event: JsonObject): SpanSignal['events'][number] {
  return {
    timeUnixNano: wholeNumberIn(event.timeUnixNano),
    name: textIn(event.name),
    attributes: attributesIn(event.attributes),
  };
}

function readLink(link: JsonObject): SpanSignal['links'][number] {
  return { traceId: idIn(link.traceId), spanId: idIn(link.spanId), attributes: {} };
}
