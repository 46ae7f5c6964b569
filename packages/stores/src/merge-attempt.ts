import type { Attempt, TaskEvent } from '@tracepost/contracts';

/**
 * The attempts, by number, after one more event; those of an event that tells of none stay as they are. One attempt
 * may be told of by two workers, when a message is handed over and nobody counted it. Then its end beats its start,
 * the first end is the end, and of two starts the later one holds: that worker is the one still at it.
 */
export function mergeAttempt(attempts: readonly Attempt[], event: TaskEvent): Attempt[] {
  const told = attemptOf(event);
  if (!told) return [...attempts];
  const known = attempts.find(({ number }) => number === told.number);
  if (known && !replaces(told, known)) return [...attempts];
  return [...attempts.filter((other) => other !== known), told].sort((a, b) => a.number - b.number);
}

/**
 * Which of the attempts without an end were lost with their worker: those that another one followed, and all of them
 * when the task was given up or cancelled. Whoever works on one tells of its end; only who is gone does not.
 */
export function markCrashed(attempts: readonly Attempt[], isGivenUp: boolean): Attempt[] {
  return attempts.map((attempt) => {
    if (attempt.endedAt !== null) return attempt;
    const isCrashed = isGivenUp || attempt !== attempts.at(-1);
    return { ...attempt, status: isCrashed ? 'crashed' : 'running', error: isCrashed ? { ...WORKER_LOST } : null };
  });
}

const WORKER_LOST = { code: 'worker_lost', message: 'The worker was gone before it told how the attempt ended' };

const STATUS_OF_KIND: Readonly<Record<TaskEvent['kind'], Attempt['status']>> = {
  accepted: 'running',
  started: 'running',
  progress: 'running',
  attempt_failed: 'failed',
  succeeded: 'succeeded',
  failed: 'failed',
  timed_out: 'timed_out',
  dead: 'failed',
  cancelled: 'cancelled',
};

function attemptOf(event: TaskEvent): Attempt | null {
  const facts = event.attempt;
  if (!facts || event.kind === 'accepted') return null;
  const status = statusOf(event);
  const endedAt = endOf(event, status);
  return {
    number: facts.number,
    status: endedAt === null ? 'running' : status,
    startedAt: facts.startedAt,
    endedAt,
    ...(facts.backOffMs === undefined ? {} : { backOffMs: facts.backOffMs }),
    queueWaitMs: facts.queueWaitMs,
    runMs: endedAt === null ? null : (facts.runMs ?? null),
    workerId: facts.workerId,
    spanId: facts.spanId,
    error: endedAt === null ? null : (event.error ?? null),
  };
}

/** An attempt that ran out of time fails like others when it is tried again; its error says why. */
function statusOf({ kind, error }: TaskEvent): Attempt['status'] {
  return kind === 'attempt_failed' && error?.code === 'timed_out' ? 'timed_out' : STATUS_OF_KIND[kind];
}

function endOf({ kind, at, attempt }: TaskEvent, status: Attempt['status']): string | null {
  if (status === 'running') return null;
  // Who gives a task up tells of its last attempt without having seen its end.
  return attempt?.endedAt ?? (kind === 'dead' ? null : at);
}

/** Among ends of the same millisecond the first word here wins, as among the endings of a task. */
const END_ORDER: readonly Attempt['status'][] = ['succeeded', 'cancelled', 'failed', 'timed_out'];

function replaces(told: Attempt, known: Attempt): boolean {
  if (told.endedAt === null) return known.endedAt === null && isLater(told, known);
  if (known.endedAt === null) return true;
  if (told.endedAt !== known.endedAt) return told.endedAt < known.endedAt;
  if (told.status !== known.status) return END_ORDER.indexOf(told.status) < END_ORDER.indexOf(known.status);
  return isFirst(told, known);
}

function isLater(told: Attempt, known: Attempt): boolean {
  return told.startedAt === known.startedAt ? isFirst(told, known) : told.startedAt > known.startedAt;
}

/** Any order will do that does not depend on which of the two was told first. */
function isFirst(told: Attempt, known: Attempt): boolean {
  if (told.workerId !== known.workerId) return told.workerId < known.workerId;
  return JSON.stringify(told) < JSON.stringify(known);
}
