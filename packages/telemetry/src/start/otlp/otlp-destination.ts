import {
  ProtobufLogsSerializer,
  ProtobufMetricsSerializer,
  ProtobufTraceSerializer,
} from '@opentelemetry/otlp-transformer';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { Destination } from '../destination.ts';
import type { Filling } from '../filling.ts';
import { countPoints } from '../processors.ts';
import { type Collector, type CollectorOptions, createCollector, type Method } from './collector.ts';
import { RequestEncoder } from './request-encoder.ts';
import { writeLogRecord } from './write-log-record.ts';
import { writeSpan } from './write-span.ts';

/** A collector takes 4 MiB of gRPC by default. */
const MAX_REQUEST_BYTES = 3_500_000;

/** OTLP over gRPC to a collector. */
export function createOtlpDestination(options: CollectorOptions, itemsPerBatch: number): Destination {
  const collector = createCollector(options);
  return {
    spans: createEncodedFilling(collector, TRACES, new RequestEncoder<ReadableSpan>(writeSpan), itemsPerBatch),
    logs: createEncodedFilling(collector, LOGS, new RequestEncoder<ReadableLogRecord>(writeLogRecord), itemsPerBatch),
    metrics: createMetricFilling(collector),
    close: () => collector.close(),
  };
}

const TRACES: Method = {
  name: 'trace.v1.TraceService',
  countRejected: (response) => ProtobufTraceSerializer.deserializeResponse(response).partialSuccess?.rejectedSpans,
};
const LOGS: Method = {
  name: 'logs.v1.LogsService',
  countRejected: (response) => ProtobufLogsSerializer.deserializeResponse(response).partialSuccess?.rejectedLogRecords,
};
const METRICS: Method = {
  name: 'metrics.v1.MetricsService',
  countRejected: (response) =>
    ProtobufMetricsSerializer.deserializeResponse(response).partialSuccess?.rejectedDataPoints,
};

/** A batch is full when it has enough items, or as many bytes as a collector takes. */
function createEncodedFilling<T extends ReadableSpan | ReadableLogRecord>(
  collector: Collector,
  method: Method,
  encoder: RequestEncoder<T>,
  maxItems: number,
): Filling<T> {
  let count = 0;
  return {
    get count() {
      return count;
    },
    get isFull() {
      return count >= maxItems || encoder.byteLength > MAX_REQUEST_BYTES / 2;
    },
    add: (item) => {
      if (encoder.add(item, MAX_REQUEST_BYTES / 2) > MAX_REQUEST_BYTES / 2) return 'too_large';
      count += 1;
      return null;
    },
    seal: () => {
      const sealed = count;
      const request = encoder.take();
      count = 0;
      return { count: sealed, send: (abort) => collector.send(method, request, sealed, abort) };
    },
  };
}

/** Metrics come once in seconds: the SDK's own serialiser is fast enough. */
function createMetricFilling(collector: Collector): Filling<ResourceMetrics> {
  let collected: ResourceMetrics | null = null;
  const count = () => (collected ? countPoints(collected) : 0);
  return {
    get count() {
      return count();
    },
    get isFull() {
      return collected !== null;
    },
    add: (metrics) => {
      collected = metrics;
      return null;
    },
    seal: () => {
      const sealed = count();
      const request = collected && ProtobufMetricsSerializer.serializeRequest(collected);
      collected = null;
      return {
        count: sealed,
        send: async (abort) =>
          request ? collector.send(METRICS, request, sealed, abort) : { status: 'taken', refused: [] },
      };
    },
  };
}
