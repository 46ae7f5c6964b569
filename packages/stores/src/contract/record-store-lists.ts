import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { InvalidCursorError, type RecordStore } from '../record-store.ts';
import type { RecordStoreProperty } from './record-store-property.ts';
import { sampleEvent, sampleTask, sampleTime } from './sample-events.ts';

/** Many tasks: in which order, and in which pages. */
export const LIST_PROPERTIES: readonly RecordStoreProperty[] = [
  {
    title: 'tasks are listed newest first, page by page, each of them once',
    async run({ store }) {
      const agentId = uniqueAgent();
      const taskIds = await accept(store, agentId, [30, 10, 50, 20, 40]);
      const pages = await readPages(store, agentId, 2);
      expect(pages).toEqual([[taskIds[2], taskIds[4]], [taskIds[0], taskIds[3]], [taskIds[1]]]);
    },
  },
  {
    title: 'tasks of the same instant are listed once each, in an order that stays',
    async run({ store }) {
      const agentId = uniqueAgent();
      const taskIds = await accept(store, agentId, [0, 0, 0, 0, 0]);
      const paged = (await readPages(store, agentId, 2)).flat();
      expect(paged.toSorted()).toEqual(taskIds.toSorted());
      expect((await readPages(store, agentId, 5)).flat()).toEqual(paged);
    },
  },
  {
    title: 'tasks that arrive while somebody turns the pages move none of the others',
    async run({ store }) {
      const agentId = uniqueAgent();
      const taskIds = await accept(store, agentId, [1, 2, 3, 4]);
      const first = await store.listTasks({ agentId, limit: 2 });
      await accept(store, agentId, [100, 101]);
      const second = await store.listTasks({ agentId, limit: 2, cursor: first.nextCursor ?? '' });
      expect(second.items.map(({ taskId }) => taskId)).toEqual([taskIds[1], taskIds[0]]);
    },
  },
  {
    title: 'a page that takes the last task has no next one',
    async run({ store }) {
      const agentId = uniqueAgent();
      await accept(store, agentId, [1, 2]);
      expect((await store.listTasks({ agentId, limit: 2 })).nextCursor).toBeNull();
      expect(await store.listTasks({ agentId: uniqueAgent(), limit: 2 })).toEqual({ items: [], nextCursor: null });
    },
  },
  {
    title: 'without an agent the tasks of all agents are listed',
    async run({ store }) {
      // Newer than anything else here, so that they stand on the first page.
      const farAhead = Date.UTC(2100, 0) - Date.parse(sampleTime(0)) + Math.floor(Math.random() * 1e9);
      const [older] = await accept(store, uniqueAgent(), [farAhead]);
      const [newer] = await accept(store, uniqueAgent(), [farAhead + 1]);
      const { items } = await store.listTasks({ limit: 1_000 });
      const listed = items.map(({ taskId }) => taskId).filter((taskId) => taskId === older || taskId === newer);
      expect(listed).toEqual([newer, older]);
    },
  },
  {
    title: 'a cursor that no page gave is refused',
    async run({ store }) {
      for (const cursor of ['x', '', '!!', 'bm90aGluZw', 'ʘ'.repeat(9_000)]) {
        await expect(store.listTasks({ limit: 1, cursor })).rejects.toBeInstanceOf(InvalidCursorError);
      }
    },
  },
  {
    title: 'the tasks of a trace are listed oldest first, and no others',
    async run({ store }) {
      const traceId = randomUUID().replaceAll('-', '');
      const tasks = [20, 0, 10].map((offset) => sampleTask({ traceId, acceptedAt: sampleTime(offset) }));
      await store.applyTaskEvents(tasks.map((task) => sampleEvent(task, 'accepted', 0)));
      await accept(store, uniqueAgent(), [5]);
      const listed = await store.listTasksOfTrace(traceId);
      expect(listed.map(({ acceptedAt }) => acceptedAt)).toEqual([0, 10, 20].map(sampleTime));
      expect(await store.listTasksOfTrace('0'.repeat(32))).toEqual([]);
    },
  },
  {
    title: 'a trace of very many tasks shows its first hundred',
    async run({ store }) {
      const traceId = randomUUID().replaceAll('-', '');
      const tasks = Array.from({ length: 105 }, (_, index) => sampleTask({ traceId, acceptedAt: sampleTime(index) }));
      await store.applyTaskEvents(tasks.map((task) => sampleEvent(task, 'accepted', 0)));
      const listed = await store.listTasksOfTrace(traceId);
      expect(listed.map(({ taskId }) => taskId)).toEqual(tasks.slice(0, 100).map(({ taskId }) => taskId));
    },
  },
];

/** One task for each offset; their ids. */
async function accept(store: RecordStore, agentId: string, offsets: readonly number[]): Promise<string[]> {
  const tasks = offsets.map((offset) => sampleTask({ agentId, acceptedAt: sampleTime(offset) }));
  await store.applyTaskEvents(tasks.map((task) => sampleEvent(task, 'accepted', 0)));
  return tasks.map(({ taskId }) => taskId);
}

async function readPages(store: RecordStore, agentId: string, limit: number): Promise<string[][]> {
  const pages: string[][] = [];
  let cursor: string | null = null;
  do {
    const page = await store.listTasks({ agentId, limit, ...(cursor === null ? {} : { cursor }) });
    pages.push(page.items.map(({ taskId }) => taskId));
    cursor = page.nextCursor;
  } while (cursor !== null && pages.length < 100);
  return pages;
}

function uniqueAgent(): string {
  return `agent-${randomUUID()}`;
}
