import { Ajv } from 'ajv';
import type { Agent } from './define-agent.ts';

/** Null when the payload is right, else what is wrong with it. */
export type PayloadCheck = (notificationType: string, payload: unknown) => string | null;

/** Checks payloads against the schemas of an agent: a foreign publisher has no gateway before it that would. */
export function createPayloadCheck(agent: Agent): PayloadCheck {
  const ajv = new Ajv({ strict: false });
  const checks = new Map(
    Object.entries(agent.notifications).map(([type, { schema }]) => [type, ajv.compile(schema as object)]),
  );
  return (notificationType, payload) => {
    const check = checks.get(notificationType);
    if (!check || check(payload)) return null;
    return `the payload does not match the schema of ${notificationType}: ${ajv.errorsText(check.errors, { dataVar: 'payload' })}`;
  };
}
