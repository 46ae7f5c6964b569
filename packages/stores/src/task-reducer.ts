import {
  isEnded,
  NO_USAGE,
  type StatusChange,
  type TaskEvent,
  type TaskRecord,
  type TaskStatus,
} from '@tracepost/contracts';
import { markCrashed, mergeAttempt } from './merge-attempt.ts';
import { listStatusChanges } from './status-changes.ts';
import { stepAfter } from './step-after.ts';

/**
 * What a task's record is after one more event. Pure, and the same for every store and for the gateway's memory.
 *
 * Events may come twice, late or out of order, so everything is computed from what is known and never from what came
 * last: the same set of events gives the same record in any order. A status never goes backwards, a fact once known is
 * not forgotten, and an ending is final. Should a task be told to have ended twice (a worker dies between its last
 * event and the ack, and the redelivery ends otherwise), the ending that happened first is the ending;
 * within the same millisecond the order of `ENDING_ORDER` decides.
 */
export function applyTaskEvent(record: TaskRecord | null, event: TaskEvent): TaskRecord {
  const before = record ?? beginRecord(event);
  const after: TaskRecord = {
    ...before,
    ...knownIds(before, event),
    ...(isTheEnding(before, event) ? endingOf(event) : {}),
  };
  const ending = endingChange(before, event);
  after.attempts = markCrashed(mergeAttempt(before.attempts, event), isGivenUp(ending));
  after.status = ending?.status ?? statusUnderWay(before, after.attempts, event);
  after.statusChanges = listStatusChanges({ record: after, changes: before.statusChanges, ending, event });

  const { step, stepAt } = stepAfter(before, after, event);
  after.step = step;
  if (stepAt === undefined) delete after.stepAt;
  else after.stepAt = stepAt;

  const first = after.attempts[0];
  after.startedAt = first?.startedAt ?? null;
  after.queueWaitMs = first?.queueWaitMs ?? null;
  after.runMs = sumRunMs(after);
  after.durationMs = after.endedAt === null ? null : elapsedMs(after.acceptedAt, after.endedAt);
  return after;
}

function beginRecord({ task }: TaskEvent): TaskRecord {
  return {
    ...task,
    status: 'accepted',
    stopReason: null,
    startedAt: null,
    endedAt: null,
    queueWaitMs: null,
    runMs: null,
    durationMs: null,
    attempts: [],
    usage: { ...NO_USAGE },
    statusChanges: [],
    step: null,
    result: null,
    partial: false,
    error: null,
    childTaskIds: [],
    retryOf: task.retryOf ?? null,
    createdBy: task.source,
    idempotencyKey: task.idempotencyKey ?? null,
  };
}

function knownIds(before: TaskRecord, { task }: TaskEvent): Partial<TaskRecord> {
  const source = before.source ?? task.source;
  return {
    // Gateway and worker tell the same moment; should their words differ, the earlier one holds in any order.
    acceptedAt: earlier(before.acceptedAt, task.acceptedAt),
    traceId: before.traceId ?? task.traceId,
    correlationId: before.correlationId ?? task.correlationId,
    sessionId: before.sessionId ?? task.sessionId,
    source,
    createdBy: before.createdBy ?? source,
    parentTaskId: before.parentTaskId ?? task.parentTaskId,
    retryOf: before.retryOf ?? task.retryOf ?? null,
    idempotencyKey: before.idempotencyKey ?? task.idempotencyKey ?? null,
  };
}

/** Among endings of the same millisecond the first word here wins: what was achieved before what was given up. */
const ENDING_ORDER: readonly string[] = ['succeeded', 'cancelled', 'failed', 'timed_out', 'dead'];

function isTheEnding(before: TaskRecord, event: TaskEvent): boolean {
  const rank = ENDING_ORDER.indexOf(event.kind);
  if (rank === -1) return false;
  if (before.endedAt === null) return true;
  if (endOf(event) !== before.endedAt) return endOf(event) < before.endedAt;
  if (event.kind !== before.status) return rank < ENDING_ORDER.indexOf(before.status);
  return event.by < (before.statusChanges.at(-1)?.by ?? '');
}

/** A task ends with its attempt, where there was one: the event is told a little later. */
function endOf(event: TaskEvent): string {
  return event.attempt?.endedAt ?? event.at;
}

function endingOf(event: TaskEvent): Partial<TaskRecord> {
  return {
    endedAt: endOf(event),
    result: event.result ?? null,
    partial: event.partial ?? false,
    usage: event.usage ?? { ...NO_USAGE },
    error: event.error ?? null,
    stopReason: event.stopReason ?? null,
  };
}

function endingChange(before: TaskRecord, event: TaskEvent): StatusChange | null {
  if (isTheEnding(before, event)) return { status: event.kind as TaskStatus, at: endOf(event), by: event.by };
  return isEnded(before.status) ? (before.statusChanges.at(-1) ?? null) : null;
}

/** Ended by somebody else than whoever was at work on it: that worker is gone, or it would have told how its attempt ended. */
function isGivenUp(ending: StatusChange | null): boolean {
  return ending?.status === 'dead' || ending?.status === 'cancelled';
}

/** The newest attempt says how far the task is. */
function statusUnderWay(before: TaskRecord, attempts: TaskRecord['attempts'], event: TaskEvent): TaskStatus {
  const newest = attempts.at(-1);
  if (newest) return newest.status === 'running' ? 'running' : 'retrying';
  // A foreign worker may not tell of its attempts: then it is known to have begun, and no more.
  return event.kind === 'accepted' ? before.status : 'running';
}

function sumRunMs({ attempts }: TaskRecord): number | null {
  const runs = attempts.map((attempt) => attempt.runMs).filter((runMs) => runMs !== null);
  return runs.length === 0 ? null : runs.reduce((sum, runMs) => sum + runMs, 0);
}

/** Both are ISO 8601 in UTC with milliseconds, so their order as texts is their order in time. */
function earlier(a: string, b: string): string {
  return b < a ? b : a;
}

/** Clocks of gateway and worker may differ by a little: a duration is never negative. */
function elapsedMs(from: string, to: string): number {
  return Math.max(0, Date.parse(to) - Date.parse(from));
}
