import Type, { type Static } from 'typebox';
import { AgentId, IsoTime, NotificationType } from './patterns.ts';

export const AnnouncedType = Type.Object({
  type: NotificationType,
  description: Type.String(),
  /** JSON Schema of the payload; the gateway refuses what does not match it. */
  schema: Type.Unknown(),
});
export type AnnouncedType = Static<typeof AnnouncedType>;

/** Published as `agent.announce.{agentId}` at start, every 10 s, and at stop. */
export const AgentAnnouncement = Type.Object({
  agentId: AgentId,
  description: Type.String(),
  version: Type.String(),
  workerId: Type.String(),
  capacity: Type.Integer({ minimum: 1 }),
  state: Type.Union([Type.Literal('running'), Type.Literal('stopped')]),
  at: IsoTime,
  notificationTypes: Type.Array(AnnouncedType),
});
export type AgentAnnouncement = Static<typeof AgentAnnouncement>;

/** Published as `agent.metric.{agentId}` each minute, for each agent and tenant that a worker worked for. */
export const AgentActivity = Type.Object({
  agentId: AgentId,
  tenantId: Type.String(),
  timestamp: IsoTime,
  /** Of this worker, since it told the last time. */
  metrics: Type.Object({
    /** Attempts that ended. */
    invocations: Type.Integer({ minimum: 0 }),
    /** What they ran together, milliseconds. */
    duration: Type.Number({ minimum: 0 }),
    errors: Type.Integer({ minimum: 0 }),
    /** 1 - errors / invocations. */
    successRate: Type.Union([Type.Number({ minimum: 0, maximum: 1 }), Type.Null()]),
    /** From accepted to ended, of the tasks that ended; null when none did. */
    avgResponseTimeMs: Type.Union([Type.Number({ minimum: 0 }), Type.Null()]),
    totalCostUsd: Type.Number({ minimum: 0 }),
  }),
});
export type AgentActivity = Static<typeof AgentActivity>;

export const ANNOUNCE_INTERVAL_MS = 10_000;
/** A worker that has missed three announcements counts as gone. */
export const WORKER_SILENT_AFTER_MS = 3 * ANNOUNCE_INTERVAL_MS + 5_000;

export const AgentWorker = Type.Object({
  workerId: Type.String(),
  capacity: Type.Integer(),
  version: Type.String(),
  state: Type.Union([Type.Literal('running'), Type.Literal('stopped'), Type.Literal('silent')]),
  lastSeenAt: IsoTime,
});
export type AgentWorker = Static<typeof AgentWorker>;

/** `GET /api/v1/agents/{id}`: `capacity` is the sum over its running workers. */
export const AgentView = Type.Object({
  agentId: AgentId,
  description: Type.String(),
  version: Type.String(),
  status: Type.Union([Type.Literal('running'), Type.Literal('stopped')]),
  capacity: Type.Integer(),
  queue: Type.String(),
  lastSeenAt: IsoTime,
  notificationTypes: Type.Array(AnnouncedType),
  workers: Type.Array(AgentWorker),
});
export type AgentView = Static<typeof AgentView>;
