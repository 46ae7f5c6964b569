import { randomUUID } from 'node:crypto';
import type { TaskEventKind, TaskSummary } from '@tracepost/contracts';
import { expect } from 'vitest';
import type { RecordStore, TaskQuery } from '../record-store.ts';
import type { RecordStoreProperty } from './record-store-property.ts';
import { sampleEvent, sampleLife, sampleTask, sampleTime } from './sample-events.ts';

/** Tasks by what is asked for, their children, and how many there are. */
export const QUERY_PROPERTIES: readonly RecordStoreProperty[] = [
  {
    title: 'tasks are found by each of their facts, and by several at once',
    async run({ store }) {
      const facts = {
        agentId: uniqueAgent(),
        notificationType: 'a.b',
        source: "o'clock",
        sessionId: randomUUID(),
        correlationId: randomUUID(),
        traceId: randomUUID(),
        parentTaskId: randomUUID(),
      };
      const [task] = await accept(store, [facts]);
      for (const [fact, value] of Object.entries(facts)) {
        // Another task that differs in this one fact.
        const [other] = await accept(store, [{ ...facts, [fact]: `${value}-2` }]);
        expect(await idsOf(store, { ...facts })).toEqual([task]);
        expect(await idsOf(store, { ...facts, [fact]: `${value}-2` })).toEqual([other]);
        const found = await idsOf(store, { [fact]: value, limit: 1_000 });
        expect([found.includes(task ?? ''), found.includes(other ?? '')]).toEqual([true, false]);
      }
    },
  },
  {
    title: 'tasks are found by any of the statuses that are named, and none when none is',
    async run({ store }) {
      const agentId = uniqueAgent();
      const kinds = ['accepted', 'started', 'succeeded', 'failed', 'cancelled', 'dead'] as const;
      const taskIds = await accept(
        store,
        kinds.map(() => ({ agentId })),
        kinds,
      );
      const [accepted, running, succeeded, failed, cancelled, dead] = taskIds;
      const found = (status: TaskQuery['status']) =>
        idsOf(store, { agentId, sort: 'oldest', ...(status && { status }) });
      expect((await found(undefined)).toSorted()).toEqual(taskIds.toSorted());
      expect(await found(['succeeded'])).toEqual([succeeded]);
      expect(await found(['failed'])).toEqual([failed]);
      expect((await found(['dead', 'succeeded'])).toSorted()).toEqual([dead, succeeded].toSorted());
      expect((await found(['accepted', 'running', 'cancelled'])).toSorted()).toEqual(
        [accepted, running, cancelled].toSorted(),
      );
      expect(await found([])).toEqual([]);
    },
  },
  {
    title: 'of a stretch of time the first instant counts and the last does not',
    async run({ store }) {
      const agentId = uniqueAgent();
      const taskIds = await accept(
        store,
        [0, 1, 2, 3].map((at) => ({ agentId, acceptedAt: sampleTime(at) })),
      );
      expect(await idsOf(store, { agentId, from: sampleTime(1), to: sampleTime(3) })).toEqual([taskIds[2], taskIds[1]]);
      expect(await idsOf(store, { agentId, from: sampleTime(4) })).toEqual([]);
    },
  },
  {
    title: 'tasks are listed oldest first when that is asked for, also those that arrive meanwhile',
    async run({ store }) {
      const agentId = uniqueAgent();
      const taskIds = await accept(
        store,
        [30, 10, 20].map((at) => ({ agentId, acceptedAt: sampleTime(at) })),
      );
      const query = { agentId, sort: 'oldest', limit: 2 } as const;
      const first = await store.listTasks(query);
      expect(first.items.map(({ taskId }) => taskId)).toEqual([taskIds[1], taskIds[2]]);
      const arrived = await accept(
        store,
        [5, 40].map((at) => ({ agentId, acceptedAt: sampleTime(at) })),
      );
      const second = await store.listTasks({ ...query, cursor: first.nextCursor ?? '' });
      expect(second.items.map(({ taskId }) => taskId)).toEqual([taskIds[0], arrived[1]]);
      expect(second.nextCursor).toBeNull();
    },
  },
  {
    title: 'words are found in ids, error and result, in either case, and mean nothing but themselves',
    async run({ store }) {
      const agentId = uniqueAgent();
      const session = `S-${randomUUID()}`;
      const failed = sampleTask({ agentId, sessionId: session, correlationId: '50%_off\\' });
      const done = sampleTask({ agentId, acceptedAt: sampleTime(1) });
      const error = { code: 'tool_error', message: "It's GRÜN \u0000, \ud800 half" };
      await store.applyTaskEvents([
        sampleEvent(failed, 'failed', 5, { error }),
        ...sampleLife(done, { said: 'Lisbon, "sunny"', list: [12.5, { deep: 'Ünder' }] }),
      ]);
      const found = (text: string) => idsOf(store, { agentId, text });
      for (const text of [
        session,
        session.toLowerCase(),
        'grün',
        'TOOL_ERROR',
        '50%_OFF\\',
        'grün \u0000',
        '\ud800 h',
      ]) {
        expect([text, await found(text)]).toEqual([text, [failed.taskId]]);
      }
      for (const text of [done.taskId.toUpperCase(), 'LISBON, "s', '12.5', 'ünd', 'deep']) {
        expect([text, await found(text)]).toEqual([text, [done.taskId]]);
      }
      for (const text of ['5%0', 'gr_n', '%', 'attempts', 'weather.forecast', `${session}50`, 'x'.repeat(60_000)]) {
        expect([text, await found(text)]).toEqual([text, text === '%' ? [failed.taskId] : []]);
      }
      expect(await found('')).toEqual([done.taskId, failed.taskId]);
    },
  },
  {
    title: 'words are searched page by page like everything else',
    async run({ store }) {
      const agentId = uniqueAgent();
      const offsets = [1, 2, 3, 4, 5, 6];
      const taskIds = await accept(
        store,
        offsets.map((at) => ({ agentId, acceptedAt: sampleTime(at), sessionId: at % 2 ? 'odd-one' : 'even-one' })),
      );
      const first = await store.listTasks({ agentId, text: 'ODD', limit: 2 });
      expect(first.items.map(({ taskId }) => taskId)).toEqual([taskIds[4], taskIds[2]]);
      const second = await store.listTasks({ agentId, text: 'ODD', limit: 2, cursor: first.nextCursor ?? '' });
      expect(second.items.map(({ taskId }) => taskId)).toEqual([taskIds[0]]);
      expect(second.nextCursor).toBeNull();
    },
  },
  {
    title: 'a task names the tasks that it led to, oldest first, wherever it is read',
    async run({ store }) {
      const parent = sampleTask({ agentId: uniqueAgent(), traceId: randomUUID() });
      const { agentId, traceId, taskId: parentTaskId } = parent;
      const children = await accept(
        store,
        [20, 10].map((at) => ({ parentTaskId, acceptedAt: sampleTime(at) })),
      );
      await store.applyTaskEvents(sampleLife(parent));
      const childTaskIds = children.toReversed();
      expect(await store.getTask(parentTaskId)).toMatchObject({ childTaskIds });
      expect((await store.listTasks({ agentId, limit: 1 })).items).toMatchObject([{ childTaskIds }]);
      expect(await store.listTasksOfTrace(traceId ?? '')).toMatchObject([{ childTaskIds }]);
      expect(await store.getTask(childTaskIds[0] ?? '')).toMatchObject({ parentTaskId, childTaskIds: [] });
    },
  },
  {
    title: 'of every agent it is known how many tasks run, retry, came and began, and since when one waits',
    async run({ store }) {
      const agentId = uniqueAgent();
      const idle = uniqueAgent();
      const task = (at: number) => sampleTask({ agentId, acceptedAt: sampleTime(at) });
      const attempt = (startedAt: number) => ({
        number: 1,
        startedAt: sampleTime(startedAt),
        queueWaitMs: 0,
        workerId: 'w',
        spanId: null,
      });
      await store.applyTaskEvents([
        ...[30, 10, 20].map((at) => sampleEvent(task(at), 'accepted', at)),
        sampleEvent(task(1), 'started', 40, { attempt: attempt(40) }),
        sampleEvent(task(2), 'started', 15, { attempt: attempt(15) }),
        sampleEvent(task(3), 'attempt_failed', 25, { attempt: { ...attempt(20), endedAt: sampleTime(25) } }),
        sampleEvent(task(4), 'succeeded', 25, { attempt: { ...attempt(20), endedAt: sampleTime(25) } }),
        sampleEvent(sampleTask({ agentId: idle, acceptedAt: sampleTime(0) }), 'succeeded', 5),
      ]);
      const counts = await store.countByAgent(sampleTime(20));
      expect(counts.map((one) => one.agentId)).toEqual(counts.map((one) => one.agentId).toSorted());
      expect(counts.find((one) => one.agentId === agentId)).toEqual({
        agentId,
        oldestAcceptedAt: sampleTime(10),
        running: 2,
        retrying: 1,
        acceptedSince: 2,
        startedSince: 3,
      });
      expect(counts.find((one) => one.agentId === idle)).toEqual({
        agentId: idle,
        oldestAcceptedAt: null,
        running: 0,
        retrying: 0,
        acceptedSince: 0,
        startedSince: 0,
      });
    },
  },
  {
    title: 'old tasks are forgotten once they have ended, younger ones and those under way are not',
    async run({ store }) {
      // Long ago, so that nothing else in the store is as old.
      const nowMs = Date.UTC(2000, 0);
      const at = (offset: number) => ({ acceptedAt: new Date(nowMs + offset).toISOString() });
      const [old, edge, running] = await accept(store, [at(-1), at(0), at(-1)], ['succeeded', 'succeeded', 'started']);
      expect(await store.purgeTasks(nowMs + 1_000, 1_000)).toBe(1);
      expect(await store.getTask(old ?? '')).toBeNull();
      expect(await store.getTask(edge ?? '')).not.toBeNull();
      expect(await store.getTask(running ?? '')).not.toBeNull();
      expect(await store.purgeTasks(nowMs + 1_000, 1_000)).toBe(0);
      expect(await store.purgeTasks(nowMs + 1_001, 1_000)).toBe(1);
    },
  },
];

/** One task for each summary, told of by one event; their ids. */
async function accept(
  store: RecordStore,
  summaries: readonly Partial<TaskSummary>[],
  kinds: readonly TaskEventKind[] = [],
): Promise<string[]> {
  const tasks = summaries.map((summary) => sampleTask(summary));
  await store.applyTaskEvents(tasks.map((task, index) => sampleEvent(task, kinds[index] ?? 'accepted', 100)));
  return tasks.map(({ taskId }) => taskId);
}

async function idsOf(store: RecordStore, query: Omit<TaskQuery, 'limit'> & { limit?: number }): Promise<string[]> {
  return (await store.listTasks({ limit: 100, ...query })).items.map(({ taskId }) => taskId);
}

function uniqueAgent(): string {
  return `agent-${randomUUID()}`;
}
