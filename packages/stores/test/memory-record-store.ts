import type { AgentAnnouncement, TaskEvent, TaskRecord } from '@tracepost/contracts';
import { applyTaskEvent, InvalidCursorError, type RecordStore } from '../src/index.ts';

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
    [...tasks.values()].sort((a, b) => compare(a.acceptedAt, b.acceptedAt) || compare(a.taskId, b.taskId));

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
      return tasks.get(taskId) ?? null;
    },
    async listTasksOfTrace(traceId) {
      assertOpen();
      return sorted()
        .filter((task) => task.traceId === traceId)
        .slice(0, 100);
    },
    async listTasks({ agentId, limit, cursor }) {
      assertOpen();
      const listed = sorted()
        .reverse()
        .filter((task) => agentId === undefined || task.agentId === agentId);
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
    async ping() {
      assertOpen();
    },
    async close() {
      isClosed = true;
    },
  };
}

export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
