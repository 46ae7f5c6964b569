import Type, { type Static } from 'typebox';
import { CorrelationId, IsoTime, NotificationType, Token, TraceId } from './patterns.ts';

export const Priority = Type.Union([
  Type.Literal('low'),
  Type.Literal('normal'),
  Type.Literal('high'),
  Type.Literal('urgent'),
]);
export type Priority = Static<typeof Priority>;

/** AMQP priorities of the four words; quorum queues know 32 strict ones and take 4 when none is given. */
export const AMQP_PRIORITY: Readonly<Record<Priority, number>> = { low: 1, normal: 4, high: 8, urgent: 16 };

export const Budget = Type.Object(
  {
    maxCostUsd: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
    maxToolCalls: Type.Optional(Type.Integer({ minimum: 1 })),
  },
  { additionalProperties: false },
);
export type Budget = Static<typeof Budget>;

/** Body of `POST /api/v1/agents/{agentId}/notify`. */
export const NotifyRequest = Type.Object(
  {
    notificationType: NotificationType,
    source: Type.Optional(Token),
    payload: Type.Unknown({ description: 'Checked against the schema that the agent announced for this type' }),
    sessionId: Type.Optional(Token),
    priority: Type.Optional(Priority),
    timeoutMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 3_600_000 })),
    budget: Type.Optional(Budget),
  },
  { additionalProperties: false },
);
export type NotifyRequest = Static<typeof NotifyRequest>;

/** Answer of notify: 202, the broker has confirmed the message. */
export const NotifyAccepted = Type.Object({
  taskId: Type.String(),
  traceId: TraceId,
  correlationId: CorrelationId,
  status: Type.Literal('accepted'),
  links: Type.Object({ task: Type.String(), trace: Type.String(), console: Type.String() }),
});
export type NotifyAccepted = Static<typeof NotifyAccepted>;

/**
 * Body of the AMQP message: CloudEvents 1.0 words. Other languages publish it too, so only `id`, `type`
 * and `data` are indispensable, and unknown members are left alone.
 */
export const NotificationEnvelope = Type.Object({
  specversion: Type.Optional(Type.Literal('1.0')),
  id: Token,
  source: Type.Optional(Token),
  type: NotificationType,
  time: Type.Optional(IsoTime),
  subject: Type.Optional(Type.String()),
  datacontenttype: Type.Optional(Type.String()),
  data: Type.Unknown(),
  correlationid: Type.Optional(Type.Union([CorrelationId, Type.Null()])),
  sessionid: Type.Optional(Type.Union([Token, Type.Null()])),
  parenttaskid: Type.Optional(Type.Union([Token, Type.Null()])),
  /** The ended task that this one repeats. */
  retryof: Type.Optional(Type.Union([Token, Type.Null()])),
  depth: Type.Optional(Type.Integer({ minimum: 0 })),
  timeoutms: Type.Optional(Type.Integer({ minimum: 1 })),
  budget: Type.Optional(Budget),
});
export type NotificationEnvelope = Static<typeof NotificationEnvelope>;
