import { AGENT_ID_PATTERN, NOTIFICATION_TYPE_PATTERN } from '@tracepost/contracts';
import type { ArtifactStore } from '@tracepost/stores';
import type { Logger, Metrics } from '@tracepost/telemetry';
import type { Static, TSchema } from 'typebox';
import type { MetricTaker } from './business-metrics.ts';
import type { Tool } from './define-tool.ts';
import type { ModelCall } from './model-calls.ts';
import type { Once } from './once.ts';
import { compilePayloadCheck } from './payload-check.ts';
import { readRetryPolicy } from './retry-policy.ts';
import type { AgentDescription, RetryPolicy } from './runner.ts';

/** What a handler works with. One for each attempt. */
export interface TaskContext extends MetricTaker {
  readonly taskId: string;
  readonly agentId: string;
  readonly notificationType: string;
  readonly tenantId: string;
  readonly sessionId: string | null;
  readonly correlationId: string | null;
  /** 1 for the first. */
  readonly attempt: number;
  /** Aborted when the attempt runs out of time, the task is cancelled, or the worker has to stop. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Those of the house, by their names; metrics of one's own: `count`, `measure`, `setLevel`. */
  readonly metrics: Metrics;
  readonly artifacts: ArtifactStore;
  /** Runs a tool inside its `execute_tool` span, counted and timed; a failure throws `ToolError`. */
  readonly useTool: <I, O>(tool: Tool<I, O>, input: I) => Promise<O>;
  /** Does something to the outside world once, over all attempts: see `Once` for what it promises and what nobody can. */
  readonly once: Once;
  /** Says in a few words what the task does now (`step` of its record); at most one a second is told, the newest. */
  readonly reportStep: (text: string) => void;
  /** Notes a call of a model: a span, `gen_ai.client.*`, and tokens, calls and cost in the record of the task. */
  readonly recordModelCall: (call: ModelCall) => void;
  /** Adds to what this task has cost, in US dollars. */
  readonly addCost: (usd: number) => void;
}

export interface NotificationHandler<S extends TSchema = TSchema> {
  readonly description: string;
  /** Of the payload. Announced to the gateway, which refuses what does not match, and checked again by the worker. */
  readonly schema: S;
  /**
   * The returned value is the task's result (JSON); `partial(result)` when some of it failed. Throw `PermanentFailure` to end the
   * task, `RetryLater` to try again; anything else that is thrown is tried again by the policy.
   */
  readonly handle: (context: TaskContext, payload: Static<S>) => Promise<unknown>;
  /** Of attempts that failed and may go better: 5 attempts (the first included), 1 s, factor 2, at most 15 min apart. */
  readonly retry?: Partial<RetryPolicy>;
}

/** A definition that was checked and filled in. */
export interface Agent extends AgentDescription {
  readonly notifications: Readonly<Record<string, NotificationHandler & { readonly retry: RetryPolicy }>>;
  /** Called once when the host stops: end what the agent holds (threads, connections). */
  readonly close: () => Promise<void>;
}

export interface AgentDefinition {
  readonly id: string;
  readonly description: string;
  readonly version?: string;
  /** Tasks at a time in one worker; 10. */
  readonly capacity?: number;
  /** Of each attempt, unless the notification says otherwise; 60,000. */
  readonly timeoutMs?: number;
  readonly notifications: Readonly<Record<string, NotificationHandler>>;
  readonly close?: () => Promise<void>;
}

const AGENT_ID = new RegExp(AGENT_ID_PATTERN);
const TYPE = new RegExp(NOTIFICATION_TYPE_PATTERN);
const DEFAULT_CAPACITY = 10;
const DEFAULT_TIMEOUT_MS = 60_000;

/** An agent is one file: an id, what it takes, and a handler for each type. Throws when the definition itself is wrong. */
export function defineAgent(definition: AgentDefinition): Agent {
  const { id, notifications, capacity = DEFAULT_CAPACITY, timeoutMs = DEFAULT_TIMEOUT_MS } = definition;
  if (!AGENT_ID.test(id)) throw new TypeError(`agent id "${id}" does not match ${AGENT_ID_PATTERN}`);
  for (const [type, handler] of Object.entries(notifications)) {
    if (!TYPE.test(type))
      throw new TypeError(`notification type "${type}" does not match ${NOTIFICATION_TYPE_PATTERN}`);
    checkHandler(id, type, handler);
  }
  if (Object.keys(notifications).length === 0) throw new TypeError(`agent "${id}" takes no notification type`);
  if (!Number.isInteger(capacity) || capacity < 1)
    throw new TypeError(`capacity of "${id}" is not a whole number above 0`);
  return {
    id,
    description: definition.description,
    version: definition.version ?? '1.0.0',
    capacity,
    timeoutMs,
    notifications: Object.fromEntries(
      Object.entries(notifications).map(([type, handler]) => [
        type,
        { ...handler, retry: readRetryPolicy(`${type} of agent "${id}"`, handler.retry) },
      ]),
    ),
    close: definition.close ?? (async () => {}),
  };
}

const HANDLER_KEYS: ReadonlySet<string> = new Set(['description', 'schema', 'handle', 'retry']);

/** Types are only stripped when an agent's file is loaded, so what they would forbid is told here, with the name of the agent. */
function checkHandler(id: string, type: string, handler: NotificationHandler): void {
  const where = `${type} of agent "${id}"`;
  const unknown = Object.keys(handler).find((key) => !HANDLER_KEYS.has(key));
  if (unknown)
    throw new TypeError(`${where} has "${unknown}"; a notification has description, schema, handle and retry`);
  if (typeof handler.handle !== 'function') throw new TypeError(`${where} has no function "handle"`);
  try {
    compilePayloadCheck(handler.schema);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TypeError(`the schema of ${where} is no JSON Schema: ${reason}`, { cause: error });
  }
}

/** Keeps payload and schema together, so that `handle` knows the payload's type. */
export function onNotification<S extends TSchema>(handler: NotificationHandler<S>): NotificationHandler {
  // The host checks the payload against this very schema before it calls the handler.
  return handler as unknown as NotificationHandler;
}
