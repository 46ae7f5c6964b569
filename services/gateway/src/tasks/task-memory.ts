import { isEnded, type TaskEvent, type TaskRecord, type TaskSummary } from '@tracepost/contracts';
import { applyTaskEvent } from '@tracepost/stores';
import { mayMatch, type TaskFilter, type TaskPlace } from './task-filter.ts';

/** What this gateway has heard of lately, so that a task can be read at once after its 202 and waiting is woken by events. */
export interface TaskMemory {
  /** `bytes`: about how much the event holds. */
  apply(event: TaskEvent, bytes: number): void;
  get(taskId: string): TaskRecord | null;
  /** The remembered tasks of one trace, oldest first. */
  ofTrace(traceId: string): TaskRecord[];
  /** The remembered tasks that may match, unordered: records are not looked at yet. */
  candidates(filter: TaskFilter, isWanted: (place: TaskPlace) => boolean): TaskPlace[];
  /** Calls back when a task may have changed, with the event that did it where there is one; the returned function ends it. */
  watch(taskId: string, onChange: OnChange): () => void;
  /** Wakes everybody who watches: the gateway is stopping. */
  wakeAll(): void;
}

export type OnChange = (event: TaskEvent | null) => void;

interface Remembered {
  readonly task: TaskSummary;
  record: TaskRecord | null;
  /** Not applied yet: most tasks are never asked for, and the reducer is dearer than a push. */
  pending: TaskEvent[];
  bytes: number;
}

const MAX_TASKS = 20_000;
const MAX_BYTES = 48 * 1024 * 1024;
const MAX_PENDING = 8;
/** What is left once the limit is passed. */
const KEPT_SHARE = 0.9;

/** Bounded by count and size; the oldest are forgotten first, since their records have had the most time to be written. */
export function createTaskMemory({
  maxTasks = MAX_TASKS,
  maxBytes = MAX_BYTES,
  onEvent,
}: {
  readonly maxTasks?: number;
  readonly maxBytes?: number;
  /** Hears every event, before those who watch. */
  readonly onEvent?: (event: TaskEvent, bytes: number) => void;
} = {}): TaskMemory {
  const tasks = new Map<string, Remembered>();
  const children = new Map<string, Set<string>>();
  const watchers = new Map<string, Set<OnChange>>();
  let totalBytes = 0;

  // Several at a time: a map that loses its first entry at every step has to walk over the gaps at the next.
  const forgetOldest = (): void => {
    const keepTasks = Math.floor(maxTasks * KEPT_SHARE);
    const keepBytes = maxBytes * KEPT_SHARE;
    for (const [taskId, remembered] of tasks) {
      if (tasks.size <= keepTasks && totalBytes <= keepBytes) return;
      tasks.delete(taskId);
      totalBytes -= remembered.bytes;
      forgetChild(remembered.task);
    }
  };
  const forgetChild = ({ taskId, parentTaskId }: TaskSummary): void => {
    const siblings = parentTaskId === null ? undefined : children.get(parentTaskId);
    if (siblings?.delete(taskId) && siblings.size === 0) children.delete(parentTaskId as string);
  };
  const rememberChild = ({ taskId, parentTaskId }: TaskSummary): void => {
    if (parentTaskId === null) return;
    const siblings = children.get(parentTaskId);
    if (siblings) siblings.add(taskId);
    else children.set(parentTaskId, new Set([taskId]));
  };

  return {
    apply(event, bytes) {
      const { taskId } = event.task;
      let remembered = tasks.get(taskId);
      if (!remembered) {
        remembered = { task: event.task, record: null, pending: [], bytes: 0 };
        tasks.set(taskId, remembered);
        rememberChild(event.task);
      }
      remembered.pending.push(event);
      remembered.bytes += bytes;
      totalBytes += bytes;
      if (remembered.pending.length > MAX_PENDING) settle(remembered);
      if (tasks.size > maxTasks || totalBytes > maxBytes) forgetOldest();
      onEvent?.(event, bytes);
      if (watchers.size > 0) for (const onChange of watchers.get(taskId) ?? []) onChange(event);
    },
    get(taskId) {
      const remembered = tasks.get(taskId);
      return remembered ? withChildren(settle(remembered), children.get(taskId)) : null;
    },
    ofTrace(traceId) {
      const found: TaskRecord[] = [];
      for (const remembered of tasks.values()) {
        const record = remembered.task.traceId === traceId ? settle(remembered) : null;
        if (record) found.push(record);
      }
      return found;
    },
    candidates(filter, isWanted) {
      const found: TaskPlace[] = [];
      for (const { task } of tasks.values()) if (mayMatch(task, filter) && isWanted(task)) found.push(task);
      return found;
    },
    watch(taskId, onChange) {
      const watching = watchers.get(taskId) ?? new Set();
      watchers.set(taskId, watching.add(onChange));
      return () => {
        watching.delete(onChange);
        if (watching.size === 0 && watchers.get(taskId) === watching) watchers.delete(taskId);
      };
    },
    wakeAll() {
      for (const watching of watchers.values()) for (const onChange of [...watching]) onChange(null);
    },
  };
}

function settle(remembered: Remembered): TaskRecord | null {
  if (remembered.pending.length > 0) {
    remembered.record = remembered.pending.reduce<TaskRecord | null>(applyTaskEvent, remembered.record);
    remembered.pending = [];
  }
  return remembered.record;
}

function withChildren(record: TaskRecord | null, children: ReadonlySet<string> | undefined): TaskRecord | null {
  if (!record || !children) return record;
  return { ...record, childTaskIds: [...new Set([...record.childTaskIds, ...children])] };
}

/** The one of two records of a task that knows more, with the children of both; the store's when both know as much. */
export function newerRecord(stored: TaskRecord | null, remembered: TaskRecord | null): TaskRecord | null {
  if (!stored || !remembered) return stored ?? remembered;
  const newer = knowsMore(remembered, stored) ? remembered : stored;
  const childTaskIds = [...new Set([...stored.childTaskIds, ...remembered.childTaskIds])];
  return childTaskIds.length === newer.childTaskIds.length ? newer : { ...newer, childTaskIds };
}

function knowsMore(remembered: TaskRecord, stored: TaskRecord): boolean {
  const lead = progressOf(remembered) - progressOf(stored);
  return lead > 0 || (lead === 0 && (remembered.stepAt ?? '') > (stored.stepAt ?? ''));
}

function progressOf(record: TaskRecord): number {
  const endings = isEnded(record.status) ? 1_000_000 : 0;
  return endings + record.statusChanges.length + record.attempts.length;
}
