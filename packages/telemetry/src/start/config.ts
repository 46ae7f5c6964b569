import { hostname } from 'node:os';
import { type Config, integer, oneOf, readConfig, text, url } from '@tracepost/config';

export const startFields = {
  mode: oneOf('TRACEPOST_TELEMETRY', ['otlp', 'embedded', 'off'], {
    about: 'where telemetry goes: to a collector, to this process itself, or nowhere',
    default: 'embedded',
  }),
  endpoint: url('OTEL_EXPORTER_OTLP_ENDPOINT', {
    about: 'the collector, OTLP over gRPC; https:// for TLS',
    default: 'http://127.0.0.1:4317',
  }),
  serviceName: text('TRACEPOST_SERVICE_NAME', {
    about: 'service.name of this process; embedded, each service has its own',
    default: 'tracepost',
  }),
  instanceId: text('TRACEPOST_INSTANCE_ID', {
    about: 'service.instance.id; the same over restarts, or each start begins new metric series',
    default: hostname() || 'local',
  }),
  logLevel: oneOf('TRACEPOST_LOG_LEVEL', ['debug', 'info', 'warn', 'error', 'silent'], {
    about: 'lines below it are not printed',
    default: 'info',
  }),
  metricIntervalMs: integer('TRACEPOST_METRIC_INTERVAL_MS', {
    about: 'how often metrics are collected',
    default: '5000',
    min: 100,
    max: 3_600_000,
  }),
};

export type StartConfig = Config<typeof startFields>;

/** Throws `ConfigError` with every fault. */
export function readStartConfig(env: Readonly<Record<string, string | undefined>> = process.env): StartConfig {
  return readConfig(env, startFields);
}
