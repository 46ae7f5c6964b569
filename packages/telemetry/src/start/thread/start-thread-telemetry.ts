import type { MessagePort } from 'node:worker_threads';
import { context, logs, metrics, type SpanContext, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { LoggerProvider, type ReadableLogRecord } from '@opentelemetry/sdk-logs';
import { AlwaysOnSampler, type ReadableSpan, TracerProvider } from '@opentelemetry/sdk-trace';
import { createThreadMeterProvider } from './thread-meter.ts';
import { ThreadOutbox } from './thread-outbox.ts';
import type { ThreadLog, ThreadScope, ThreadSpan, ThreadSpanContext } from './thread-signals.ts';

/** What a thread needs to reach its process; from `openThreadChannel`, handed over as `workerData`. */
export interface ThreadChannelData {
  readonly port: MessagePort;
  readonly underWay: SharedArrayBuffer;
  /** How often observables are asked. */
  readonly collectIntervalMs: number;
}

export interface ThreadTelemetry {
  /** Hands over what is there, observables included. */
  flush(): Promise<void>;
}

const done = async (): Promise<void> => {};

/**
 * Makes OpenTelemetry's API work in a thread: spans and log records are OpenTelemetry's own, and go to the process as plain data, which
 * hands them on with its own. Without a channel (telemetry is off) only the context manager is there.
 */
export function startThreadTelemetry(data: ThreadChannelData | null): ThreadTelemetry {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  if (data === null) return { flush: done };
  const outbox = new ThreadOutbox(data.port, data.underWay);
  const meters = createThreadMeterProvider((measurement) => outbox.addMeasurement(measurement));
  trace.setGlobalTracerProvider(
    new TracerProvider({
      sampler: new AlwaysOnSampler(),
      spanProcessors: [
        { onStart: () => {}, onEnd: (span) => outbox.addSpan(plainSpan(span)), forceFlush: done, shutdown: done },
      ],
    }),
  );
  logs.setGlobalLoggerProvider(
    new LoggerProvider({
      processors: [{ onEmit: (record) => outbox.addLog(plainLog(record)), forceFlush: done, shutdown: done }],
    }),
  );
  metrics.setGlobalMeterProvider(meters);
  setInterval(() => void meters.collect(), data.collectIntervalMs).unref();
  process.on('exit', () => outbox.flush());
  return {
    async flush() {
      await meters.collect();
      outbox.flush();
    },
  };
}

function plainSpan(span: ReadableSpan): ThreadSpan {
  return {
    scope: plainScope(span.instrumentationScope),
    name: span.name,
    kind: span.kind,
    context: plainContext(span.spanContext()),
    parent: span.parentSpanContext ? plainContext(span.parentSpanContext) : null,
    startTime: span.startTime,
    endTime: span.endTime,
    duration: span.duration,
    status: span.status,
    attributes: span.attributes,
    links: span.links.map(({ context: linked, attributes = {} }) => ({ context: plainContext(linked), attributes })),
    events: span.events,
    dropped: {
      attributes: span.droppedAttributesCount,
      events: span.droppedEventsCount,
      links: span.droppedLinksCount,
    },
  };
}

function plainLog(record: ReadableLogRecord): ThreadLog {
  const { hrTime, hrTimeObserved, severityText, severityNumber, body, eventName, attributes } = record;
  return {
    scope: plainScope(record.instrumentationScope),
    context: record.spanContext ? plainContext(record.spanContext) : null,
    hrTime,
    hrTimeObserved,
    ...(severityText === undefined ? {} : { severityText }),
    ...(severityNumber === undefined ? {} : { severityNumber }),
    ...(body === undefined ? {} : { body }),
    ...(eventName === undefined ? {} : { eventName }),
    attributes,
    droppedAttributes: record.droppedAttributesCount,
  };
}

function plainScope({ name, version = '' }: { name: string; version?: string }): ThreadScope {
  return { name, version };
}

function plainContext({ traceId, spanId, traceFlags, isRemote, traceState }: SpanContext): ThreadSpanContext {
  return { traceId, spanId, traceFlags, isRemote: isRemote ?? false, traceState: traceState?.serialize() ?? null };
}
