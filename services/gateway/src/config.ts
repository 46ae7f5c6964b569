import {
  type Config,
  flag,
  integer,
  list,
  oneOf,
  port,
  postgresFields,
  rabbitmqFields,
  readConfig,
  secretFile,
  text,
  url,
} from '@tracepost/config';

/** What the gateway itself needs, in both ways of running. */
export const gatewayFields = {
  host: text('TRACEPOST_HOST', { about: 'address that the gateway listens on', default: '127.0.0.1' }),
  port: port('TRACEPOST_PORT', { about: 'port of the gateway', default: '3400' }),
  localOnly: flag('TRACEPOST_LOCAL_ONLY', {
    about:
      'whatever publishes the port does so on loopback only, so that another host than loopback may be listened on',
  }),
  allowedHosts: list('TRACEPOST_ALLOWED_HOSTS', {
    about: 'further names by which this machine may be called, in Host and Origin',
    default: '',
  }),
  maxConnections: integer('TRACEPOST_MAX_CONNECTIONS', {
    about: 'most connections at a time; further ones are closed at once',
    default: '2000',
    min: 1,
    max: 100_000,
  }),
  maxWaiting: integer('TRACEPOST_MAX_WAITING', {
    about:
      'most notifications that wait for the broker at a time, and as many requests that record, fewer while they come faster than they go; further ones are answered 503 at once',
    default: '1000',
    min: 1,
    max: 100_000,
  }),
  maxKeys: integer('TRACEPOST_MAX_IDEMPOTENCY_KEYS', {
    about:
      'most idempotency keys at a time, each kept for 24 hours (some 600 bytes of the database); past it requests with a new key are answered 503',
    default: '10000000',
    min: 1,
    max: 1_000_000_000,
  }),
} as const;

export interface GatewayConfig {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly localOnly: boolean;
  readonly allowedHosts: readonly string[];
  /** 2,000 when none is given. */
  readonly maxConnections?: number;
  /** Most notifications that wait for the broker at a time; 1,000 when none is given. */
  readonly maxWaiting?: number;
  /** How long records of ended tasks are kept, and dead letters: shown by status; the recorder does it. */
  readonly taskDays?: number;
  readonly deadLetterDays?: number;
  readonly eventDays?: number;
  readonly recordedMetricDays?: number;
  readonly sessionDays?: number;
  readonly traceDays?: number;
  readonly logsDays?: number;
  readonly metricsDays?: number;
  readonly metricHoursDays?: number;
  /** Folder whose size and free space are watched: embedded the data folder, in full the artifacts; null watches none. */
  readonly storageFolder?: string | null;
  /** MiB of that disk that transcripts leave free; 256 when none is given. */
  readonly diskReserveMib?: number;
}

/** The full stack: the addresses of everything that the gateway talks to; passwords are read from files. */
export const fullStackFields = {
  ...gatewayFields,
  logLevel: oneOf('TRACEPOST_LOG_LEVEL', ['debug', 'info', 'warn', 'error'], {
    about: 'lines below it are not written to the terminal',
    default: 'info',
  }),
  ...rabbitmqFields({ url: 'amqp://rabbitmq:5672' }),
  rabbitmqManagementUrl: url('TRACEPOST_RABBITMQ_MANAGEMENT_URL', {
    about: 'its management API, which tells the rates of queues',
    default: 'http://rabbitmq:15672',
  }),
  ...postgresFields({ about: 'the database of the records', host: 'postgres' }),
  influxdbUrl: url('TRACEPOST_INFLUXDB_URL', { about: 'address of InfluxDB', default: 'http://influxdb:8086' }),
  influxdbOrg: text('TRACEPOST_INFLUXDB_ORG', { about: 'organisation in InfluxDB', default: 'tracepost' }),
  influxdbMetricsBucket: text('TRACEPOST_INFLUXDB_METRICS_BUCKET', { about: 'bucket of metrics', default: 'metrics' }),
  influxdbRollUpsBucket: text('TRACEPOST_INFLUXDB_ROLLUPS_BUCKET', {
    about: 'bucket of whole hours of metrics and of their catalog',
    default: 'rollups',
  }),
  influxdbLogsBucket: text('TRACEPOST_INFLUXDB_LOGS_BUCKET', { about: 'bucket of logs', default: 'logs' }),
  influxdbToken: secretFile('TRACEPOST_INFLUXDB_TOKEN_FILE', { about: 'token that may read the three buckets' }),
  taskDays: integer('TRACEPOST_TASK_DAYS', {
    about: 'days that the recorder keeps records of ended tasks; shown by status',
    default: '90',
    min: 1,
    max: 3_650,
  }),
  deadLetterDays: integer('TRACEPOST_DEAD_LETTER_DAYS', {
    about: 'days that it keeps dead letters; shown by status',
    default: '30',
    min: 1,
    max: 3_650,
  }),
  eventDays: integer('TRACEPOST_EVENT_DAYS', {
    about: 'days that it keeps recorded events; shown by status',
    default: '7',
    min: 1,
    max: 3_650,
  }),
  recordedMetricDays: integer('TRACEPOST_RECORDED_METRIC_DAYS', {
    about: 'days that it keeps recorded metrics; shown by status',
    default: '90',
    min: 1,
    max: 3_650,
  }),
  sessionDays: integer('TRACEPOST_SESSION_DAYS', {
    about: 'days that it keeps sessions of agents; shown by status',
    default: '90',
    min: 1,
    max: 3_650,
  }),
  jaegerUrl: url('TRACEPOST_JAEGER_URL', { about: 'address of Jaeger', default: 'http://jaeger:16686' }),
  diskReserveMib: integer('TRACEPOST_DISK_RESERVE_MIB', {
    about: 'MiB that are kept free on the disk of the artifacts: with less, no transcript is taken',
    default: '256',
    min: 0,
    max: 1_048_576,
  }),
  artifactsFolder: text('TRACEPOST_ARTIFACTS_DIR', { about: 'folder of the artifacts, shared with the agents' }),
  outboxFolder: text('TRACEPOST_OUTBOX_DIR', {
    about: "folder of the gateway's own, where notifications wait while the broker cannot take them",
  }),
  outboxMessages: integer('TRACEPOST_OUTBOX_MESSAGES', {
    about: 'most messages that wait there; past it notifications are answered 503',
    default: '100000',
    min: 0,
    max: 10_000_000,
  }),
  outboxMib: integer('TRACEPOST_OUTBOX_MIB', {
    about: 'most MiB of messages that wait there; the file may take half as much again',
    default: '256',
    min: 0,
    max: 65_536,
  }),
} as const;

export type FullStackConfig = Config<typeof fullStackFields>;

export function readFullStackConfig(env: NodeJS.ProcessEnv = process.env): FullStackConfig {
  return readConfig(env, fullStackFields);
}
