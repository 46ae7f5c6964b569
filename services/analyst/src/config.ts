import {
  type Config,
  integer,
  oneOf,
  port,
  postgresFields,
  rabbitmqFields,
  readConfig,
  secretFile,
  text,
  url,
} from '@tracepost/config';
import { ownPricesField } from '@tracepost/pricing/settings';
import { seriesFields } from './series/series-settings.ts';

export const analystFields = {
  ingestHost: text('TRACEPOST_INGEST_HOST', {
    about: 'where telemetry is taken; other than loopback only with the token',
    default: '127.0.0.1',
  }),
  ingestPort: port('TRACEPOST_INGEST_PORT', { about: 'its port', default: '4318' }),
  ingestToken: secretFile('TRACEPOST_INGEST_TOKEN_FILE', { about: 'the bearer token that the collector sends' }),
  influxUrl: url('TRACEPOST_INFLUXDB_URL', { about: 'where metrics and logs lie', default: 'http://127.0.0.1:8086' }),
  influxOrg: text('TRACEPOST_INFLUXDB_ORG', { about: 'its organisation', default: 'tracepost' }),
  influxToken: secretFile('TRACEPOST_INFLUXDB_TOKEN_FILE', {
    about: 'a token that may read and write the three buckets',
  }),
  metricsBucket: text('TRACEPOST_INFLUXDB_METRICS_BUCKET', { about: 'bucket of the metrics', default: 'metrics' }),
  rollUpsBucket: text('TRACEPOST_INFLUXDB_ROLLUPS_BUCKET', {
    about: 'bucket of whole hours of metrics and of their catalog',
    default: 'rollups',
  }),
  logsBucket: text('TRACEPOST_INFLUXDB_LOGS_BUCKET', { about: 'bucket of the logs', default: 'logs' }),
  ownPrices: ownPricesField,
  ...seriesFields,
  sessionQuietMinutes: integer('TRACEPOST_SESSION_QUIET_MINUTES', {
    about: 'minutes after its last event that a session is closed, and written to InfluxDB to be drawn',
    default: '30',
    min: 1,
    max: 10_080,
  }),
  ...rabbitmqFields(),
  ...postgresFields({ about: 'the database of the records, where the summaries of traces and the sessions lie too' }),
  healthPort: port('TRACEPOST_HEALTH_PORT', { about: 'health of this process, on loopback', default: '3401' }),
  logLevel: oneOf('TRACEPOST_LOG_LEVEL', ['debug', 'info', 'warn', 'error', 'silent'], {
    about: 'lines below it are not printed',
    default: 'info',
  }),
};

export type AnalystConfig = Config<typeof analystFields>;

/** Settings of the service in the full stack. Throws `ConfigError` with every fault. */
export function readAnalystConfig(env: NodeJS.ProcessEnv = process.env): AnalystConfig {
  return readConfig(env, analystFields);
}
