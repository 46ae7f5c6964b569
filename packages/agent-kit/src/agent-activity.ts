import type { AgentActivity as ActivityEvent } from '@tracepost/contracts';
import type { EventPublisher } from '@tracepost/messaging';

/** One attempt that was told of. */
export interface AttemptDone {
  readonly agentId: string;
  readonly tenantId: string;
  readonly isError: boolean;
  readonly runMs: number;
  /** From accepted to ended; null while another attempt follows. */
  readonly responseMs: number | null;
  readonly costUsd: number;
}

/** Sums up what each agent did, and tells it once a minute as `agent.metric`, for agents that worked. */
export interface AgentActivity {
  note(done: AttemptDone): void;
  start(): void;
  /** Tells what is left. Safe to call twice. */
  close(): Promise<void>;
}

export const ACTIVITY_INTERVAL_MS = 60_000;
/** Messages may name any tenant; of more than these at a time the others are one. */
const MOST_TENANTS = 1_000;
const OTHER_TENANT = '_OTHER';

interface Sums {
  readonly agentId: string;
  readonly tenantId: string;
  attempts: number;
  errors: number;
  runMs: number;
  ended: number;
  responseMs: number;
  costUsd: number;
}

export function createAgentActivity(
  events: Pick<EventPublisher, 'publishAgentActivity'>,
  intervalMs = ACTIVITY_INTERVAL_MS,
): AgentActivity {
  let sums = new Map<string, Sums>();
  let timer: NodeJS.Timeout | undefined;

  const sumsOf = (agentId: string, tenantId: string): Sums => {
    const key = `${agentId} ${tenantId}`;
    const known = sums.get(key);
    if (known) return known;
    if (sums.size >= MOST_TENANTS && tenantId !== OTHER_TENANT) return sumsOf(agentId, OTHER_TENANT);
    const fresh = { agentId, tenantId, attempts: 0, errors: 0, runMs: 0, ended: 0, responseMs: 0, costUsd: 0 };
    sums.set(key, fresh);
    return fresh;
  };

  /** Lost when the broker is away: the same numbers stand in the records and in the metrics. */
  const tell = async (): Promise<void> => {
    const done = [...sums.values()];
    sums = new Map();
    const timestamp = new Date().toISOString();
    await Promise.all(done.map((each) => events.publishAgentActivity(describe(each, timestamp))));
  };

  return {
    note({ agentId, tenantId, isError, runMs, responseMs, costUsd }) {
      const sum = sumsOf(agentId, tenantId);
      sum.attempts += 1;
      sum.errors += isError ? 1 : 0;
      sum.runMs += runMs;
      sum.costUsd += costUsd;
      if (responseMs === null) return;
      sum.ended += 1;
      sum.responseMs += responseMs;
    },
    start() {
      timer ??= setInterval(() => void tell(), intervalMs);
    },
    async close() {
      clearInterval(timer);
      await tell();
    },
  };
}

function describe(sums: Sums, timestamp: string): ActivityEvent {
  const { agentId, tenantId, attempts, errors, runMs, ended, responseMs, costUsd } = sums;
  return {
    agentId,
    tenantId,
    timestamp,
    metrics: {
      invocations: attempts,
      duration: round(runMs),
      errors,
      successRate: attempts === 0 ? null : 1 - errors / attempts,
      avgResponseTimeMs: ended === 0 ? null : round(responseMs / ended),
      // Picodollars: a sum of small floats shows more digits than it has.
      totalCostUsd: Math.round(costUsd * 1e12) / 1e12,
    },
  };
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
