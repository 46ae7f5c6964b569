import {
  type Context,
  context,
  isSpanContextValid,
  type Span,
  type SpanOptions,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { randomHex } from './trace-context.ts';

/**
 * A tracer whose spans always have ids of their own. Without an SDK (telemetry off) OpenTelemetry's own tracer gives zeros
 * or the parent's span again; a task would have no trace id, and an answer no `x-trace-id`.
 */
export function createIdentifiedTracer(tracer: Tracer): Tracer {
  const startSpan = (name: string, options: SpanOptions = {}, parent: Context = context.active()): Span => {
    // The SDK checks and copies attributes twice at the start, once for a sampler that may look at them (ours takes everything).
    const { attributes, ...others } = options;
    const span = tracer.startSpan(name, others, parent);
    if (span.isRecording()) return attributes ? span.setAttributes(attributes) : span;
    const above = options.root ? undefined : trace.getSpanContext(parent);
    const own = span.spanContext();
    if (isSpanContextValid(own) && own.spanId !== above?.spanId) return span;
    return trace.wrapSpanContext({
      traceId: above && isSpanContextValid(above) ? above.traceId : randomHex(16),
      spanId: randomHex(8),
      traceFlags: TraceFlags.NONE,
    });
  };
  return {
    startSpan,
    startActiveSpan: ((name: string, ...rest: unknown[]) => {
      const work = rest.pop() as (span: Span) => unknown;
      const [options, parent = context.active()] = rest as [SpanOptions?, Context?];
      const span = startSpan(name, options, parent);
      return context.with(trace.setSpan(parent, span), work, undefined, span);
    }) as Tracer['startActiveSpan'],
  };
}
