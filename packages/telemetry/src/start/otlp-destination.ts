import {
  ProtobufLogsSerializer,
  ProtobufMetricsSerializer,
  ProtobufTraceSerializer,
} from '@opentelemetry/otlp-transformer';
import type { SendOutcome } from './batch-queue.ts';
import type { Destination } from './destination.ts';
import { countPoints } from './processors.ts';

const COLLECTOR = '/opentelemetry.proto.collector';
const NOTHING_REFUSED: SendOutcome = { status: 'taken', refused: [] };

interface Request {
  readonly method: string;
  readonly bytes: Uint8Array | undefined;
  /** What is lost when the collector refuses all of it. */
  readonly count: number;
  readonly countRejected: (response: Uint8Array) => number | string | undefined;
}

/**
 * OTLP over gRPC to a collector, over the plain client instead of the SDK's exporters: those neither retry nor tell how
 * much of a batch the collector rejected. The client is loaded beside the start, since nothing needs it before the first batch.
 */
export function createOtlpDestination({ endpoint }: { readonly endpoint: string }): Destination {
  const client = import('./grpc-client.ts').then(({ createGrpcClient }) => createGrpcClient({ endpoint }));
  client.catch(() => {});

  const send = async ({ method, bytes, count, countRejected }: Request, abort: AbortSignal): Promise<SendOutcome> => {
    if (!bytes) return NOTHING_REFUSED;
    const result = await (await client).call(`${COLLECTOR}.${method}/Export`, bytes, abort);
    if (result.status === 'answered') return rejected(countRejected, result.response);
    if (result.isRetryable) return { status: 'later', reason: result.reason };
    return { status: 'taken', refused: [{ reason: result.reason, count }] };
  };

  return {
    sendSpans: (spans, abort) =>
      send(
        {
          method: 'trace.v1.TraceService',
          bytes: ProtobufTraceSerializer.serializeRequest([...spans]),
          count: spans.length,
          countRejected: (response) =>
            ProtobufTraceSerializer.deserializeResponse(response).partialSuccess?.rejectedSpans,
        },
        abort,
      ),
    sendLogs: (logs, abort) =>
      send(
        {
          method: 'logs.v1.LogsService',
          bytes: ProtobufLogsSerializer.serializeRequest([...logs]),
          count: logs.length,
          countRejected: (response) =>
            ProtobufLogsSerializer.deserializeResponse(response).partialSuccess?.rejectedLogRecords,
        },
        abort,
      ),
    sendMetrics: async ([metrics], abort) =>
      metrics
        ? send(
            {
              method: 'metrics.v1.MetricsService',
              bytes: ProtobufMetricsSerializer.serializeRequest(metrics),
              count: countPoints(metrics),
              countRejected: (response) =>
                ProtobufMetricsSerializer.deserializeResponse(response).partialSuccess?.rejectedDataPoints,
            },
            abort,
          )
        : NOTHING_REFUSED,
    close: () => {
      client.then((open) => open.close()).catch(() => {});
    },
  };
}

function rejected(countRejected: Request['countRejected'], response: Uint8Array): SendOutcome {
  const count = Number(countRejected(response) ?? 0);
  return count > 0 ? { status: 'taken', refused: [{ reason: 'collector_rejected', count }] } : NOTHING_REFUSED;
}
