import {
  type Context,
  context,
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  TraceFlags,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { randomHex } from '../../trace-context.ts';
import { RecordedSpan, type SpanOwner } from './recorded-span.ts';
import { createSpanClock } from './span-clock.ts';

/**
 * Tracers whose spans go to `onEnd`. The SDK's take five times as long for a span, most of it for limits, samplers and processors that are
 * not used here. Everything is recorded and marked as sampled, whatever a caller's flag says: sampling is decided when the task ends.
 */
export function createTracerProvider(resource: Resource, onEnd: (span: ReadableSpan) => void): TracerProvider {
  const tracers = new Map<string, Tracer>();
  const now = createSpanClock();
  return {
    getTracer: (name, version) => {
      const key = `${name}@${version ?? ''}`;
      const known = tracers.get(key);
      if (known) return known;
      const scope = version === undefined ? { name } : { name, version };
      const tracer = createTracer({ resource, scope, now, onEnd });
      tracers.set(key, tracer);
      return tracer;
    },
  };
}

function createTracer(owner: SpanOwner): Tracer {
  const startSpan = (name: string, options: SpanOptions = {}, given: Context = context.active()): Span => {
    if (isTracingSuppressed(given)) return trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
    const parent = options.root ? undefined : validParent(given);
    const span = new RecordedSpan(
      owner,
      name,
      options.kind ?? SpanKind.INTERNAL,
      childContext(parent),
      parent,
      options.startTime,
    );
    if (options.attributes) span.setAttributes(options.attributes);
    if (options.links) span.addLinks(options.links);
    return span;
  };
  return { startSpan, startActiveSpan: activeWith(startSpan) };
}

function validParent(given: Context): SpanContext | undefined {
  const parent = trace.getSpanContext(given);
  return parent && isSpanContextValid(parent) ? parent : undefined;
}

function childContext(parent: SpanContext | undefined): SpanContext {
  return {
    traceId: parent?.traceId ?? randomHex(16),
    spanId: randomHex(8),
    traceFlags: TraceFlags.SAMPLED,
    ...(parent?.traceState ? { traceState: parent.traceState } : {}),
  };
}

/** `startActiveSpan(name, [options, [context]], work)` */
function activeWith(startSpan: Tracer['startSpan']): Tracer['startActiveSpan'] {
  return ((name: string, ...rest: unknown[]) => {
    const work = rest.pop() as (span: Span) => unknown;
    const [options, given = context.active()] = rest as [SpanOptions?, Context?];
    const span = startSpan(name, options, given);
    return context.with(trace.setSpan(given, span), work, undefined, span);
  }) as Tracer['startActiveSpan'];
}
