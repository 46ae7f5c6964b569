import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-grpc';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { LogLevel } from '@tracepost/contracts';
import { createTelemetry } from '../../telemetry.ts';
import type { Destination } from '../destination.ts';
import { createListFilling, type Filling, type SendOutcome } from '../filling.ts';
import { countPoints } from '../processors.ts';
import type { SignalLedger } from '../signal-ledger.ts';
import { type BatchExporter, exportBatch } from './export-batch.ts';
import { listenForRejections } from './rejected-by-collector.ts';

export interface OtlpDestinationOptions {
  /** `http://host:port`, or `https://` for TLS. */
  readonly endpoint: string;
  readonly callTimeoutMs: number;
  readonly serviceName: string;
  readonly logLevel: LogLevel | 'silent';
  readonly ledger: SignalLedger;
}

type Export<T> = (items: readonly T[], abort: AbortSignal) => Promise<SendOutcome>;

/** OTLP over gRPC to a collector, by OpenTelemetry's own exporters; what they lack (retry, counting) is in the queue before them. */
export function createOtlpDestination(options: OtlpDestinationOptions, itemsPerBatch: number): Destination {
  const { endpoint, callTimeoutMs, ledger } = options;
  const settings = { url: endpoint, timeoutMillis: callTimeoutMs };
  const traces = new OTLPTraceExporter(settings);
  const logs = new OTLPLogExporter(settings);
  const metrics = new OTLPMetricExporter(settings);
  const { note, isReachable } = createReachability(options);
  listenForRejections((signal, count) => ledger.count(signal, 'collector_rejected', count));

  return {
    spans: createListFilling(itemsPerBatch, sender<ReadableSpan>(traces, note)),
    logs: createListFilling(itemsPerBatch, sender<ReadableLogRecord>(logs, note)),
    metrics: createMetricFilling((collected, abort) => sendMetrics(metrics, note, collected, abort)),
    isReachable,
    close() {
      for (const exporter of [traces, logs, metrics]) exporter.shutdown().catch(() => {});
    },
  };
}

function sender<T>(exporter: BatchExporter<T[]>, note: (outcome: SendOutcome) => void): Export<T> {
  const send: Export<T> = async (items, abort) => {
    const outcome = await exportBatch(exporter, [...items], items.length, abort);
    if (outcome.status === 'too_large') return sendHalves(items, abort);
    note(outcome);
    return outcome;
  };
  /** When the second half has to come again, so does the first: receivers are idempotent, and losing is worse. */
  const sendHalves: Export<T> = async (items, abort) => {
    if (items.length < 2) return { status: 'taken', refused: [{ reason: 'too_large', count: items.length }] };
    const middle = items.length >>> 1;
    const first = await send(items.slice(0, middle), abort);
    if (first.status === 'later') return first;
    const second = await send(items.slice(middle), abort);
    if (second.status === 'later') return second;
    return { status: 'taken', refused: [...first.refused, ...second.refused] };
  };
  return send;
}

/** One collection is one request; what is counted are its points. */
function createMetricFilling(
  send: (collected: ResourceMetrics, abort: AbortSignal) => Promise<SendOutcome>,
): Filling<ResourceMetrics> {
  let held: ResourceMetrics | null = null;
  return {
    get count() {
      return held ? countPoints(held) : 0;
    },
    get isFull() {
      return held !== null;
    },
    add: (collected) => {
      held = collected;
      return null;
    },
    seal: () => {
      const sealed = held;
      held = null;
      return {
        count: sealed ? countPoints(sealed) : 0,
        send: async (abort) => (sealed ? send(sealed, abort) : { status: 'taken', refused: [] }),
      };
    },
  };
}

async function sendMetrics(
  exporter: BatchExporter<ResourceMetrics>,
  note: (outcome: SendOutcome) => void,
  collected: ResourceMetrics,
  abort: AbortSignal,
): Promise<SendOutcome> {
  const count = countPoints(collected);
  const outcome = await exportBatch(exporter, collected, count, abort);
  if (outcome.status === 'too_large') return { status: 'taken', refused: [{ reason: 'too_large', count }] };
  note(outcome);
  return outcome;
}

/** One line when the collector is lost and one when it is back, however often is tried in between. */
function createReachability({ serviceName, logLevel, endpoint }: OtlpDestinationOptions): {
  readonly note: (outcome: SendOutcome) => void;
  readonly isReachable: () => boolean | null;
} {
  const { logger } = createTelemetry({ serviceName, terminalLevel: logLevel });
  let isReachable: boolean | null = null;
  const note = (outcome: SendOutcome): void => {
    const isTaking = outcome.status === 'taken';
    const wasTaking = isReachable ?? true;
    isReachable = isTaking;
    if (isTaking === wasTaking) return;
    const fields = { action: 'service:collector:export', result: isTaking ? 'success' : 'error' } as const;
    if (isTaking) logger.info(fields, 'the collector takes telemetry again');
    else logger.warn({ ...fields, reason: outcome.reason }, describeLoss(outcome.reason, endpoint));
  };
  return { note, isReachable: () => isReachable };
}

/** Neither the exporters nor gRPC let an answer be held to less than 4 MiB; what a collector answers has some hundred bytes. */
function describeLoss(reason: string, endpoint: string): string {
  if (reason === 'answer_too_large')
    return `what listens at ${endpoint} answers with more than 4 MiB, which no collector does: see whether OTEL_EXPORTER_OTLP_ENDPOINT names the collector; telemetry waits here meanwhile, within its limits`;
  return 'the collector does not take telemetry; it waits here, within its limits';
}
