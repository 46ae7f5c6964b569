import { hash } from 'node:crypto';
import Type, { type Static } from 'typebox';
import { Priority } from './notification.ts';
import { AgentId, IsoTime } from './patterns.ts';
import { TaskError, Usage } from './task.ts';

/** Last word of the routing key `task.{agentId}.{kind}`; `progress`, `cancelled` and retries follow the same road. */
export const TASK_EVENT_KINDS = [
  'accepted',
  'started',
  'progress',
  'attempt_failed',
  'succeeded',
  'failed',
  'timed_out',
  'dead',
  'cancelled',
] as const;
export type TaskEventKind = (typeof TASK_EVENT_KINDS)[number];

const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** What every event says of its task, so that any first event to arrive is enough to begin the record. */
export const TaskSummary = Type.Object({
  taskId: Type.String(),
  agentId: AgentId,
  notificationType: Type.String(),
  tenantId: Type.String(),
  priority: Priority,
  acceptedAt: IsoTime,
  source: nullable(Type.String()),
  sessionId: nullable(Type.String()),
  correlationId: nullable(Type.String()),
  traceId: nullable(Type.String()),
  parentTaskId: nullable(Type.String()),
  /** The ended task that this one repeats. */
  retryOf: Type.Optional(nullable(Type.String())),
  idempotencyKey: Type.Optional(nullable(Type.String())),
});
export type TaskSummary = Static<typeof TaskSummary>;

export const AttemptFacts = Type.Object({
  number: Type.Integer({ minimum: 1 }),
  startedAt: IsoTime,
  endedAt: Type.Optional(IsoTime),
  queueWaitMs: Type.Number(),
  backOffMs: Type.Optional(Type.Number()),
  runMs: Type.Optional(Type.Number()),
  workerId: Type.String(),
  spanId: nullable(Type.String()),
});
export type AttemptFacts = Static<typeof AttemptFacts>;

/** One step in the life of a task, on the topic exchange `events`. */
export const TaskEvent = Type.Object({
  eventId: Type.String(),
  kind: Type.Unsafe<TaskEventKind>(Type.Union(TASK_EVENT_KINDS.map((kind) => Type.Literal(kind)))),
  at: IsoTime,
  /** Who saw it: `gateway` or a worker id. */
  by: Type.String(),
  task: TaskSummary,
  attempt: Type.Optional(AttemptFacts),
  result: Type.Optional(Type.Unknown()),
  partial: Type.Optional(Type.Boolean()),
  usage: Type.Optional(Usage),
  error: Type.Optional(TaskError),
  stopReason: Type.Optional(Type.String()),
  /** Of `progress`: what the task does now, for a person. */
  step: Type.Optional(Type.String({ maxLength: 200 })),
  /** Of `attempt_failed`: how long until the next attempt may begin. */
  retryInMs: Type.Optional(Type.Number()),
});
export type TaskEvent = Static<typeof TaskEvent>;

/** A hash of task, attempt and kind: the same step told twice has the same id, and taking it twice changes nothing. */
export function taskEventId(taskId: string, attempt: number, kind: TaskEventKind): string {
  return hash('sha256', `${taskId}\n${attempt}\n${kind}`, 'hex').slice(0, 32);
}

export function taskEventKey(agentId: string, kind: TaskEventKind): string {
  return `task.${agentId}.${kind}`;
}
