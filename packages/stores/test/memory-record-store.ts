import type { AgentAnnouncement, TaskEvent, TaskRecord } from '@tracepost/contracts';
import {
  applyTaskEvent,
  InvalidCursorError,
  type RecordStore,
  searchText,
  searchTextOf,
  type TaskQuery,
} from '../src/index.ts';

/** What lies "on the disk": stores on the same data see each other. */
export interface MemoryData {
  readonly tasks: Map<string, TaskRecord>;
  readonly announcements: Map<string, AgentAnnouncement>;
}

export function memoryData(): MemoryData {
  return { tasks: new Map(), announcements: new Map() };
}

/** The simplest store that keeps the contract: what the suite itself is tried on. */
export function memoryRecordStore({ tasks, announcements }: MemoryData): RecordStore {
  let isClosed = false;
  const assertOpen = () => {
    if (isClosed) throw new Error('The store is closed');
  };
  const sorted = () =>
    [...tasks.values()]
      .sort((a, b) => compare(a.acceptedAt, b.acceptedAt) || compare(a.taskId, b.taskId))
      .map((task, _, all) => ({
        ...task,
        childTaskIds: all.filter((other) => other.parentTaskId === task.taskId).map(({ taskId }) => taskId),
      }));

  return {
    async applyTaskEvents(events: readonly TaskEvent[]) {
      assertOpen();
      for (const event of events) {
        const { taskId } = event.task;
        tasks.set(taskId, structuredClone(applyTaskEvent(tasks.get(taskId) ?? null, event)));
      }
    },
    async getTask(taskId) {
      assertOpen();
      return sorted().find((task) => task.taskId === taskId) ?? null;
    },
    async listTasksOfTrace(traceId) {
      assertOpen();
      return sorted()
        .filter((task) => task.traceId === traceId)
        .slice(0, 100);
    },
    async listTasks(query) {
      assertOpen();
      const { limit, cursor } = query;
      const listed = sorted().filter((task) => isAskedFor(task, query));
      if (query.sort !== 'oldest') listed.reverse();
      const last = cursor === undefined ? -1 : listed.findIndex(({ taskId }) => `after ${taskId}` === cursor);
      if (cursor !== undefined && last === -1) throw new InvalidCursorError('Not from here');
      const items = listed.slice(last + 1, last + 1 + limit);
      const hasMore = last + 1 + limit < listed.length;
      return { items, nextCursor: hasMore ? `after ${items.at(-1)?.taskId}` : null };
    },
    async applyAnnouncements(said) {
      assertOpen();
      for (const one of said) {
        const key = `${one.agentId} ${one.workerId}`;
        const known = announcements.get(key);
        if (!known || known.at < one.at || (known.at === one.at && one.state === 'stopped'))
          announcements.set(key, one);
      }
    },
    async listAnnouncements() {
      assertOpen();
      return [...announcements.values()].sort(
        (a, b) => compare(a.agentId, b.agentId) || compare(a.workerId, b.workerId),
      );
    },
    async countTasks() {
      assertOpen();
      return tasks.size;
    },
    async countByAgent(since) {
      assertOpen();
      const byAgent = [...Map.groupBy(sorted(), ({ agentId }) => agentId)].sort(([a], [b]) => compare(a, b));
      return byAgent.map(([agentId, all]) => ({
        agentId,
        oldestAcceptedAt: all.find(({ status }) => status === 'accepted')?.acceptedAt ?? null,
        running: all.filter(({ status }) => status === 'running').length,
        retrying: all.filter(({ status }) => status === 'retrying').length,
        acceptedSince: all.filter(({ acceptedAt }) => acceptedAt >= since).length,
        startedSince: all.filter(({ startedAt }) => startedAt !== null && startedAt >= since).length,
      }));
    },
    async purgeTasks(nowMs, olderThanMs) {
      assertOpen();
      const old = [...tasks.values()].filter(
        ({ acceptedAt, endedAt }) => endedAt !== null && Date.parse(acceptedAt) < nowMs - olderThanMs,
      );
      for (const { taskId } of old) tasks.delete(taskId);
      return old.length;
    },
    async ping() {
      assertOpen();
    },
    async close() {
      isClosed = true;
    },
  };
}

function isAskedFor(task: TaskRecord, query: TaskQuery): boolean {
  const { status, text, from, to } = query;
  const words = [
    'agentId',
    'notificationType',
    'source',
    'sessionId',
    'correlationId',
    'traceId',
    'parentTaskId',
  ] as const;
  return (
    words.every((word) => query[word] === undefined || query[word] === task[word]) &&
    (status === undefined || status.includes(task.status)) &&
    (text === undefined || searchTextOf(task).includes(searchText(text))) &&
    (from === undefined || task.acceptedAt >= from) &&
    (to === undefined || task.acceptedAt < to)
  );
}

export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
