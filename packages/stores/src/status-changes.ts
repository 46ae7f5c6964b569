import type { Attempt, StatusChange, TaskEvent, TaskRecord } from '@tracepost/contracts';

interface Known {
  /** With the attempts and the ending that are known after the event. */
  readonly record: TaskRecord;
  /** What the list was before the event. */
  readonly changes: readonly StatusChange[];
  readonly ending: StatusChange | null;
  readonly event: TaskEvent;
}

/**
 * The way of a task in the order in which it went, whatever the order in which its events came: accepted, each attempt
 * with what followed it, the ending. Times are those that the actors told, so between two machines they may differ
 * from this order by the difference of their clocks.
 */
export function listStatusChanges(known: Known): StatusChange[] {
  const { record, ending } = known;
  // A task whose first event was lost was still accepted: the summary says when.
  const changes: StatusChange[] = [{ status: 'accepted', at: record.acceptedAt, by: 'gateway' }];
  for (const attempt of record.attempts) {
    if (changes.at(-1)?.status !== 'running') {
      changes.push({ status: 'running', at: attempt.startedAt, by: attempt.workerId });
    }
    const retry = retryAfter(attempt, record);
    if (retry) changes.push(retry);
  }
  if (record.attempts.length === 0) changes.push(...beginningWithoutAttempt(known));
  if (ending) changes.push(ending);
  return changes;
}

/**
 * An attempt that failed or ran out of time was followed by a retry, unless it is the one that ended the task. One
 * that crashed leads to none: nobody was there to plan it, the broker just handed the message to the next worker.
 */
function retryAfter(attempt: Attempt, { attempts, endedAt }: TaskRecord): StatusChange | null {
  const { status } = attempt;
  if ((status !== 'failed' && status !== 'timed_out') || attempt.endedAt === null) return null;
  const isNewest = attempt === attempts.at(-1);
  if (isNewest && endedAt !== null && attempt.endedAt >= endedAt) return null;
  return { status: 'retrying', at: attempt.endedAt, by: attempt.workerId };
}

const BEGUN: ReadonlySet<TaskEvent['kind']> = new Set(['started', 'progress', 'attempt_failed']);

/** From a worker that tells nothing of its attempts: the earliest sign that one has begun. */
function beginningWithoutAttempt({ changes, event }: Known): StatusChange[] {
  const signs = changes.filter(({ status }) => status === 'running');
  if (BEGUN.has(event.kind)) signs.push({ status: 'running', at: event.at, by: event.by });
  signs.sort((a, b) => compare(a.at, b.at) || compare(a.by, b.by));
  return signs.slice(0, 1);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
