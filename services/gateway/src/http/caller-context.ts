import type { IncomingHttpHeaders } from 'node:http';
import { type Context, createTraceState, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { parseTraceparent } from '@tracepost/telemetry';

/** W3C asks to carry at least this much; a longer one is dropped whole, since half of it would be a lie. */
const MAX_TRACESTATE = 512;

/**
 * The caller's trace, continued: the callers of a loopback port are trusted. Anything that is not exactly one valid
 * `traceparent` begins a new trace (Node joins repeated headers with a comma, which no valid one has). A `tracestate` that
 * cannot be used is dropped without harm to the trace, as the specification wants it.
 * https://www.w3.org/TR/trace-context-2/#tracestate-header
 *
 * `baggage` is never taken over: it may hold anything, and nothing here needs it.
 */
export function readCallerContext(headers: IncomingHttpHeaders): Context {
  const { traceparent, tracestate } = headers;
  if (traceparent === undefined) return ROOT_CONTEXT;
  const caller = typeof traceparent === 'string' ? parseTraceparent(traceparent) : null;
  if (!caller) return ROOT_CONTEXT;
  const isUsable = typeof tracestate === 'string' && tracestate !== '' && tracestate.length <= MAX_TRACESTATE;
  return trace.setSpanContext(
    ROOT_CONTEXT,
    isUsable ? { ...caller, traceState: createTraceState(tracestate) } : caller,
  );
}
