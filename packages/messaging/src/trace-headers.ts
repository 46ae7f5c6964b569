import { type Context, createTraceState, type SpanContext, trace } from '@opentelemetry/api';
import { formatTraceparent, parseTraceparent } from '@tracepost/telemetry';
import type { HeaderValue } from './broker.ts';

/** A header longer than this is as good as none: nobody's trace context is that long. */
const MAX_HEADER_BYTES = 8 * 1024;

/**
 * Reads one header as text, however a foreign client wrote it: any case of the name, a Buffer, the first of an array,
 * blanks around it. Undefined for anything else; never throws.
 */
export function readTextHeader(headers: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const exact = asText(headers[name]);
  if (exact !== undefined) return exact;
  for (const key of Object.keys(headers)) {
    if (key.length === name.length && key.toLowerCase() === name) return asText(headers[key]);
  }
  return undefined;
}

/**
 * The span that published the message, or null. `traceparent` first; then MassTransit's `MT-Activity-Id`, when it has the
 * same form. https://masstransit.io/documentation/configuration/observability
 */
export function readTraceContext(headers: Readonly<Record<string, unknown>>): SpanContext | null {
  const parent =
    parseTraceparent(readTextHeader(headers, 'traceparent')) ??
    parseTraceparent(readTextHeader(headers, 'mt-activity-id'));
  if (!parent) return null;
  const state = readTextHeader(headers, 'tracestate');
  return state ? { ...parent, traceState: createTraceState(state) } : parent;
}

/** Trace headers of the active span, lower-case text only. Baggage is never sent on: it may hold anything. */
export function writeTraceContext(active: Context): Record<string, HeaderValue> {
  const span = trace.getSpanContext(active);
  return span ? writeSpanContext(span) : {};
}

export function writeSpanContext(span: SpanContext): Record<string, HeaderValue> {
  const state = span.traceState?.serialize();
  return state ? { traceparent: formatTraceparent(span), tracestate: state } : { traceparent: formatTraceparent(span) };
}

function asText(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.length === 0 ? undefined : asText(value[0]);
  if (Buffer.isBuffer(value)) return value.length > MAX_HEADER_BYTES ? undefined : value.toString('utf8').trim();
  if (typeof value !== 'string' || value.length > MAX_HEADER_BYTES) return undefined;
  return value.trim();
}
