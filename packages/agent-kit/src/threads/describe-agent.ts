import type { Agent } from '../define-agent.ts';
import type { AgentDescription } from '../runner.ts';

/** An agent without its functions. Schemas are taken as the JSON that they are announced as. */
export function describeAgent(agent: Agent): AgentDescription {
  const { id, description, version, capacity, timeoutMs, notifications } = agent;
  return {
    id,
    description,
    version,
    capacity,
    timeoutMs,
    notifications: Object.fromEntries(
      Object.entries(notifications).map(([type, handler]) => [
        type,
        {
          description: handler.description,
          schema: JSON.parse(JSON.stringify(handler.schema)) as unknown,
          retry: handler.retry,
        },
      ]),
    ),
  };
}
