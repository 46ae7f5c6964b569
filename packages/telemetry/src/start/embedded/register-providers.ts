import { context, logs, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { LoggerProvider } from '@opentelemetry/sdk-logs';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import type { RegisterProviders } from '../providers.ts';

/** What NodeSDK would register, without loading it: it brings every exporter there is, and a start should be quick. */
export const registerProviders: RegisterProviders = (pipelines) => {
  const { resource, sampler, spanProcessor, logRecordProcessor, metricReader } = pipelines;
  const meterProvider = new MeterProvider({ resource, readers: [metricReader] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new TracerProvider({ resource, sampler, spanProcessors: [spanProcessor] }));
  logs.setGlobalLoggerProvider(new LoggerProvider({ resource, processors: [logRecordProcessor] }));
  metrics.setGlobalMeterProvider(meterProvider);
  return () => meterProvider.shutdown();
};
