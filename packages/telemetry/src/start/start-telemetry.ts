import { context, type HrTime, metrics } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import { PeriodicExportingMetricReader, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { AlwaysOnSampler, type ReadableSpan } from '@opentelemetry/sdk-trace';
import type { Attributes, Loss, SignalSink } from '@tracepost/contracts';
import { observeDependencies } from '../dependencies.ts';
import { createMetrics } from '../metrics.ts';
import { DISTRO, OUR_DISTRO } from '../names.ts';
import { VERSION } from '../telemetry.ts';
import { BatchQueue } from './batch-queue.ts';
import type { StartConfig } from './config.ts';
import type { Destination } from './destination.ts';
import { createEmbeddedDestination } from './embedded/embedded-destination.ts';
import { registerProviders } from './embedded/register-providers.ts';
import { createOriginOf } from './embedded/to-signals.ts';
import { createLogOrder } from './log-order.ts';
import { observeLedger } from './observe-ledger.ts';
import { countPoints, queueLogs, queueMetrics, queueSpans } from './processors.ts';
import type { RegisterProviders } from './providers.ts';
import { createSignalLedger, type SignalLedger } from './signal-ledger.ts';
import { createThreadReceiver } from './thread/receive-thread-signals.ts';
import { NO_CHANNEL, type OpenThreadChannel, openThreadChannel } from './thread/thread-channel.ts';

export interface StartedTelemetry {
  /** Embedded: where batches go from now on; what was made before has waited for it. */
  attach(sink: SignalSink): void;
  /** Collects metrics once more and hands on everything, at most `timeoutMs`; false when something is still waiting. */
  flush(timeoutMs?: number): Promise<boolean>;
  /** Flushes with a deadline; what could not leave is counted and said on standard error. Safe to call twice. */
  stop(): Promise<void>;
  /** What this process has lost so far. */
  losses(): readonly Loss[];
  /** One for each worker thread that makes telemetry (`@tracepost/telemetry/thread`); it leaves with this process's own. */
  readonly openThreadChannel: OpenThreadChannel;
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

/** Of one instrument; what is past it is counted together by the SDK, with `otel.metric.overflow`. */
const MOST_SERIES = 2_000;

export async function startTelemetry(config: StartConfig, tuned: Partial<Tuning> = {}): Promise<StartedTelemetry> {
  const tuning = { ...TUNING, ...tuned };
  if (config.mode === 'off') return startNothing();

  const resourceOf = (serviceName: string): Attributes => ({
    'service.name': serviceName,
    'service.namespace': 'tracepost',
    'service.instance.id': config.instanceId,
    'service.version': VERSION,
    // By this the ingest knows whose signals stand in the ledger of what was produced.
    [DISTRO]: OUR_DISTRO,
  });
  const ledger = createSignalLedger();
  const embedded =
    config.mode === 'embedded'
      ? createEmbeddedDestination(createOriginOf(resourceOf), tuning.itemsPerBatch, ledger)
      : null;
  const { destination, register } = embedded
    ? { destination: embedded, register: registerProviders }
    : await loadOtlp(config, tuning, ledger);
  const batching = { ledger, delayMs: embedded ? 200 : 1_000, waitingBatches: tuning.waitingBatches };
  const spans = new BatchQueue<ReadableSpan>({ ...batching, signal: 'spans', filling: destination.spans });
  const records = new BatchQueue<ReadableLogRecord>({ ...batching, signal: 'logs', filling: destination.logs });
  const points = new BatchQueue<ResourceMetrics>({
    ...batching,
    signal: 'metrics',
    waitingBatches: tuning.waitingMetricExports,
    filling: destination.metrics,
    sizeOf: countPoints,
  });
  const queues = [spans, records, points];
  const inOrder = createLogOrder();
  const pushLog = (record: ReadableLogRecord): void => {
    (record as { hrTime: HrTime }).hrTime = inOrder(record.hrTime);
    records.push(record);
  };

  const reader = new PeriodicExportingMetricReader({
    exporter: queueMetrics(points),
    exportIntervalMillis: config.metricIntervalMs,
    exportTimeoutMillis: config.metricIntervalMs,
    cardinalityLimits: { default: MOST_SERIES },
  });
  const resource = resourceFromAttributes(resourceOf(config.serviceName));
  const shutDown = register({
    resource,
    // Whatever a caller's flag says: what is kept is decided when the task ends.
    sampler: new AlwaysOnSampler(),
    spanProcessor: queueSpans(spans),
    logRecordProcessor: queueLogs(pushLog),
    metricReader: reader,
  });
  const own = createMetrics(metrics.getMeter(config.serviceName, VERSION));
  const { isReachable } = destination;
  // While it is away this waits with all the rest: the gap is told when it is over.
  if (isReachable) observeDependencies({ metrics: own }, { collector: isReachable });
  observeLedger(own, ledger, {
    spans: () => spans.waiting,
    logs: () => records.waiting,
    metrics: () => points.waiting,
  });

  const flush = async (timeoutMs = tuning.stopTimeoutMs): Promise<boolean> => {
    await reader.forceFlush({ timeoutMillis: timeoutMs }).catch(() => {});
    const results = await Promise.all(queues.map((queue) => queue.flush(timeoutMs)));
    return results.every((isEmpty) => isEmpty);
  };

  let stopping: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    const before = sum(ledger.read());
    const begunAt = performance.now();
    // First what is there, so that the last collection of metrics can say that nothing waits here any more.
    await Promise.all(queues.map((queue) => queue.flush(tuning.stopTimeoutMs / 2)));
    // Collects metrics a last time; their queue hands them on.
    await shutDown().catch(() => {});
    const leftMs = Math.max(tuning.stopTimeoutMs / 4, tuning.stopTimeoutMs - (performance.now() - begunAt));
    await Promise.all(queues.map((queue) => queue.close(leftMs)));
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
    openThreadChannel: () =>
      openThreadChannel(
        createThreadReceiver({
          resource,
          ledger,
          pushSpan: (span) => spans.push(span),
          pushLog,
        }),
        config.metricIntervalMs,
      ),
  };
}

function sum(losses: readonly Loss[]): number {
  return losses.reduce((total, { count }) => total + count, 0);
}

/** The context manager is there all the same: the trace id of a request has to reach whoever it calls. */
function startNothing(): StartedTelemetry {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  return {
    attach: () => {},
    flush: async () => true,
    stop: async () => {},
    losses: () => [],
    openThreadChannel: () => NO_CHANNEL,
  };
}

/** Loaded only where it is needed: embedded, a start must not pay for gRPC, its serialisers and NodeSDK. */
async function loadOtlp(
  config: StartConfig,
  tuning: Tuning,
  ledger: SignalLedger,
): Promise<{ destination: Destination; register: RegisterProviders }> {
  const [{ createOtlpDestination }, { registerNodeSdk }] = await Promise.all([
    import('./otlp/otlp-destination.ts'),
    import('./otlp/register-node-sdk.ts'),
  ]);
  return {
    destination: createOtlpDestination({ ...config, ...tuning, ledger }, tuning.itemsPerBatch),
    register: registerNodeSdk,
  };
}
