import type { Attempt, TaskEvent } from '@tracepost/contracts';

/**
 * The attempts, by number, after one more event; those of an event that tells of none stay as they are. One attempt
 * may be told of by two workers, since a crash hands the same attempt to another one. Then its end beats its start,
 * the first end is the end, and of two starts the later one holds: that worker is the one still at it.
 */
export function mergeAttempt(attempts: readonly Attempt[], event: TaskEvent): Attempt[] {
  const told = attemptOf(event);
  if (!told) return [...attempts];
  const known = attempts.find(({ number }) => number === told.number);
  if (known && !replaces(told, known)) return [...attempts];
  return [...attempts.filter((other) => other !== known), told].sort((a, b) => a.number - b.number);
}

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
  const status = STATUS_OF_KIND[event.kind];
  const isRunning = status === 'running';
  return {
    number: facts.number,
    status,
    startedAt: facts.startedAt,
    endedAt: isRunning ? null : (facts.endedAt ?? event.at),
    queueWaitMs: facts.queueWaitMs,
    runMs: isRunning ? null : (facts.runMs ?? null),
    workerId: facts.workerId,
    spanId: facts.spanId,
    error: isRunning ? null : (event.error ?? null),
  };
}

/** Among ends of the same millisecond the first word here wins, as among the endings of a task. */
const END_ORDER: readonly Attempt['status'][] = ['succeeded', 'cancelled', 'failed', 'timed_out'];

function replaces(told: Attempt, known: Attempt): boolean {
  if (told.endedAt === null) return known.endedAt === null && isLater(told, known);
  if (known.endedAt === null) return true;
  if (told.endedAt !== known.endedAt) return told.endedAt < known.endedAt;
  if (told.status !== known.status) return END_ORDER.indexOf(told.status) < END_ORDER.indexOf(known.status);
  return told.workerId < known.workerId;
}

function isLater(told: Attempt, known: Attempt): boolean {
  return told.startedAt === known.startedAt ? told.workerId < known.workerId : told.startedAt > known.startedAt;
}
