import {
  type Attempt,
  isEnded,
  NO_USAGE,
  type TaskEvent,
  type TaskRecord,
  type TaskStatus,
} from '@tracepost/contracts';

/**
 * What a task's record is after one more event. Pure, and the same for every store and for the gateway's memory.
 * Events may come twice, late or out of order: a status never goes backwards, an ending is final, and a fact once
 * known is not forgotten.
 */
export function applyTaskEvent(record: TaskRecord | null, event: TaskEvent): TaskRecord {
  const before = record ?? beginRecord(event);
  const status = nextStatus(before.status, event);
  const hasMoved = record === null || status !== before.status;
  const after: TaskRecord = {
    ...before,
    ...knownIds(before, event),
    status,
    statusChanges: hasMoved ? [...before.statusChanges, { status, at: event.at, by: event.by }] : before.statusChanges,
    attempts: mergeAttempt(before.attempts, event),
  };
  const first = after.attempts[0];
  after.startedAt = first?.startedAt ?? null;
  after.queueWaitMs = first?.queueWaitMs ?? null;
  after.runMs = sumRunMs(after.attempts);
  if (!isEnded(before.status) && isEnded(status)) end(after, event);
  return after;
}

const STATUS_OF: Readonly<Record<TaskEvent['kind'], TaskStatus>> = {
  accepted: 'accepted',
  started: 'running',
  progress: 'running',
  attempt_failed: 'retrying',
  succeeded: 'succeeded',
  failed: 'failed',
  timed_out: 'timed_out',
  dead: 'dead',
  cancelled: 'cancelled',
};

function nextStatus(current: TaskStatus, event: TaskEvent): TaskStatus {
  const next = STATUS_OF[event.kind];
  if (isEnded(current)) return current;
  if (next === 'accepted') return current;
  return next;
}

function beginRecord(event: TaskEvent): TaskRecord {
  const { task } = event;
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
    // A task whose first event was lost was still accepted: the summary says when.
    statusChanges: event.kind === 'accepted' ? [] : [{ status: 'accepted', at: task.acceptedAt, by: 'gateway' }],
    step: null,
    result: null,
    partial: false,
    error: null,
    childTaskIds: [],
    retryOf: null,
    createdBy: task.source,
    idempotencyKey: null,
  };
}

function knownIds(before: TaskRecord, { task }: TaskEvent): Partial<TaskRecord> {
  return {
    traceId: before.traceId ?? task.traceId,
    correlationId: before.correlationId ?? task.correlationId,
    sessionId: before.sessionId ?? task.sessionId,
    source: before.source ?? task.source,
    parentTaskId: before.parentTaskId ?? task.parentTaskId,
  };
}

const ATTEMPT_STATUS: Partial<Record<TaskEvent['kind'], Attempt['status']>> = {
  attempt_failed: 'failed',
  succeeded: 'succeeded',
  failed: 'failed',
  timed_out: 'timed_out',
  dead: 'failed',
  cancelled: 'cancelled',
};

function mergeAttempt(attempts: readonly Attempt[], event: TaskEvent): Attempt[] {
  const facts = event.attempt;
  if (!facts) return [...attempts];
  const known = attempts.find((attempt) => attempt.number === facts.number);
  if (known && known.status !== 'running') return [...attempts];
  const attempt: Attempt = {
    number: facts.number,
    status: ATTEMPT_STATUS[event.kind] ?? 'running',
    startedAt: facts.startedAt,
    endedAt: facts.endedAt ?? null,
    queueWaitMs: facts.queueWaitMs,
    runMs: facts.runMs ?? null,
    workerId: facts.workerId,
    spanId: facts.spanId,
    error: event.error ?? null,
  };
  return [...attempts.filter((other) => other.number !== facts.number), attempt].sort((a, b) => a.number - b.number);
}

function sumRunMs(attempts: readonly Attempt[]): number | null {
  const ended = attempts.filter((attempt) => attempt.runMs !== null);
  if (ended.length === 0) return null;
  return ended.reduce((sum, attempt) => sum + (attempt.runMs ?? 0), 0);
}

function end(record: TaskRecord, event: TaskEvent): void {
  record.endedAt = event.at;
  // Clocks of gateway and worker may differ by a little: a duration is never negative.
  record.durationMs = Math.max(0, Date.parse(event.at) - Date.parse(record.acceptedAt));
  record.result = event.result ?? null;
  record.partial = event.partial ?? false;
  record.usage = event.usage ?? record.usage;
  record.error = event.error ?? null;
  record.stopReason = event.stopReason ?? null;
  record.step = null;
}
