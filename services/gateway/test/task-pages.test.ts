import type { TaskEvent, TaskRecord } from '@tracepost/contracts';
import { applyTaskEvent, InvalidCursorError, type RecordStore, type TaskQuery } from '@tracepost/stores';
import { expect, test } from 'vitest';
import { comparePlaces, matchesFilter, type TaskFilter } from '../src/tasks/task-filter.ts';
import { createTaskMemory } from '../src/tasks/task-memory.ts';
import { createTaskPages } from '../src/tasks/task-pages.ts';
import { givenEvent } from './helpers/given.ts';

/** A store that holds what it is given and pages like the real ones, so that what it does not know yet can be chosen. */
function givenPages() {
  const memory = createTaskMemory();
  const stored = new Map<string, TaskRecord>();
  let reads = 0;
  const records: Pick<RecordStore, 'listTasks' | 'getTask'> = {
    async getTask(taskId) {
      reads++;
      return stored.get(taskId) ?? null;
    },
    async listTasks({ limit, cursor, ...filter }: TaskQuery) {
      const all = [...stored.values()]
        .filter((record) => matchesFilter(record, filter))
        .sort(comparePlaces(filter.sort));
      const start = cursor === undefined ? 0 : all.findIndex((record) => record.taskId === cursor) + 1;
      const items = all.slice(start, start + limit);
      return { items, nextCursor: start + limit < all.length ? (items.at(-1)?.taskId ?? null) : null };
    },
  };
  const pages = createTaskPages({ memory, records, timeoutMs: 1_000 });
  return {
    pages,
    reads: () => reads,
    remember: (...events: TaskEvent[]) => {
      for (const event of events) memory.apply(event, 1);
    },
    store: (...events: TaskEvent[]) => {
      for (const event of events)
        stored.set(event.task.taskId, applyTaskEvent(stored.get(event.task.taskId) ?? null, event));
    },
    async readAll(filter: TaskFilter, limit: number) {
      const ids: string[] = [];
      let count = 0;
      for (let cursor: string | undefined; ; ) {
        const page = await pages.read({ filter, limit, cursor });
        expect(page.items.length).toBeLessThanOrEqual(limit);
        ids.push(...page.items.map((record) => record.taskId));
        if (page.nextCursor === null) return ids;
        expect(++count).toBeLessThan(100);
        cursor = page.nextCursor;
      }
    },
  };
}

/** A task that was accepted at this second. */
function accepted(taskId: string, second: number): TaskEvent {
  const event = givenEvent(taskId, 'accepted', { second });
  return { ...event, task: { ...event.task, acceptedAt: event.at } };
}
const later = (event: TaskEvent, kind: 'started' | 'succeeded' | 'failed', second: number): TaskEvent => ({
  ...givenEvent(event.task.taskId, kind, { second }),
  task: event.task,
});

test('tasks that the store has not written yet stand in their place, on every page, each once', async () => {
  const given = givenPages();
  for (let index = 0; index < 20; index++) {
    const event = accepted(`t${String(index).padStart(2, '0')}`, index);
    if (index % 3 === 0) given.store(event);
    if (index % 3 === 1) given.remember(event);
    if (index % 3 === 2) {
      given.store(event);
      given.remember(event);
    }
  }
  const expected = Array.from({ length: 20 }, (_, index) => `t${String(19 - index).padStart(2, '0')}`);
  for (const limit of [1, 2, 3, 7, 20, 50]) {
    expect(await given.readAll({}, limit)).toEqual(expected);
    expect(await given.readAll({ sort: 'oldest' }, limit)).toEqual(expected.toReversed());
  }
});

test('a task that is written while somebody pages comes no second time, and none is lost', async () => {
  const given = givenPages();
  const events = Array.from({ length: 12 }, (_, index) => accepted(`t${String(index).padStart(2, '0')}`, index));
  events.forEach((event, index) => {
    (index % 2 === 0 ? given.store : given.remember)(event);
  });
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await given.pages.read({ filter: {}, limit: 3, cursor });
    ids.push(...page.items.map((record) => record.taskId));
    cursor = page.nextCursor ?? undefined;
    given.store(...events);
  } while (cursor !== undefined);
  expect(ids).toEqual(events.map((event) => event.task.taskId).toReversed());
});

