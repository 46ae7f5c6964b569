import { describe, expect, test } from 'vitest';
import { checkRecordStore, RECORD_STORE_PROPERTIES } from '../src/contract/index.ts';
import { applyTaskEvent, type RecordStore } from '../src/index.ts';
import { type MemoryData, memoryData, memoryRecordStore } from './memory-record-store.ts';

type Break = (store: RecordStore, data: MemoryData) => Partial<RecordStore>;

/** For each property one way to be wrong that it has to notice. */
const BROKEN: Readonly<Record<string, Break>> = {
  'a task of which no event has told is not there': (store) => ({
    getTask: async (taskId) => (await store.getTask(taskId)) ?? ({} as never),
  }),
  'the record of a task is what the reducer makes of its events, told in one batch': (store) => ({
    applyTaskEvents: (events) => store.applyTaskEvents(events.slice(0, -1)),
  }),
  'the record is the same when the events come one by one, unordered and repeated': (_, { tasks }) => ({
    async applyTaskEvents(events) {
      // Forgets what it knew.
      for (const event of events) tasks.set(event.task.taskId, applyTaskEvent(null, event));
    },
  }),
  'a batch may tell of many tasks at once': (store) => ({
    applyTaskEvents: (events) => store.applyTaskEvents(events.slice(0, 1_000)),
  }),
  'a batch without events changes nothing': (store) => ({
    async applyTaskEvents(events) {
      if (events.length === 0) throw new Error('an empty list of values');
      await store.applyTaskEvents(events);
    },
  }),
  'what is written is read by a store that is opened later': (store, { tasks }) => ({
    async close() {
      tasks.clear();
      await store.close();
    },
  }),
  'two stores that write about the same tasks at the same time lose nothing': (_, { tasks }) => ({
    async applyTaskEvents(events) {
      const read = new Map(events.map(({ task }) => [task.taskId, tasks.get(task.taskId) ?? null]));
      // Between reading and writing the other one has its turn.
      await new Promise(setImmediate);
      for (const event of events) {
        const record = applyTaskEvent(read.get(event.task.taskId) ?? null, event);
        read.set(event.task.taskId, record);
        tasks.set(event.task.taskId, record);
      }
    },
  }),
  'a result comes back exactly, whatever JSON it is': (store) => ({
    async getTask(taskId) {
      const record = await store.getTask(taskId);
      return record && JSON.parse(JSON.stringify(record).replaceAll('\\u0000', ''));
    },
  }),
  'ids and words are values, never part of a statement, whatever they hold': (store) => ({
    async applyTaskEvents(events) {
      if (events.some(({ task }) => task.taskId.includes("'"))) throw new Error('syntax error at or near');
      await store.applyTaskEvents(events);
    },
  }),
  'tasks are counted, not their events': (store, { tasks }) => ({
    countTasks: async () =>
      (await store.countTasks()) + [...tasks.values()].filter((t) => t.attempts.length > 0).length,
  }),
  'a closed store may be closed again, and refuses to answer': () => ({ ping: async () => {} }),
  'tasks are listed newest first, page by page, each of them once': (store) => ({
    async listTasks(query) {
      const page = await store.listTasks(query);
      return { ...page, items: page.items.toReversed() };
    },
  }),
  'tasks of the same instant are listed once each, in an order that stays': (store) => ({
    async listTasks(query) {
      // As if the place were kept by the time alone: what shares it with the end of a page is passed over.
      const page = await store.listTasks({ ...query, limit: 1_000 });
      const items = page.items.slice(0, query.limit);
      const rest = page.items
        .slice(query.limit)
        .find(({ acceptedAt }) => acceptedAt < (items.at(-1)?.acceptedAt ?? ''));
      return { items, nextCursor: rest ? page.nextCursor : null };
    },
  }),
  'tasks that arrive while somebody turns the pages move none of the others': (store) => ({
    async listTasks({ limit, cursor, ...query }) {
      const skip = Number(cursor ?? 0);
      const { items } = await store.listTasks({ ...query, limit: 1_000 });
      return { items: items.slice(skip, skip + limit), nextCursor: `${skip + limit}` };
    },
  }),
  'a page that takes the last task has no next one': (store) => ({
    async listTasks(query) {
      const page = await store.listTasks(query);
      return { ...page, nextCursor: page.nextCursor ?? 'after nothing' };
    },
  }),
  'without an agent the tasks of all agents are listed': (store) => ({
    async listTasks(query) {
      const page = await store.listTasks(query);
      return { ...page, items: page.items.filter(({ agentId }) => agentId === page.items[0]?.agentId) };
    },
  }),
  'a cursor that no page gave is refused': (store) => ({
    listTasks: ({ cursor: _, ...query }) => store.listTasks(query),
  }),
  'the tasks of a trace are listed oldest first, and no others': (store) => ({
    listTasksOfTrace: async (traceId) => (await store.listTasksOfTrace(traceId)).toReversed(),
  }),
  'a trace of very many tasks shows its first hundred': (store) => ({
    listTasksOfTrace: async (traceId) => (await store.listTasksOfTrace(traceId)).slice(0, 50),
  }),
  'tasks are found by each of their facts, and by several at once': (store) => ({
    listTasks: ({ parentTaskId: _, ...query }) => store.listTasks(query),
  }),
  'tasks are found by any of the statuses that are named, and none when none is': (store) => ({
    listTasks: ({ status, ...query }) => store.listTasks(status?.length ? { ...query, status } : query),
  }),
  'of a stretch of time the first instant counts and the last does not': (store) => ({
    async listTasks(query) {
      const { items, nextCursor } = await store.listTasks({ ...query, from: '' });
      return { items: items.filter(({ acceptedAt }) => acceptedAt > (query.from ?? '')), nextCursor };
    },
  }),
  'tasks are listed oldest first when that is asked for, also those that arrive meanwhile': (store) => ({
    async listTasks({ limit, cursor, ...query }) {
      const skip = Number(cursor ?? 0);
      const { items } = await store.listTasks({ ...query, limit: 1_000 });
      const isLast = skip + limit >= items.length;
      return { items: items.slice(skip, skip + limit), nextCursor: isLast ? null : `${skip + limit}` };
    },
  }),
  'words are found in ids, error and result, in either case, and mean nothing but themselves': (store) => ({
    async listTasks({ text, ...query }) {
      const { items } = await store.listTasks(query);
      const words = new RegExp((text ?? '').replaceAll('%', '.*').replaceAll('\\', ''), 'i');
      return { items: items.filter((task) => words.test(JSON.stringify(task))), nextCursor: null };
    },
  }),
  'words are searched page by page like everything else': (store) => ({
    async listTasks({ text, ...query }) {
      // Searched after the page was cut.
      const page = await store.listTasks(query);
      return { ...page, items: page.items.filter((task) => JSON.stringify(task).includes(text?.toLowerCase() ?? '')) };
    },
  }),
  'a task names the tasks that it led to, oldest first, wherever it is read': (_, { tasks }) => ({
    getTask: async (taskId) => tasks.get(taskId) ?? null,
  }),
  'of every agent it is known how many tasks run, retry, came and began, and since when one waits': (store) => ({
    async countByAgent(since) {
      const counts = await store.countByAgent(since);
      return counts.filter(({ oldestAcceptedAt, running }) => oldestAcceptedAt !== null || running > 0);
    },
  }),
  'old tasks are forgotten once they have ended, younger ones and those under way are not': (_, { tasks }) => ({
    async purgeTasks(nowMs, olderThanMs) {
      const old = [...tasks.values()].filter(({ acceptedAt }) => Date.parse(acceptedAt) < nowMs - olderThanMs);
      for (const { taskId } of old) tasks.delete(taskId);
      return old.length;
    },
  }),
  'an announcement comes back as it was made': (store) => ({
    async listAnnouncements() {
      return (await store.listAnnouncements()).map((one) => ({ ...one, notificationTypes: [] }));
    },
  }),
  'a newer announcement of a worker takes the place of an older one, in whatever order they come': (_, data) => ({
    async applyAnnouncements(said) {
      for (const one of said) data.announcements.set(`${one.agentId} ${one.workerId}`, one);
    },
  }),
  'a worker that announced and stopped in the same instant has stopped': (_, data) => ({
    async applyAnnouncements(said) {
      for (const one of said) data.announcements.set(`${one.agentId} ${one.workerId}`, one);
    },
  }),
  'every worker is listed, by agent and then by worker': (store) => ({
    listAnnouncements: async () =>
      (await store.listAnnouncements()).sort((a, b) => a.workerId.localeCompare(b.workerId)),
  }),
  'two stores that hear of the same workers at the same time keep the newest': (_, data) => ({
    async applyAnnouncements(said) {
      for (const one of said) data.announcements.set(`${one.agentId} ${one.workerId}`, one);
    },
  }),
  'no announcements at all change nothing': (store) => ({
    async applyAnnouncements(said) {
      if (said.length === 0) throw new Error('an empty list of values');
      await store.applyAnnouncements(said);
    },
  }),
};

describe('the contract of a record store', () => {
  test('names a way to break each of its properties', () => {
    expect(Object.keys(BROKEN)).toEqual(RECORD_STORE_PROPERTIES.map(({ title }) => title));
  });

  for (const property of RECORD_STORE_PROPERTIES) {
    test(`notices when it is not so: ${property.title}`, async () => {
      const data = memoryData();
      await checkRecordStore(property, async () => memoryRecordStore(data));
      const broken = async () => {
        const store = memoryRecordStore(data);
        return { ...store, ...BROKEN[property.title]?.(store, data) };
      };
      await expect(checkRecordStore(property, broken)).rejects.toThrow();
    });
  }
});
