import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import type { LogRecordProcessor, ReadableLogRecord } from '@opentelemetry/sdk-logs';
import { AggregationTemporality, type PushMetricExporter, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { BatchQueue } from './batch-queue.ts';

// Flushing and stopping are the queues' business: they have the deadlines. The SDK's own batching is left out, since it loses
// batches without a count.
const done = async (): Promise<void> => {};

export function queueSpans(queue: BatchQueue<ReadableSpan>): SpanProcessor {
  return { onStart: () => {}, onEnd: (span) => queue.push(span), forceFlush: done, shutdown: done };
}

export function queueLogs(push: (record: ReadableLogRecord) => void): LogRecordProcessor {
  return { onEmit: push, forceFlush: done, shutdown: done };
}

export function queueMetrics(queue: BatchQueue<ResourceMetrics>): PushMetricExporter {
  return {
    export: (metrics: ResourceMetrics, answer: (result: ExportResult) => void) => {
      queue.push(metrics);
      answer({ code: ExportResultCode.SUCCESS });
    },
    selectAggregationTemporality: () => AggregationTemporality.CUMULATIVE,
    forceFlush: done,
    shutdown: done,
  };
}

export function countPoints({ scopeMetrics }: ResourceMetrics): number {
  let points = 0;
  for (const { metrics } of scopeMetrics) for (const { dataPoints } of metrics) points += dataPoints.length;
  return points;
}
