import Type, { type Static } from 'typebox';
import { AgentId, IsoTime } from './patterns.ts';

/** On the topic exchange `control`, key `task.{agentId}.cancel`: every worker of the agent hears it, the one at work on the task obeys. */
export const ControlMessage = Type.Object({
  action: Type.Literal('cancel'),
  taskId: Type.String(),
  agentId: AgentId,
  at: IsoTime,
  /** Who asked for it; stands in the audit trail and in the record's status change. */
  by: Type.String(),
});
export type ControlMessage = Static<typeof ControlMessage>;
