import type { LogSignal, SignalBatch, SpanSignal } from '@tracepost/contracts';
import { checkMetric } from './check-metric.ts';
import { isTime, latestTime } from './check-time.ts';
import { cutString, cutValue, limitAttributes, valueFits } from './limit-values.ts';
import { MAX_BODY_BYTES, MAX_EVENTS, MAX_NAME_BYTES, TRUNCATED } from './limits.ts';
import type { Refusals } from './refusals.ts';

const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/;
const SPAN_ID = /^(?!0{16})[0-9a-f]{16}$/;

/**
 * The rules that every signal meets before it is stored, over the network or from this very process: what is wrong is refused by
 * reason, what is too large is cut and says so.
 */
export function checkSignals(batch: SignalBatch, nowMs: number, refused: Refusals): SignalBatch {
  const latest = latestTime(nowMs);
  return {
    spans: keep(
      batch.spans,
      (span) => checkSpan(span, latest),
      (reason) => refused.add('spans', reason),
    ),
    logs: keep(
      batch.logs,
      (log) => checkLog(log, latest),
      (reason) => refused.add('logs', reason),
    ),
    metrics: keep(
      batch.metrics,
      (metric) => (isTime(metric.timeUnixNano, latest) ? checkMetric(metric) : 'invalid_time'),
      (reason) => refused.add('metrics', reason),
    ),
  };
}

/** Every check gives the signal (the same object when nothing was changed) or the reason why it is refused. */
function keep<T>(signals: readonly T[], check: (signal: T) => T | string, refuse: (reason: string) => void): T[] {
  const kept: T[] = [];
  for (const signal of signals) {
    const checked = check(signal);
    if (typeof checked === 'string') refuse(checked);
    else kept.push(checked);
  }
  return kept;
}

function checkSpan(span: SpanSignal, latest: bigint): SpanSignal | string {
  if (!TRACE_ID.test(span.traceId)) return 'invalid_trace_id';
  if (!SPAN_ID.test(span.spanId)) return 'invalid_span_id';
  if (span.parentSpanId !== null && !SPAN_ID.test(span.parentSpanId)) return 'invalid_parent_span_id';
  if (!isTime(span.startTimeUnixNano, latest) || !isTime(span.endTimeUnixNano, latest)) return 'invalid_time';
  if (span.endTimeUnixNano < span.startTimeUnixNano) return 'ends_before_start';

  const name = cutString(span.name, MAX_NAME_BYTES);
  const message = cutString(span.status.message, MAX_NAME_BYTES);
  const { links, isCut: areLinksCut } = checkLinks(span.links);
  const isTextCut = name !== span.name || message !== span.status.message;
  const isCut = isTextCut || span.events.length > MAX_EVENTS || areLinksCut;
  const events = checkEvents(span.events);
  const attributes = limitAttributes(isCut ? { ...span.attributes, [TRUNCATED]: true } : span.attributes);
  const isSame =
    name === span.name &&
    message === span.status.message &&
    attributes === span.attributes &&
    events === span.events &&
    links === span.links;
  return isSame ? span : { ...span, name, status: { code: span.status.code, message }, attributes, events, links };
}

/** Most spans have none. */
function checkEvents(events: SpanSignal['events']): SpanSignal['events'] {
  if (events.length === 0) return events;
  return events.slice(0, MAX_EVENTS).map((event) => {
    const name = cutString(event.name, MAX_NAME_BYTES);
    const attributes = name === event.name ? event.attributes : { ...event.attributes, [TRUNCATED]: true };
    return { timeUnixNano: event.timeUnixNano, name, attributes: limitAttributes(attributes) };
  });
}

/** Attributes of links are left out everywhere: neither the collector nor Jaeger can be trusted to clean or keep them. */
function checkLinks(links: SpanSignal['links']): { readonly links: SpanSignal['links']; readonly isCut: boolean } {
  if (links.length === 0) return { links, isCut: false };
  const sound = links.filter(({ traceId, spanId }) => TRACE_ID.test(traceId) && SPAN_ID.test(spanId));
  return {
    links: sound.slice(0, MAX_EVENTS).map(({ traceId, spanId }) => ({ traceId, spanId, attributes: {} })),
    isCut: sound.length > MAX_EVENTS,
  };
}

function checkLog(log: LogSignal, latest: bigint): LogSignal | string {
  if (!isTime(log.timeUnixNano, latest)) return 'invalid_time';
  if (log.traceId !== null && !TRACE_ID.test(log.traceId)) return 'invalid_trace_id';
  if (log.spanId !== null && !SPAN_ID.test(log.spanId)) return 'invalid_span_id';
  const bodyFits = valueFits(log.body, MAX_BODY_BYTES);
  return {
    ...log,
    severityNumber: severityOf(log),
    // As the collector does: free text here would be a way around the redaction.
    severityText: /^[A-Za-z0-9]{0,10}$/.test(log.severityText) ? log.severityText : '',
    body: bodyFits ? log.body : cutValue(log.body, MAX_BODY_BYTES),
    attributes: limitAttributes(bodyFits ? log.attributes : { ...log.attributes, [TRUNCATED]: true }),
  };
}

/** 0 means that the source did not say: then the text decides, else it is information. */
function severityOf({ severityNumber, severityText }: LogSignal): number {
  if (severityNumber >= 1 && severityNumber <= 24) return severityNumber;
  return SEVERITIES[severityText.slice(0, 4).toLowerCase()] ?? 9;
}

const SEVERITIES: Readonly<Record<string, number>> = {
  trac: 1,
  debu: 5,
  info: 9,
  warn: 13,
  erro: 17,
  crit: 21,
  fata: 21,
};
