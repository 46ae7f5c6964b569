import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { Filling } from './filling.ts';

/** Where batches go, and in what form they are gathered for that: a collector, or a sink in this process. */
export interface Destination {
  readonly spans: Filling<ReadableSpan>;
  readonly logs: Filling<ReadableLogRecord>;
  /** One collection is one batch, whatever it holds. */
  readonly metrics: Filling<ResourceMetrics>;
  /** Whether the collector took what it was sent last; null before anything was. Embedded there is none. */
  readonly isReachable?: () => boolean | null;
  close(): void;
}
