import {
  type Attempt,
  isEnded,
  type TaskEvent,
  type TaskEventKind,
  type TaskRecord,
  taskEventId,
} from '@tracepost/contracts';
import { summaryOf } from '../tasks/task-summary.ts';

/** One step in the life of a task, as its record tells it. */
export interface HistoryEntry {
  readonly place: number;
  /** Its id is the same whether the record or an event tells of the step. */
  readonly event: TaskEvent;
}

/**
 * The events of a task, rebuilt from its record, in the order in which they happened: accepted, each attempt with what followed it,
 * the ending. Steps on the way (`progress`) are not part of a record; an attempt whose worker vanished has a start and no end.
 */
export function rebuildHistory(record: TaskRecord): HistoryEntry[] {
  const entries = [entryOf(record, { kind: 'accepted', attempt: 0, at: record.acceptedAt, by: 'gateway' })];
  for (const attempt of record.attempts) {
    const { number, startedAt, workerId } = attempt;
    entries.push(entryOf(record, { kind: 'started', attempt: number, at: startedAt, by: workerId, facts: attempt }));
    if (!hasFailed(attempt, record)) continue;
    const at = attempt.endedAt ?? startedAt;
    entries.push(
      entryOf(record, {
        kind: 'attempt_failed',
        attempt: number,
        at,
        by: workerId,
        facts: attempt,
        error: attempt.error,
      }),
    );
  }
  // A foreign worker may not tell of its attempts.
  const running = record.statusChanges.find(({ status }) => status === 'running');
  if (record.attempts.length === 0 && running)
    entries.push(entryOf(record, { kind: 'started', attempt: 0, at: running.at, by: running.by }));
  if (isEnded(record.status)) entries.push(endingOf(record));
  return entries;
}

const ENDING_KINDS: ReadonlySet<TaskEventKind> = new Set(['succeeded', 'failed', 'timed_out', 'dead', 'cancelled']);
const KINDS_OF_ATTEMPT = ['started', 'progress', 'attempt_failed'] as const;
const ALL_KINDS: readonly TaskEventKind[] = ['accepted', ...KINDS_OF_ATTEMPT, ...ENDING_KINDS];

/** Where a step stands in the life of its task: each step has one place, and an ending comes last. */
export function placeOf(kind: TaskEventKind, attempt: number): number {
  if (kind === 'accepted') return -1;
  if (ENDING_KINDS.has(kind)) return Number.POSITIVE_INFINITY;
  return attempt * KINDS_OF_ATTEMPT.length + KINDS_OF_ATTEMPT.indexOf(kind as (typeof KINDS_OF_ATTEMPT)[number]);
}

/** Far more than any task has. */
const MOST_ATTEMPTS = 64;

/** The place of the step that has this id, which is a hash and can only be found by trying; null when it is none of this task. */
export function placeOfId(taskId: string, eventId: string): number | null {
  for (let attempt = 0; attempt <= MOST_ATTEMPTS; attempt++) {
    const kind = ALL_KINDS.find((word) => taskEventId(taskId, attempt, word) === eventId);
    if (kind) return placeOf(kind, attempt);
  }
  return null;
}

/** A failed attempt that did not end the task: another one followed, or was planned. */
function hasFailed(attempt: Attempt, { attempts, status, endedAt }: TaskRecord): boolean {
  if (attempt.status !== 'failed' && attempt.status !== 'timed_out') return false;
  const isNewest = attempt === attempts.at(-1);
  return !(isNewest && isEnded(status) && (attempt.endedAt ?? '') >= (endedAt ?? ''));
}

/** The ending's id holds the attempt that it ended, and none when the task ended between or before its attempts. */
function endingOf(record: TaskRecord): HistoryEntry {
  const last = record.attempts.at(-1);
  const isOfAttempt = last !== undefined && last.endedAt !== null && last.endedAt >= (record.endedAt ?? '');
  const change = record.statusChanges.at(-1);
  const { result, partial, usage, error, stopReason } = record;
  const entry = entryOf(record, {
    // An ended record has the status that its ending's kind is named after.
    kind: record.status as TaskEventKind,
    attempt: isOfAttempt ? last.number : 0,
    at: change?.at ?? record.endedAt ?? record.acceptedAt,
    by: change?.by ?? 'unknown',
    facts: isOfAttempt ? last : undefined,
    error,
  });
  const event: TaskEvent = {
    ...entry.event,
    ...(result === null || result === undefined ? {} : { result }),
    partial,
    usage,
    ...(stopReason === null ? {} : { stopReason }),
  };
  return { place: entry.place, event };
}

interface Step {
  readonly kind: TaskEventKind;
  readonly attempt: number;
  readonly at: string;
  readonly by: string;
  readonly facts?: Attempt | undefined;
  readonly error?: TaskRecord['error'];
}

function entryOf(record: TaskRecord, { kind, attempt, at, by, facts, error }: Step): HistoryEntry {
  const id = taskEventId(record.taskId, attempt, kind);
  const isOver = kind !== 'started';
  return {
    place: placeOf(kind, attempt),
    event: {
      eventId: id,
      kind,
      at,
      by,
      task: summaryOf(record),
      ...(facts ? { attempt: factsOf(facts, isOver) } : {}),
      ...(error ? { error } : {}),
    },
  };
}

function factsOf(attempt: Attempt, isOver: boolean): NonNullable<TaskEvent['attempt']> {
  const { number, startedAt, endedAt, backOffMs, queueWaitMs, runMs, workerId, spanId } = attempt;
  return {
    number,
    startedAt,
    ...(isOver && endedAt !== null ? { endedAt } : {}),
    queueWaitMs,
    ...(backOffMs === undefined ? {} : { backOffMs }),
    ...(isOver && runMs !== null ? { runMs } : {}),
    workerId,
    spanId,
  };
}
