import { context, logs, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { LoggerProvider, type ReadableLogRecord } from '@opentelemetry/sdk-logs';
import { MeterProvider, PeriodicExportingMetricReader, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { Attributes, Loss, SignalSink } from '@tracepost/contracts';
import { createMetrics } from '../metrics.ts';
import { VERSION } from '../telemetry.ts';
import { BatchQueue } from './batch-queue.ts';
import type { StartConfig } from './config.ts';
import type { Destination } from './destination.ts';
import { createDropLedger } from './drop-ledger.ts';
import { createEmbeddedDestination } from './embedded/embedded-destination.ts';
import { createOriginOf } from './embedded/to-signals.ts';
import { queueLogs, queueMetrics } from './processors.ts';
import { createTracerProvider } from './tracing/tracer-provider.ts';

export interface StartedTelemetry {
  /** Embedded: where batches go from now on; what was made before has waited for it. */
  attach(sink: SignalSink): void;
  /** Collects metrics once more and hands on everything, at most `timeoutMs`; false when something is still waiting. */
  flush(timeoutMs?: number): Promise<boolean>;
  /** Flushes with a deadline; what could not leave is counted and said on standard error. Safe to call twice. */
  stop(): Promise<void>;
  /** What this process has lost so far. */
  losses(): readonly Loss[];
}

/** Not settings: these were chosen, and tests need them smaller. */
export interface Tuning {
  readonly itemsPerBatch: number;
  /** With the batches above, 16,000 spans and as many log records wait at most: some tens of megabytes. */
  readonly waitingBatches: number;
  /** At the default interval, five minutes of them. */
  readonly waitingMetricExports: number;
  readonly callTimeoutMs: number;
  readonly stopTimeoutMs: number;
}

const TUNING: Tuning = {
  itemsPerBatch: 1_024,
  waitingBatches: 16,
  waitingMetricExports: 60,
  callTimeoutMs: 10_000,
  stopTimeoutMs: 2_000,
};

export async function startTelemetry(config: StartConfig, tuned: Partial<Tuning> = {}): Promise<StartedTelemetry> {
  const tuning = { ...TUNING, ...tuned };
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  if (config.mode === 'off')
    return { attach: () => {}, flush: async () => true, stop: async () => {}, losses: () => [] };

  const resourceOf = (serviceName: string): Attributes => ({
    'service.name': serviceName,
    'service.namespace': 'tracepost',
    'service.instance.id': config.instanceId,
    'service.version': VERSION,
  });
  const embedded =
    config.mode === 'embedded' ? createEmbeddedDestination(createOriginOf(resourceOf), tuning.itemsPerBatch) : null;
  // Loaded only where it is needed: embedded, a start must not pay for gRPC and its serialisers.
  const destination: Destination =
    embedded ??
    (await import('./otlp/otlp-destination.ts')).createOtlpDestination({ ...config, ...tuning }, tuning.itemsPerBatch);

  const ledger = createDropLedger();
  const batching = { ledger, delayMs: embedded ? 200 : 1_000, waitingBatches: tuning.waitingBatches };
  const spans = new BatchQueue<ReadableSpan>({ ...batching, signal: 'spans', filling: destination.spans });
  const records = new BatchQueue<ReadableLogRecord>({ ...batching, signal: 'logs', filling: destination.logs });
  const points = new BatchQueue<ResourceMetrics>({
    ...batching,
    signal: 'metrics',
    waitingBatches: tuning.waitingMetricExports,
    filling: destination.metrics,
  });
  const queues = [spans, records, points];

  const resource = resourceFromAttributes(resourceOf(config.serviceName));
  trace.setGlobalTracerProvider(createTracerProvider(resource, (span) => spans.push(span)));
  logs.setGlobalLoggerProvider(new LoggerProvider({ resource, processors: [queueLogs(records)] }));
  const reader = new PeriodicExportingMetricReader({
    exporter: queueMetrics(points),
    exportIntervalMillis: config.metricIntervalMs,
    exportTimeoutMillis: config.metricIntervalMs,
  });
  const meterProvider = new MeterProvider({ resource, readers: [reader] });
  metrics.setGlobalMeterProvider(meterProvider);
  createMetrics(metrics.getMeter(config.serviceName, VERSION)).observe('tracepost.telemetry.dropped', () =>
    ledger.read().map(({ signal, reason, count }) => ({
      value: count,
      attributes: { 'tracepost.signal': signal, 'tracepost.reason': reason },
    })),
  );

  const flush = async (timeoutMs = tuning.stopTimeoutMs): Promise<boolean> => {
    await meterProvider.forceFlush({ timeoutMillis: timeoutMs }).catch(() => {});
    const results = await Promise.all(queues.map((queue) => queue.flush(timeoutMs)));
    return results.every((isEmpty) => isEmpty);
  };

  let stopping: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    await meterProvider.shutdown({ timeoutMillis: tuning.stopTimeoutMs }).catch(() => {});
    const before = sum(ledger.read());
    await Promise.all(queues.map((queue) => queue.close(tuning.stopTimeoutMs)));
    destination.close();
    const lost = sum(ledger.read()) - before;
    // Nobody is left to send it to; the count must stand somewhere.
    if (lost > 0) process.stderr.write(`telemetry: ${lost} items could not be handed on before the stop\n`);
  };

  return {
    attach: (sink) => {
      embedded?.attach(sink);
      for (const queue of queues) queue.retryNow();
    },
    flush,
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
    losses: () => ledger.read(),
  };
}

function sum(losses: readonly Loss[]): number {
  return losses.reduce((total, { count }) => total + count, 0);
}
