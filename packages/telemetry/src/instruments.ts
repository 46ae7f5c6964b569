/** Buckets of the HTTP and messaging conventions, seconds. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] as const;
/** Tasks and tools may take minutes. */
const LONG_SECONDS = [...SECONDS, 30, 60, 120, 300] as const;
const BYTES = [0, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 26_214_400] as const;
/** Of OpenTelemetry's conventions for GenAI: durations and tokens of model calls. */
const MODEL_SECONDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92] as const;
const TOKENS = [1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216] as const;
const USD = [0, 0.00001, 0.0001, 0.001, 0.01, 0.1, 1, 10] as const;

interface InstrumentSpec {
  readonly type: 'counter' | 'upDownCounter' | 'histogram' | 'gauge' | 'observableGauge' | 'observableCounter';
  readonly unit: string;
  readonly description: string;
  readonly buckets?: readonly number[];
  /** The only attribute keys allowed. Never ids of tasks, traces, users or workers. */
  readonly attributes: readonly string[];
}

/** The one registry: a metric exists when it stands here. */
export const INSTRUMENTS = {
  'http.server.request.duration': {
    type: 'histogram',
    unit: 's',
    description: 'Duration of HTTP server requests',
    buckets: SECONDS,
    attributes: ['http.request.method', 'http.route', 'http.response.status_code', 'error.type', 'url.scheme'],
  },
  'http.server.request.body.size': {
    type: 'histogram',
    unit: 'By',
    description: 'Size of HTTP request bodies',
    buckets: BYTES,
    attributes: ['http.request.method', 'http.route', 'http.response.status_code', 'url.scheme'],
  },
  'http.server.response.body.size': {
    type: 'histogram',
    unit: 'By',
    description: 'Size of HTTP response bodies',
    buckets: BYTES,
    attributes: ['http.request.method', 'http.route', 'http.response.status_code', 'url.scheme'],
  },
  'http.server.active_requests': {
    type: 'upDownCounter',
    unit: '{request}',
    description: 'HTTP requests under way',
    attributes: ['http.request.method', 'url.scheme'],
  },
  'http.client.request.duration': {
    type: 'histogram',
    unit: 's',
    description: 'Duration of HTTP requests that tools made; past 50 hosts, server.address is _OTHER',
    buckets: SECONDS,
    attributes: ['http.request.method', 'server.address', 'server.port', 'http.response.status_code', 'error.type'],
  },
  'messaging.client.published.messages': {
    type: 'counter',
    unit: '{message}',
    description: 'Messages handed to the broker',
    attributes: ['messaging.system', 'messaging.destination.name', 'messaging.operation.name', 'error.type'],
  },
  'messaging.client.consumed.messages': {
    type: 'counter',
    unit: '{message}',
    description: 'Messages delivered to a consumer',
    attributes: ['messaging.system', 'messaging.destination.name', 'messaging.operation.name', 'error.type'],
  },
  'messaging.client.operation.duration': {
    type: 'histogram',
    unit: 's',
    description: 'Time until the broker confirmed',
    buckets: SECONDS,
    attributes: ['messaging.system', 'messaging.destination.name', 'messaging.operation.name', 'error.type'],
  },
  'messaging.process.duration': {
    type: 'histogram',
    unit: 's',
    description: 'Time a consumer worked on a message',
    buckets: LONG_SECONDS,
    attributes: ['messaging.system', 'messaging.destination.name', 'messaging.operation.name', 'error.type'],
  },
  'tracepost.queue.depth': {
    type: 'observableGauge',
    unit: '{message}',
    description:
      'Messages of a queue by state: ready, unacknowledged, delayed (put aside for a retry), dead (dead letters)',
    attributes: ['tracepost.queue', 'tracepost.queue.state'],
  },
  'tracepost.queue.wait.duration': {
    type: 'histogram',
    unit: 's',
    description: 'Time between publish and the start of work',
    buckets: LONG_SECONDS,
    attributes: ['tracepost.queue', 'tracepost.agent.id'],
  },
  'tracepost.agent.notifications': {
    type: 'counter',
    unit: '{notification}',
    description: 'Notifications that a worker took',
    attributes: ['tracepost.agent.id', 'tracepost.notification.type', 'tracepost.outcome'],
  },
  'tracepost.agent.processing.duration': {
    type: 'histogram',
    unit: 's',
    description: 'Run time of an attempt',
    buckets: LONG_SECONDS,
    attributes: ['tracepost.agent.id', 'tracepost.notification.type', 'tracepost.outcome'],
  },
  'tracepost.agent.capacity.utilization': {
    type: 'observableGauge',
    unit: '1',
    description: 'Share of the capacity of a worker in use',
    attributes: ['tracepost.agent.id'],
  },
  'tracepost.agent.thread.ends': {
    type: 'counter',
    unit: '{thread}',
    description: 'Threads of an agent that died, by reason',
    attributes: ['tracepost.agent.id', 'tracepost.reason'],
  },
  'tracepost.agent.thread.stalls': {
    type: 'counter',
    unit: '{stall}',
    description: 'Times that a handler kept the event loop of its agent from turning',
    attributes: ['tracepost.agent.id'],
  },
  'tracepost.task.executions': {
    type: 'counter',
    unit: '{task}',
    description: 'Tasks that ended',
    attributes: ['tracepost.agent.id', 'tracepost.task.status', 'tracepost.tenant.id'],
  },
  'tracepost.task.duration': {
    type: 'histogram',
    unit: 's',
    description: 'Time from accepted to ended',
    buckets: LONG_SECONDS,
    attributes: ['tracepost.agent.id', 'tracepost.task.status'],
  },
  'tracepost.task.attempts': {
    type: 'histogram',
    unit: '{attempt}',
    description: 'Attempts that a task took until it ended',
    buckets: [1, 2, 3, 4, 5, 10],
    attributes: ['tracepost.agent.id'],
  },
  'tracepost.task.retries': {
    type: 'counter',
    unit: '{attempt}',
    description: 'Attempts that failed and are followed by another, by reason',
    attributes: ['tracepost.agent.id', 'tracepost.reason'],
  },
  'tracepost.task.given_back': {
    type: 'counter',
    unit: '{message}',
    description: 'Deliveries that a worker gave back without telling of an attempt, by reason',
    attributes: ['tracepost.agent.id', 'tracepost.reason'],
  },
  'tracepost.task.cost': {
    type: 'histogram',
    unit: 'USD',
    description: 'Cost of an attempt; the sum is what tasks have cost',
    buckets: USD,
    attributes: ['tracepost.agent.id'],
  },
  'tracepost.tool.duration': {
    type: 'histogram',
    unit: 's',
    description: 'Duration of tool executions',
    buckets: LONG_SECONDS,
    attributes: ['tracepost.agent.id', 'gen_ai.tool.name', 'tracepost.outcome'],
  },
  'gen_ai.client.operation.duration': {
    type: 'histogram',
    unit: 's',
    description: 'Duration of calls of a model',
    buckets: MODEL_SECONDS,
    attributes: [
      'gen_ai.operation.name',
      'gen_ai.provider.name',
      'gen_ai.request.model',
      'gen_ai.response.model',
      'error.type',
    ],
  },
  'gen_ai.client.token.usage': {
    type: 'histogram',
    unit: '{token}',
    description: 'Tokens of a call of a model, by type: input or output',
    buckets: TOKENS,
    attributes: [
      'gen_ai.operation.name',
      'gen_ai.provider.name',
      'gen_ai.request.model',
      'gen_ai.response.model',
      'gen_ai.token.type',
    ],
  },
  'tracepost.agent.metrics.refused': {
    type: 'counter',
    unit: '{measurement}',
    description: "Measurements of an agent's own metrics that were left out, by reason",
    attributes: ['tracepost.agent.id', 'tracepost.reason'],
  },
  'weather.requests': {
    type: 'counter',
    unit: '{request}',
    description: 'Forecasts asked for, by location',
    attributes: ['weather.location'],
  },
  'bg_remover.images': {
    type: 'counter',
    unit: '{image}',
    description: 'Images whose background was removed',
    attributes: ['bg_remover.quality', 'tracepost.outcome'],
  },
  'bg_remover.cost': {
    type: 'counter',
    unit: 'USD',
    description: 'Estimated cost of removing backgrounds',
    attributes: ['bg_remover.cost.part'],
  },
  'process.uptime': {
    type: 'observableGauge',
    unit: 's',
    description: 'Time the process has been running',
    attributes: [],
  },
  'process.memory.usage': {
    type: 'observableGauge',
    unit: 'By',
    description: 'Resident memory of the process',
    attributes: [],
  },
  'process.cpu.utilization': {
    type: 'observableGauge',
    unit: '1',
    description: 'Share of one core used since the last collection',
    attributes: [],
  },
  'nodejs.eventloop.delay.min': {
    type: 'observableGauge',
    unit: 's',
    description: 'Event loop delay, shortest since the last collection',
    attributes: [],
  },
  'nodejs.eventloop.delay.max': {
    type: 'observableGauge',
    unit: 's',
    description: 'Event loop delay, longest since the last collection',
    attributes: [],
  },
  'nodejs.eventloop.delay.mean': {
    type: 'observableGauge',
    unit: 's',
    description: 'Event loop delay, mean since the last collection',
    attributes: [],
  },
  'nodejs.eventloop.delay.stddev': {
    type: 'observableGauge',
    unit: 's',
    description: 'Event loop delay, standard deviation since the last collection',
    attributes: [],
  },
  'nodejs.eventloop.delay.p50': {
    type: 'observableGauge',
    unit: 's',
    description: 'Event loop delay, 50th percentile since the last collection',
    attributes: [],
  },
  'nodejs.eventloop.delay.p90': {
    type: 'observableGauge',
    unit: 's',
    description: 'Event loop delay, 90th percentile since the last collection',
    attributes: [],
  },
  'nodejs.eventloop.delay.p99': {
    type: 'observableGauge',
    unit: 's',
    description: 'Event loop delay, 99th percentile since the last collection',
    attributes: [],
  },
  'nodejs.eventloop.utilization': {
    type: 'observableGauge',
    unit: '1',
    description: 'Share of the time since the last collection in which the event loop was not idle',
    attributes: [],
  },
  'tracepost.dependency.up': {
    type: 'observableGauge',
    unit: '1',
    description: '1 while a dependency answers, else 0',
    attributes: ['tracepost.dependency'],
  },
  'db.client.operation.duration': {
    type: 'histogram',
    unit: 's',
    description: 'Duration of database operations',
    buckets: SECONDS,
    attributes: ['db.system.name', 'db.operation.name', 'error.type'],
  },
  'tracepost.telemetry.produced': {
    type: 'observableCounter',
    unit: '{item}',
    description: 'Telemetry that a process made, each item once, however often it was sent',
    attributes: ['tracepost.signal'],
  },
  'tracepost.telemetry.waiting': {
    type: 'observableGauge',
    unit: '{item}',
    description: 'Telemetry that a process holds: neither handed on nor dropped yet',
    attributes: ['tracepost.signal'],
  },
  'tracepost.telemetry.dropped': {
    type: 'observableCounter',
    unit: '{item}',
    description: 'Telemetry lost inside a process, by reason',
    attributes: ['tracepost.signal', 'tracepost.reason'],
  },
  'tracepost.ingest.received': {
    type: 'counter',
    unit: '{item}',
    description: 'Telemetry that the ingest took, each item once: of our own processes (house) and of others (other)',
    attributes: ['tracepost.signal', 'tracepost.origin'],
  },
  'tracepost.ingest.repeated': {
    type: 'counter',
    unit: '{item}',
    description: 'Telemetry of our own processes that came again after it had been taken, and counts as nothing',
    attributes: ['tracepost.signal'],
  },
  'tracepost.ingest.waiting': {
    type: 'observableGauge',
    unit: '{item}',
    description: 'Spans that the ingest holds until it is decided whether their trace is kept',
    attributes: ['tracepost.signal'],
  },
  'tracepost.ingest.stored': {
    type: 'counter',
    unit: '{item}',
    description: 'Telemetry that the ingest stored',
    attributes: ['tracepost.signal'],
  },
  'tracepost.ingest.refused': {
    type: 'counter',
    unit: '{item}',
    description: 'Telemetry that the ingest refused, by reason',
    attributes: ['tracepost.signal', 'tracepost.reason'],
  },
  'tracepost.series.overflow': {
    type: 'counter',
    unit: '{point}',
    description:
      'Points of metrics past the limits of series: merged into one with otel.metric.overflow, or refused; past 50 metrics they are one',
    attributes: ['tracepost.metric', 'tracepost.outcome'],
  },
  'tracepost.metrics.rollup.failures': {
    type: 'counter',
    unit: '{metric}',
    description:
      'Metrics whose hours could not be put together, once for each try: the log names them, and their points are read instead',
    attributes: [],
  },
  'tracepost.outbox.messages': {
    type: 'observableGauge',
    unit: '{message}',
    description: 'Messages that wait in the outbox for the broker',
    attributes: [],
  },
  'tracepost.outbox.size': {
    type: 'observableGauge',
    unit: 'By',
    description: 'Bytes of the messages that wait in the outbox',
    attributes: [],
  },
  'tracepost.outbox.oldest.age': {
    type: 'observableGauge',
    unit: 's',
    description: 'How long the oldest message in the outbox has waited',
    attributes: [],
  },
  'tracepost.outbox.outcomes': {
    type: 'counter',
    unit: '{message}',
    description:
      'Messages that came to the outbox or left it: stored, published, full, unavailable; damaged counts files and messages set aside',
    attributes: ['tracepost.outcome'],
  },
  'tracepost.notifications.refused': {
    type: 'counter',
    unit: '{notification}',
    description: 'Notifications that the gateway refused, by the code of the answer',
    attributes: ['tracepost.reason'],
  },
  'tracepost.recording.refused': {
    type: 'counter',
    unit: '{entry}',
    description:
      'Events and metrics that the gateway did not record, by the code of the answer; what is turned away because too much waits counts as one, however much it is',
    attributes: ['tracepost.reason'],
  },
  'tracepost.connections.open': {
    type: 'observableGauge',
    unit: '{connection}',
    description:
      'Connections that are open, also without a request under way: to the gateway, and to the two doors of the ingest (otlp_http, otlp_grpc)',
    attributes: ['tracepost.door'],
  },
  'tracepost.streams.open': {
    type: 'upDownCounter',
    unit: '{stream}',
    description: 'Server-sent event streams that are open',
    attributes: ['tracepost.stream'],
  },
  'tracepost.streams.closed': {
    type: 'counter',
    unit: '{stream}',
    description: 'Server-sent event streams that ended, by reason',
    attributes: ['tracepost.stream', 'tracepost.reason'],
  },
  'tracepost.retention.purged': {
    type: 'counter',
    unit: '{item}',
    description:
      'What was forgotten because of its age: tasks, dead_letters, inbox (payloads and endings), keys, audit, traces, events, recorded_metrics, sessions; recorded_minutes are put together into hours',
    attributes: ['tracepost.kind'],
  },
  'tracepost.sessions.taken': {
    type: 'counter',
    unit: '{session}',
    description: 'Sessions of transcripts, by what became of them: imported, updated, unchanged or refused',
    attributes: ['tracepost.outcome'],
  },
  'tracepost.sessions.exported': {
    type: 'counter',
    unit: '{session}',
    description:
      'Closed sessions that were sent to InfluxDB, by what became of them: stored, or why they were not (unreadable where they are kept; refused as outside_retention, invalid_time, type_conflict, malformed, refused_by_store)',
    attributes: ['tracepost.outcome'],
  },
  'tracepost.sessions.spans.waiting': {
    type: 'observableGauge',
    unit: '{span}',
    description: 'Spans of agents that wait until they are told in their sessions',
    attributes: [],
  },
  'tracepost.sessions.spans.dropped': {
    type: 'counter',
    unit: '{span}',
    description:
      'Spans of agents that are stored but were not told in their sessions, by reason: full, failed, stopped, unreadable, no_work (an agent was called, and no model or tool was at work in its trace for as long as spans wait)',
    attributes: ['tracepost.reason'],
  },
  'tracepost.sessions.words.dropped': {
    type: 'counter',
    unit: '{record}',
    description:
      'Log records of what models were given or answered that are stored but were not told in a session, by reason: full, stopped, unreadable, no_span (the span that they belong to did not come within ten minutes)',
    attributes: ['tracepost.reason'],
  },
  'tracepost.messages.parked': {
    type: 'counter',
    unit: '{message}',
    description:
      'Messages put aside because their envelope cannot be read, by reason; damaged_file counts those that were lost with a part of the queue file',
    attributes: ['tracepost.queue', 'tracepost.reason'],
  },
} as const satisfies Record<string, InstrumentSpec>;

export type InstrumentName = keyof typeof INSTRUMENTS;
type NamesOf<T extends InstrumentSpec['type']> = {
  [K in InstrumentName]: (typeof INSTRUMENTS)[K]['type'] extends T ? K : never;
}[InstrumentName];
export type CounterName = NamesOf<'counter' | 'upDownCounter'>;
export type HistogramName = NamesOf<'histogram'>;
export type ObservableName = NamesOf<'observableGauge' | 'observableCounter'>;
export type AttributesOf<K extends InstrumentName> = Partial<
  Record<(typeof INSTRUMENTS)[K]['attributes'][number], string | number | boolean>
>;
