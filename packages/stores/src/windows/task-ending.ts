import { isEnded, type TaskRecord } from '@tracepost/contracts';
import { toPicodollars } from '@tracepost/pricing';

export const ENDINGS = ['succeeded', 'failed', 'timed_out', 'dead', 'cancelled'] as const;
export type Ending = (typeof ENDINGS)[number];

/** What a window counts of a task that has ended; whole numbers, so that sums are exact in any order. */
export interface TaskEnding {
  readonly tenantId: string;
  readonly agentId: string;
  readonly endedAtMs: number;
  readonly status: Ending;
  /** From its acceptance to its end. */
  readonly responseMs: number;
  /** Of its first attempt; null when none began. */
  readonly queueWaitUs: number | null;
  /** Of all its attempts. */
  readonly runUs: number;
  readonly costPicodollars: bigint;
  /** Some of its model calls have no known price. */
  readonly isUnpriced: boolean;
}

/** Null as long as the task has not ended. */
export function endingOfTask(record: TaskRecord): TaskEnding | null {
  const { status, endedAt, usage } = record;
  if (endedAt === null || !isEnding(status)) return null;
  return {
    tenantId: record.tenantId,
    agentId: record.agentId,
    // A time of the right form may still name no day of the calendar; it counts as the beginning of time.
    endedAtMs: Date.parse(endedAt) || 0,
    status,
    responseMs: record.durationMs || 0,
    queueWaitUs: record.queueWaitMs === null ? null : toMicroseconds(record.queueWaitMs),
    runUs: toMicroseconds(record.runMs ?? 0),
    costPicodollars: Number.isFinite(usage.costUsd) ? toPicodollars(usage.costUsd) : 0n,
    isUnpriced: usage.unpricedCalls > 0,
  };
}

function isEnding(status: TaskRecord['status']): status is Ending {
  return isEnded(status);
}

/** A worker of another make may say anything; nothing takes longer than 285 years. */
function toMicroseconds(ms: number): number {
  return Math.min(Math.max(0, Math.round(ms * 1_000)), Number.MAX_SAFE_INTEGER);
}
