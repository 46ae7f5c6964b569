import { Ajv } from 'ajv';
import type { Agent } from './define-agent.ts';

/** Null when the payload is right, else what is wrong with it. */
export type PayloadCheck = (notificationType: string, payload: unknown) => string | null;

/** Checks payloads against the schemas of an agent: a foreign publisher has no gateway before it that would. */
export function createPayloadCheck(agent: Agent): PayloadCheck {
  const checks = new Map(
    Object.entries(agent.notifications).map(([type, { schema }]) => [type, compilePayloadCheck(schema)]),
  );
  return (notificationType, payload) => {
    const fault = checks.get(notificationType)?.(payload) ?? null;
    return fault === null ? null : `the payload does not match the schema of ${notificationType}: ${fault}`;
  };
}

/** Throws when `schema` is no JSON Schema. */
export function compilePayloadCheck(schema: unknown): (payload: unknown) => string | null {
  const ajv = new Ajv({ strict: false, logger: false });
  const check = ajv.compile(schema as object);
  return (payload) => (check(payload) ? null : ajv.errorsText(check.errors, { dataVar: 'payload' }));
}
