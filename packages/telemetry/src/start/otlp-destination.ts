import {
  ProtobufLogsSerializer,
  ProtobufMetricsSerializer,
  ProtobufTraceSerializer,
} from '@opentelemetry/otlp-transformer';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { LogLevel } from '@tracepost/contracts';
import { createTelemetry } from '../telemetry.ts';
import type { SendOutcome } from './batch-queue.ts';
import type { Destination } from './destination.ts';
import type { CallResult, GrpcClientOptions } from './grpc-client.ts';
import { countPoints } from './processors.ts';

const COLLECTOR = '/opentelemetry.proto.collector';
/** A collector takes 4 MiB of gRPC by default. */
const MAX_REQUEST_BYTES = 3_500_000;
const NOTHING_REFUSED: SendOutcome = { status: 'taken', refused: [] };

export interface OtlpDestinationOptions extends GrpcClientOptions {
  readonly serviceName: string;
  readonly logLevel: LogLevel | 'silent';
}

/** How one signal travels. */
interface Wire<T> {
  readonly method: string;
  readonly serialize: (items: readonly T[]) => Uint8Array | undefined;
  readonly count: (items: readonly T[]) => number;
  /** From the answer of a collector that took the request, but not all of it. */
  readonly countRejected: (response: Uint8Array) => number | string | undefined;
}

/**
 * OTLP over gRPC to a collector, over the plain client instead of the SDK's exporters: those neither retry nor tell how
 * much of a batch the collector rejected. The client is loaded beside the start, since nothing needs it before the first batch.
 */
export function createOtlpDestination({ serviceName, logLevel, ...options }: OtlpDestinationOptions): Destination {
  const { logger } = createTelemetry({ serviceName, terminalLevel: logLevel });
  let isReachable = true;

  const client = import('./grpc-client.ts').then(({ createGrpcClient }) => createGrpcClient(options));
  client.catch(() => {});

  const send = async <T>(wire: Wire<T>, items: readonly T[], abort: AbortSignal): Promise<SendOutcome> => {
    const bytes = wire.serialize(items);
    if (!bytes) return NOTHING_REFUSED;
    if (bytes.length > MAX_REQUEST_BYTES) return sendHalves(wire, items, abort);
    const result = await (await client).call(`${COLLECTOR}.${wire.method}/Export`, bytes, abort);
    note(result);
    if (result.status === 'answered') return rejected(wire, result.response);
    if (result.isRetryable) return { status: 'later', reason: result.reason };
    return { status: 'taken', refused: [{ reason: result.reason, count: wire.count(items) }] };
  };

  /** When the second half has to come again, so does the first: receivers are idempotent, and losing is worse. */
  const sendHalves = async <T>(wire: Wire<T>, items: readonly T[], abort: AbortSignal): Promise<SendOutcome> => {
    if (items.length < 2) return { status: 'taken', refused: [{ reason: 'too_large', count: wire.count(items) }] };
    const middle = items.length >>> 1;
    const first = await send(wire, items.slice(0, middle), abort);
    if (first.status === 'later') return first;
    const second = await send(wire, items.slice(middle), abort);
    if (second.status === 'later') return second;
    return { status: 'taken', refused: [...first.refused, ...second.refused] };
  };

  /** One line when the collector is lost and one when it is back, however often is tried in between. */
  const note = (result: CallResult): void => {
    const isTaking = result.status === 'answered' || !result.isRetryable;
    if (isTaking === isReachable) return;
    isReachable = isTaking;
    const fields = { action: 'service:collector:export', result: isTaking ? 'success' : 'error' } as const;
    if (isTaking) logger.info(fields, 'the collector takes telemetry again');
    else
      logger.warn(
        { ...fields, reason: result.reason },
        'the collector does not take telemetry; it waits here, within its limits',
      );
  };

  return {
    sendSpans: (spans, abort) => send(SPANS, spans, abort),
    sendLogs: (logs, abort) => send(LOGS, logs, abort),
    sendMetrics: (metrics, abort) => send(METRICS, metrics, abort),
    close: () => {
      client.then((open) => open.close()).catch(() => {});
    },
  };
}

const SPANS: Wire<ReadableSpan> = {
  method: 'trace.v1.TraceService',
  serialize: (spans) => ProtobufTraceSerializer.serializeRequest([...spans]),
  count: (spans) => spans.length,
  countRejected: (response) => ProtobufTraceSerializer.deserializeResponse(response).partialSuccess?.rejectedSpans,
};

const LOGS: Wire<ReadableLogRecord> = {
  method: 'logs.v1.LogsService',
  serialize: (logs) => ProtobufLogsSerializer.serializeRequest([...logs]),
  count: (logs) => logs.length,
  countRejected: (response) => ProtobufLogsSerializer.deserializeResponse(response).partialSuccess?.rejectedLogRecords,
};

/** One at a time: an export is a request of its own. */
const METRICS: Wire<ResourceMetrics> = {
  method: 'metrics.v1.MetricsService',
  serialize: ([metrics]) => metrics && ProtobufMetricsSerializer.serializeRequest(metrics),
  count: (exports) => exports.reduce((points, metrics) => points + countPoints(metrics), 0),
  countRejected: (response) =>
    ProtobufMetricsSerializer.deserializeResponse(response).partialSuccess?.rejectedDataPoints,
};

function rejected<T>({ countRejected }: Wire<T>, response: Uint8Array): SendOutcome {
  const count = Number(countRejected(response) ?? 0);
  return count > 0 ? { status: 'taken', refused: [{ reason: 'collector_rejected', count }] } : NOTHING_REFUSED;
}
