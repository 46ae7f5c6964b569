import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { SendOutcome } from './batch-queue.ts';

type Send<T> = (items: readonly T[], signal: AbortSignal) => Promise<SendOutcome>;

/** Where full batches go: a collector, or a sink in this process. */
export interface Destination {
  readonly sendSpans: Send<ReadableSpan>;
  readonly sendLogs: Send<ReadableLogRecord>;
  readonly sendMetrics: Send<ResourceMetrics>;
  close(): void;
}
