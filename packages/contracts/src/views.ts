import Type, { type Static } from 'typebox';
import { IsoTime, SpanId, TraceId } from './patterns.ts';

const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const AttributeMap = Type.Record(Type.String(), Type.Unknown());

export const SpanView = Type.Object({
  spanId: SpanId,
  parentSpanId: nullable(SpanId),
  name: Type.String(),
  kind: Type.Union([
    Type.Literal('internal'),
    Type.Literal('server'),
    Type.Literal('client'),
    Type.Literal('producer'),
    Type.Literal('consumer'),
  ]),
  service: Type.String(),
  startedAt: IsoTime,
  durationMs: Type.Number(),
  status: Type.Object({
    code: Type.Union([Type.Literal('unset'), Type.Literal('ok'), Type.Literal('error')]),
    message: Type.String(),
  }),
  attributes: AttributeMap,
  events: Type.Array(Type.Object({ at: IsoTime, name: Type.String(), attributes: AttributeMap })),
  /** Attributes of links are left out: Jaeger does not keep them. */
  links: Type.Array(Type.Object({ traceId: TraceId, spanId: SpanId })),
});
export type SpanView = Static<typeof SpanView>;

/** A span that others name and that has not arrived: of an attempt (`taskId`, `attempt`), or the parent of a span that has. */
export const MissingSpan = Type.Object({
  spanId: Type.String(),
  is: Type.Union([Type.Literal('attempt'), Type.Literal('parent')]),
  taskId: nullable(Type.String()),
  attempt: nullable(Type.Integer()),
});
export type MissingSpan = Static<typeof MissingSpan>;

/** `GET /api/v1/traces/{traceId}`; `complete` is false while a task of it is under way, and while spans are known to be missing. */
export const TraceView = Type.Object({
  traceId: TraceId,
  startedAt: nullable(IsoTime),
  durationMs: Type.Number(),
  services: Type.Array(Type.String()),
  errorCount: Type.Integer(),
  spans: Type.Array(SpanView),
  /** There are more spans than these, which are the first 10,000 of it. */
  truncated: Type.Boolean(),
  complete: Type.Boolean(),
  /** The first 100 of them. */
  missing: Type.Array(MissingSpan),
});
export type TraceView = Static<typeof TraceView>;

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One line of `GET /api/v1/logs`. `attributes` holds the other standard fields: layer, phase, result, hopName, … */
export const LogView = Type.Object({
  at: IsoTime,
  level: Type.Unsafe<LogLevel>(Type.Union(LOG_LEVELS.map((level) => Type.Literal(level)))),
  service: Type.String(),
  message: Type.String(),
  traceId: nullable(Type.String()),
  spanId: nullable(Type.String()),
  taskId: nullable(Type.String()),
  agentId: nullable(Type.String()),
  correlationId: nullable(Type.String()),
  attributes: AttributeMap,
});
export type LogView = Static<typeof LogView>;

export const CheckStatus = Type.Union([Type.Literal('healthy'), Type.Literal('degraded'), Type.Literal('unhealthy')]);
export type CheckStatus = Static<typeof CheckStatus>;

export const Check = Type.Object({
  name: Type.String(),
  /** `off`: it was turned off on purpose, which makes nothing degraded. */
  status: Type.Union([...CheckStatus.anyOf, Type.Literal('off')]),
  message: Type.String(),
  /** Milliseconds since this check has had this status. */
  sinceMs: Type.Number(),
  backlog: Type.Optional(
    Type.Integer({ description: 'of `records`: events that wait to be recorded; left out when nobody can tell' }),
  ),
});
export type Check = Static<typeof Check>;

export const Loss = Type.Object({ signal: Type.String(), reason: Type.String(), count: Type.Integer() });
export type Loss = Static<typeof Loss>;

/** One place that telemetry passes. What it received is what it passed on, what it dropped and what waits there; `null`: nobody can tell. */
export const LedgerHop = Type.Object({
  hop: Type.String({ description: 'processes, collector, analyst, jaeger' }),
  received: Type.Integer(),
  passed: Type.Integer({ description: 'handed to the next hop; at the last one: stored' }),
  dropped: Type.Integer(),
  waiting: nullable(Type.Integer()),
});
export type LedgerHop = Static<typeof LedgerHop>;

/** `produced = stored + dropped + sampledOut + underWay + unaccounted`, always. */
export const LedgerRow = Type.Object({
  signal: Type.String({ description: 'spans, logs, metrics' }),
  since: nullable(Type.String({ description: 'the oldest report that is counted' })),
  produced: Type.Integer({ description: 'made by our own processes, and received from other programs' }),
  stored: Type.Integer(),
  dropped: Type.Integer({ description: 'lost; by reason in `losses`' }),
  sampledOut: Type.Integer({ description: 'left out on purpose by sampling: no loss' }),
  underWay: Type.Integer({ description: 'waits somewhere, or was not told of yet' }),
  unaccounted: Type.Integer({
    description: 'nobody can say what became of it: a process that was killed took it along',
  }),
  hops: Type.Array(LedgerHop),
});
export type LedgerRow = Static<typeof LedgerRow>;

/** `GET /api/v1/status`. */
export const StatusView = Type.Object({
  status: CheckStatus,
  version: Type.String(),
  uptimeSeconds: Type.Number(),
  checks: Type.Array(Check),
  recorded: Type.Object({
    events: Type.Integer(),
    metrics: Type.Integer(),
    spans: Type.Integer(),
    logs: Type.Integer(),
  }),
  losses: Type.Array(Loss),
  ledger: Type.Array(LedgerRow),
  retention: Type.Record(Type.String(), Type.String()),
  storage: Type.Object({ usedBytes: Type.Integer(), budgetBytes: nullable(Type.Integer()) }),
});
export type StatusView = Static<typeof StatusView>;
