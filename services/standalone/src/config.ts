import { resolve } from 'node:path';
import { agentFields } from '@tracepost/agents';
import { samplingFields, seriesFields } from '@tracepost/analyst';
import { type Config, type Field, flag, integer, oneOf, port, readConfig, text } from '@tracepost/config';
import { gatewayFields } from '@tracepost/gateway';
import { retentionFields } from '@tracepost/recorder';

const dataFolder: Field<string> = {
  ...text('TRACEPOST_DATA_DIR', { about: 'where everything is kept', default: '.tracepost' }),
  parse: (path) => (path === '' ? undefined : resolve(path)),
};

/** Of one way in for telemetry of other programs; null keeps it shut. */
function doorPort(variable: string, about: string, fallback: string): Field<number | null> {
  const open = port(variable, { about, default: fallback });
  return {
    ...open,
    expects: `${open.expects}, or off`,
    parse: (word) => (word === 'off' ? null : open.parse(word)),
  };
}

export const standaloneFields = {
  ...agentFields,
  ...gatewayFields,
  ...retentionFields,
  ...samplingFields,
  ...seriesFields,
  dataFolder,
  otlpGrpcPort: doorPort('TRACEPOST_OTLP_GRPC_PORT', 'port of OTLP over gRPC, on loopback', '4317'),
  otlpHttpPort: doorPort('TRACEPOST_OTLP_HTTP_PORT', 'port of OTLP over HTTP, on loopback', '4318'),
  metricsDays: integer('TRACEPOST_METRICS_RETENTION_DAYS', {
    about: 'days that points of metrics are kept; older ones are refused',
    default: '31',
    min: 2,
    max: 3_650,
  }),
  metricHoursDays: integer('TRACEPOST_METRIC_HOURS_RETENTION_DAYS', {
    about: 'days that whole hours of metrics are kept',
    default: '400',
    min: 2,
    max: 3_650,
  }),
  logsDays: integer('TRACEPOST_LOGS_RETENTION_DAYS', {
    about: 'days that log lines are kept',
    default: '14',
    min: 1,
    max: 3_650,
  }),
  diskReserveMib: integer('TRACEPOST_DISK_RESERVE_MIB', {
    about: 'MiB that are kept free on the disk for tasks: with less, telemetry waits with whoever sends it',
    default: '256',
    min: 0,
    max: 1_048_576,
  }),
  rescueDamaged: flag('TRACEPOST_RESCUE_DAMAGED', {
    about:
      'for one start: all of records.db, queue.db and sessions.db is looked at, a damaged one is set aside, and every row that can be read stands in a new one; otherwise it is refused',
  }),
  logLevel: oneOf('TRACEPOST_LOG_LEVEL', ['debug', 'info', 'warn', 'error', 'silent'], {
    about: 'lines below it are not printed; all are kept',
    default: 'error',
  }),
};
export type StandaloneConfig = Config<typeof standaloneFields>;

/** Settings of the one process. Throws `ConfigError` with every fault. */
export function readStandaloneConfig(env: NodeJS.ProcessEnv = process.env): StandaloneConfig {
  return readConfig(env, standaloneFields);
}
