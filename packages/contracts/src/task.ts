import Type, { type Static } from 'typebox';
import { Priority } from './notification.ts';
import { AgentId, IsoTime } from './patterns.ts';

export const TASK_STATUSES = [
  'accepted',
  'running',
  'retrying',
  'succeeded',
  'failed',
  'timed_out',
  'dead',
  'cancelled',
] as const;
export const TaskStatus = Type.Union(TASK_STATUSES.map((status) => Type.Literal(status)));
export type TaskStatus = (typeof TASK_STATUSES)[number];

const ENDINGS: ReadonlySet<TaskStatus> = new Set(['succeeded', 'failed', 'timed_out', 'dead', 'cancelled']);

/** Each task has exactly one ending; nothing leads out of it. */
export function isEnded(status: TaskStatus): boolean {
  return ENDINGS.has(status);
}

const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** `code` is lower_snake (`tool_error`); `stack` is for the operator, never part of an HTTP problem. */
export const TaskError = Type.Object({
  code: Type.String(),
  message: Type.String(),
  stack: Type.Optional(Type.String()),
});
export type TaskError = Static<typeof TaskError>;

export const Usage = Type.Object({
  inputTokens: Type.Integer(),
  outputTokens: Type.Integer(),
  cacheReadTokens: Type.Integer(),
  modelCalls: Type.Integer(),
  toolCalls: Type.Integer(),
  costUsd: Type.Number(),
  unpricedCalls: Type.Integer(),
});
export type Usage = Static<typeof Usage>;

export const NO_USAGE: Readonly<Usage> = Object.freeze({
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  modelCalls: 0,
  toolCalls: 0,
  costUsd: 0,
  unpricedCalls: 0,
});

export const Attempt = Type.Object({
  number: Type.Integer({ minimum: 1 }),
  status: Type.Union([
    Type.Literal('running'),
    Type.Literal('succeeded'),
    Type.Literal('failed'),
    Type.Literal('timed_out'),
    Type.Literal('cancelled'),
    /** Its worker vanished: it has no end, and another attempt followed it (or the task was given up as `dead`). */
    Type.Literal('crashed'),
  ]),
  startedAt: IsoTime,
  endedAt: nullable(IsoTime),
  /** How long the message was put aside on purpose before this attempt; absent before the first. Not part of `queueWaitMs`. */
  backOffMs: Type.Optional(Type.Number()),
  queueWaitMs: Type.Number(),
  runMs: nullable(Type.Number()),
  workerId: Type.String(),
  spanId: nullable(Type.String()),
  error: nullable(TaskError),
});
export type Attempt = Static<typeof Attempt>;

export const StatusChange = Type.Object({
  status: Type.Unsafe<TaskStatus>(TaskStatus),
  at: IsoTime,
  by: Type.String(),
});
export type StatusChange = Static<typeof StatusChange>;

/** `GET /api/v1/tasks/{taskId}`. Durations are milliseconds, cost is US dollars. */
export const TaskRecord = Type.Object({
  taskId: Type.String(),
  agentId: AgentId,
  notificationType: Type.String(),
  status: Type.Unsafe<TaskStatus>(TaskStatus),
  stopReason: nullable(Type.String()),
  acceptedAt: IsoTime,
  startedAt: nullable(IsoTime),
  endedAt: nullable(IsoTime),
  queueWaitMs: nullable(Type.Number()),
  runMs: nullable(Type.Number()),
  durationMs: nullable(Type.Number()),
  attempts: Type.Array(Attempt),
  usage: Usage,
  statusChanges: Type.Array(StatusChange),
  step: nullable(Type.String()),
  /** Since when it does what `step` says; absent when there is none. */
  stepAt: Type.Optional(IsoTime),
  result: Type.Unknown(),
  partial: Type.Boolean(),
  error: nullable(TaskError),
  parentTaskId: nullable(Type.String()),
  childTaskIds: Type.Array(Type.String()),
  retryOf: nullable(Type.String()),
  createdBy: nullable(Type.String()),
  sessionId: nullable(Type.String()),
  traceId: nullable(Type.String()),
  correlationId: nullable(Type.String()),
  idempotencyKey: nullable(Type.String()),
  source: nullable(Type.String()),
  tenantId: Type.String(),
  priority: Priority,
});
export type TaskRecord = Static<typeof TaskRecord>;
