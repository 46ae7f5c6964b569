import Type, { type Static } from 'typebox';
import { AuditEntry, DeadLetterView, QueueView } from './delivery.ts';
import { NotifyAccepted } from './notification.ts';
import { AgentId, CorrelationId, IsoTime, NotificationType, Token } from './patterns.ts';
import { TASK_STATUSES, TaskStatus } from './task.ts';

const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** Who asks: until there are keys a name that the caller gives itself; `http` when none is given. */
const By = Type.Optional(Token);

/** Body, if any, of cancel, retry and re-queue. */
export const ActionRequest = Type.Object({ by: By }, { additionalProperties: false });
export type ActionRequest = Static<typeof ActionRequest>;

export const CANCEL_OUTCOMES = ['cancelled', 'requested', 'already_ended'] as const;
/**
 * `cancelled`: it will not begin (again). `requested`: it runs; its handler is told, and may still finish first.
 * `already_ended`: nothing was changed.
 */
export type CancelOutcome = (typeof CANCEL_OUTCOMES)[number];

/** Answer of `POST /api/v1/tasks/{taskId}/cancel`. */
export const CancelAnswer = Type.Object({
  taskId: Type.String(),
  outcome: Type.Unsafe<CancelOutcome>(Type.Union(CANCEL_OUTCOMES.map((outcome) => Type.Literal(outcome)))),
  status: Type.Unsafe<TaskStatus>(TaskStatus),
});
export type CancelAnswer = Static<typeof CancelAnswer>;

/** Answer of retry and re-queue: the new task, which repeats `retryOf`. */
export const RetryAccepted = Type.Interface([NotifyAccepted], { retryOf: Type.String() });
export type RetryAccepted = Static<typeof RetryAccepted>;

/** Conditions of a bulk action, joined by and; times are of `acceptedAt`, `from` included, `to` not. */
export const TaskFilter = Type.Object(
  {
    agentId: Type.Optional(AgentId),
    status: Type.Optional(
      Type.Array(Type.Unsafe<TaskStatus>(Type.Union(TASK_STATUSES.map((status) => Type.Literal(status)))), {
        minItems: 1,
        maxItems: TASK_STATUSES.length,
      }),
    ),
    notificationType: Type.Optional(NotificationType),
    source: Type.Optional(Token),
    sessionId: Type.Optional(Token),
    correlationId: Type.Optional(CorrelationId),
    text: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
    from: Type.Optional(IsoTime),
    to: Type.Optional(IsoTime),
  },
  { additionalProperties: false, minProperties: 1 },
);
export type TaskFilter = Static<typeof TaskFilter>;

export const MAX_BULK_TASKS = 1_000;

/** Body of `POST /api/v1/tasks/bulk`: either `taskIds` or `filter`. */
export const BulkRequest = Type.Object(
  {
    action: Type.Union([Type.Literal('cancel'), Type.Literal('retry')]),
    taskIds: Type.Optional(Type.Array(Token, { minItems: 1, maxItems: MAX_BULK_TASKS })),
    filter: Type.Optional(TaskFilter),
    by: By,
  },
  { additionalProperties: false },
);
export type BulkRequest = Static<typeof BulkRequest>;

export const BULK_OUTCOMES = [...CANCEL_OUTCOMES, 'retried', 'refused', 'not_reached'] as const;
/** Those of a cancel; `retried`; `refused` with the `code` that a single request would have got; `not_reached` in time. */
export type BulkOutcomeWord = (typeof BULK_OUTCOMES)[number];

export const BulkOutcome = Type.Object({
  taskId: Type.String(),
  outcome: Type.Unsafe<BulkOutcomeWord>(Type.Union(BULK_OUTCOMES.map((outcome) => Type.Literal(outcome)))),
  newTaskId: nullable(Type.String()),
  code: nullable(Type.String()),
  detail: nullable(Type.String()),
});
export type BulkOutcome = Static<typeof BulkOutcome>;

/** Answer of `POST /api/v1/tasks/bulk`; `hasMore`: the filter fits more tasks than were taken. */
export const BulkAnswer = Type.Object({
  action: Type.Union([Type.Literal('cancel'), Type.Literal('retry')]),
  counts: Type.Record(Type.String(), Type.Integer()),
  items: Type.Array(BulkOutcome),
  hasMore: Type.Boolean(),
});
export type BulkAnswer = Static<typeof BulkAnswer>;

const NextCursor = nullable(Type.String());

export const QueueList = Type.Object({ items: Type.Array(QueueView), nextCursor: Type.Null() });
export type QueueList = Static<typeof QueueList>;

export const DeadLetterList = Type.Object({ items: Type.Array(DeadLetterView), nextCursor: NextCursor });
export type DeadLetterList = Static<typeof DeadLetterList>;

export const AuditList = Type.Object({ items: Type.Array(AuditEntry), nextCursor: NextCursor });
export type AuditList = Static<typeof AuditList>;