test('the newer of store and memory counts, also for the conditions', async () => {
  const given = givenPages();
  const [known, moved, behind] = [accepted('known', 1), accepted('moved', 2), accepted('behind', 3)];
  given.store(known, moved, behind, later(behind, 'succeeded', 9));
  // The memory knows that one runs, and has not heard that another has ended.
  given.remember(moved, later(moved, 'started', 5), behind, later(behind, 'started', 5));
  const idsOf = async (filter: TaskFilter) =>
    (await given.pages.read({ filter, limit: 10 })).items.map((record) => record.taskId);
  expect(await idsOf({ status: ['accepted'] })).toEqual(['known']);
  expect(await idsOf({ status: ['running'] })).toEqual(['moved']);
  expect(await idsOf({ status: ['succeeded'] })).toEqual(['behind']);
  expect(await idsOf({})).toEqual(['behind', 'moved', 'known']);
});

test('a task whose end is remembered is not asked for again', async () => {
  const given = givenPages();
  const event = accepted('t1', 1);
  given.remember(event, later(event, 'failed', 2));
  const page = await given.pages.read({ filter: { status: ['failed'] }, limit: 10 });
  expect(page.items).toHaveLength(1);
  expect(given.reads()).toBe(0);
});

test('every condition is asked of what is remembered too', async () => {
  const given = givenPages();
  const event = accepted('t1', 10);
  const task = { ...event.task, sessionId: 's1', correlationId: 'c1', parentTaskId: 'p1' };
  given.remember({ ...event, task }, { ...later({ ...event, task }, 'succeeded', 12), result: { place: 'Lisboa' } });
  const isFound = async (filter: TaskFilter) => (await given.pages.read({ filter, limit: 10 })).items.length === 1;
  const fits: TaskFilter = {
    agentId: 'weather',
    status: ['succeeded', 'dead'],
    notificationType: 'weather.forecast',
    source: 'test',
    sessionId: 's1',
    correlationId: 'c1',
    traceId: 'a'.repeat(32),
    parentTaskId: 'p1',
    text: 'LISBO',
    from: event.at,
    to: '2026-11-21T09:00:10.001Z',
  };
  expect(await isFound(fits)).toBe(true);
  const others: TaskFilter[] = [
    { agentId: 'other' },
    { status: ['failed'] },
    { notificationType: 'weather.other' },
    { source: 'other' },
    { sessionId: 's2' },
    { correlationId: 'c2' },
    { traceId: 'b'.repeat(32) },
    { parentTaskId: 'p2' },
    { text: 'Porto' },
    { from: '2026-11-21T09:00:10.001Z' },
    { to: event.at },
  ];
  for (const other of others) expect([other, await isFound({ ...fits, ...other })]).toEqual([other, false]);
});

test('a page of a search that has found nothing yet leads on', async () => {
  const memory = createTaskMemory();
  const found = applyTaskEvent(null, accepted('t1', 1));
  memory.apply(accepted('t2', 2), 1);
  const pages = createTaskPages({
    memory,
    timeoutMs: 1_000,
    records: {
      getTask: async () => null,
      listTasks: async ({ cursor }) =>
        cursor === undefined ? { items: [], nextCursor: 'looked' } : { items: [found], nextCursor: null },
    },
  });
  const first = await pages.read({ filter: {}, limit: 5 });
  expect(first.items).toEqual([]);
  const second = await pages.read({ filter: {}, limit: 5, cursor: first.nextCursor ?? undefined });
  expect(second.items.map((record) => record.taskId)).toEqual(['t2', 't1']);
  expect(second.nextCursor).toBeNull();
});

test('a cursor that no page gave is told', async () => {
  for (const cursor of [
    'x',
    '',
    Buffer.from('[1]').toString('base64url'),
    Buffer.from('[1,2,3]').toString('base64url'),
  ])
    await expect(givenPages().pages.read({ filter: {}, limit: 1, cursor })).rejects.toThrow(InvalidCursorError);
});

test('with the store away the list is not half told', async () => {
  const memory = createTaskMemory();
  const away = () => Promise.reject(new Error('away'));
  const pages = createTaskPages({ memory, records: { listTasks: away, getTask: away }, timeoutMs: 1_000 });
  memory.apply(accepted('t1', 1), 1);
  await expect(pages.read({ filter: {}, limit: 1 })).rejects.toThrow('away');
});
