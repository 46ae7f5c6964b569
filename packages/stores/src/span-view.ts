import type { SpanSignal, SpanView } from '@tracepost/contracts';
import { serviceOf } from './label.ts';
import { isoFromNanos } from './nanoseconds.ts';

/**
 * Spans of one answer; a longer trace is cut after its first ones, so that no trace can take the gateway's memory. Readers give one more at
 * most: it tells that there are more.
 */
export const MAX_SPANS_OF_TRACE = 10_000;

/** What every TraceReader answers with: the oldest spans first, those of one instant by id. */
export function toTrace(spans: readonly SpanSignal[]): SpanView[] {
  return [...spans]
    .sort(compareSpans)
    .slice(0, MAX_SPANS_OF_TRACE + 1)
    .map(toSpanView);
}

function toSpanView(span: SpanSignal): SpanView {
  return {
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    name: span.name,
    kind: span.kind,
    service: serviceOf(span.origin),
    startedAt: isoFromNanos(span.startTimeUnixNano),
    durationMs: durationMs(span),
    status: { code: span.status.code, message: span.status.message },
    attributes: { ...span.attributes },
    events: span.events.map(({ timeUnixNano, name, attributes }) => ({
      at: isoFromNanos(timeUnixNano),
      name,
      attributes: { ...attributes },
    })),
    links: span.links.map(({ traceId, spanId }) => ({ traceId, spanId })),
  };
}

/** The order of a trace: by start, those of one instant by id. */
export function compareSpans(a: SpanSignal, b: SpanSignal): number {
  if (a.startTimeUnixNano !== b.startTimeUnixNano) return a.startTimeUnixNano < b.startTimeUnixNano ? -1 : 1;
  return a.spanId < b.spanId ? -1 : 1;
}

/** Never negative: the two times may come from a clock that was set back. */
function durationMs({ startTimeUnixNano, endTimeUnixNano }: SpanSignal): number {
  return Math.max(0, Number(endTimeUnixNano - startTimeUnixNano)) / 1e6;
}
