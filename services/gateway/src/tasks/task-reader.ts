import { isEnded, type TaskRecord } from '@tracepost/contracts';
import type { RecordStore } from '@tracepost/stores';
import { withDeadline } from '../deadline.ts';
import { newerRecord, type TaskMemory } from './task-memory.ts';

/** `unavailable`: the store cannot answer and the memory does not know the task. */
export type FoundTask =
  | { readonly status: 'found'; readonly record: TaskRecord }
  | { readonly status: 'unknown' }
  | { readonly status: 'unavailable'; readonly error: unknown };

export interface TaskReader {
  /** What memory and store know together. */
  find(taskId: string): Promise<FoundTask>;
  /** What the store alone knows; null when it knows nothing, or does not answer. */
  findStored(taskId: string): Promise<TaskRecord | null>;
  /** As `find`, but holds the answer until the task has ended, `waitMs` are over, or `signal` says to stop waiting. */
  findEnded(taskId: string, waitMs: number, signal: AbortSignal): Promise<FoundTask>;
  /** The tasks of a trace; rejects when the store cannot answer. */
  ofTrace(traceId: string): Promise<TaskRecord[]>;
}

/** Events may be missed (the live queue dies with its connection), so a waiting client also looks into the store. */
const POLL_MS = 1_000;

export function createTaskReader({
  memory,
  records,
  timeoutMs,
  pollMs = POLL_MS,
}: {
  readonly memory: TaskMemory;
  readonly records: RecordStore;
  readonly timeoutMs: number;
  readonly pollMs?: number;
}): TaskReader {
  const find = async (taskId: string): Promise<FoundTask> => {
    const remembered = memory.get(taskId);
    if (remembered && isEnded(remembered.status) && isWhole(remembered)) return { status: 'found', record: remembered };
    try {
      const stored = await withDeadline(records.getTask(taskId), timeoutMs, 'The record store');
      // The memory is asked again: it may have heard more meanwhile.
      const record = newerRecord(stored, memory.get(taskId));
      return record ? { status: 'found', record } : { status: 'unknown' };
    } catch (error) {
      const record = memory.get(taskId);
      return record ? { status: 'found', record } : { status: 'unavailable', error };
    }
  };

  return {
    find,
    findStored: (taskId) => withDeadline(records.getTask(taskId), timeoutMs, 'The record store').catch(() => null),
    async findEnded(taskId, waitMs, signal) {
      const deadline = performance.now() + waitMs;
      for (;;) {
        // Watch before looking: what happens in between is not missed.
        const change = nextChange(memory, taskId, signal);
        try {
          const found = await find(taskId);
          const leftMs = deadline - performance.now();
          const isSettled = found.status !== 'found' || isEnded(found.record.status);
          if (isSettled || leftMs <= 0 || signal.aborted) return found;
          await change.within(Math.min(pollMs, leftMs));
        } finally {
          change.forget();
        }
      }
    },
    async ofTrace(traceId) {
      const stored = await withDeadline(records.listTasksOfTrace(traceId), timeoutMs, 'The record store');
      const tasks = new Map(stored.map((record) => [record.taskId, record]));
      for (const record of memory.ofTrace(traceId)) {
        const known = newerRecord(tasks.get(record.taskId) ?? null, record);
        if (known) tasks.set(record.taskId, known);
      }
      return [...tasks.values()];
    },
  };
}

/**
 * A gateway that was started while a task was under way has not heard of its earlier attempts; the store has. None at all
 * may be true of a cancelled task, and of one that was given up because each of them took its worker along it is not.
 */
function isWhole({ attempts }: TaskRecord): boolean {
  return attempts.length > 0 && attempts.every(({ number }, index) => number === index + 1);
}

/** The next event of a task: `within` resolves when it has come, the time is over, or the signal says to stop. */
function nextChange(memory: TaskMemory, taskId: string, signal: AbortSignal) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stopWatching = memory.watch(taskId, () => resolve());
  const onAbort = (): void => resolve();
  signal.addEventListener('abort', onAbort, { once: true });
  let timer: NodeJS.Timeout | undefined;
  return {
    within(ms: number): Promise<void> {
      timer = setTimeout(resolve, ms);
      return promise;
    },
    forget(): void {
      stopWatching();
      signal.removeEventListener('abort', onAbort);
      clearTimeout(timer);
    },
  };
}
