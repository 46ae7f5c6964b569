import type { Resource } from '@opentelemetry/resources';
import type { LogRecordProcessor } from '@opentelemetry/sdk-logs';
import type { MetricReader } from '@opentelemetry/sdk-metrics';
import type { Sampler, SpanProcessor } from '@opentelemetry/sdk-trace';

/** What the SDK is given, in either way of running. */
export interface Pipelines {
  readonly resource: Resource;
  readonly sampler: Sampler;
  readonly spanProcessor: SpanProcessor;
  readonly logRecordProcessor: LogRecordProcessor;
  readonly metricReader: MetricReader;
}

/** Registers the SDK behind OpenTelemetry's API; the returned function shuts it down. */
export type RegisterProviders = (pipelines: Pipelines) => () => Promise<void>;
