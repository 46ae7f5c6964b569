import { randomUUID } from 'node:crypto';
import type { TaskEvent, TaskRecord } from '@tracepost/contracts';
import { expect } from 'vitest';
import { applyTaskEvent } from '../task-reducer.ts';
import type { RecordStoreProperty } from './record-store-property.ts';
import { sampleEvent, sampleLife, sampleTask } from './sample-events.ts';

/** One task: what is kept of its events. */
export const TASK_PROPERTIES: readonly RecordStoreProperty[] = [
  {
    title: 'a task of which no event has told is not there',
    async run({ store }) {
      expect(await store.getTask(randomUUID())).toBeNull();
    },
  },
  {
    title: 'the record of a task is what the reducer makes of its events, told in one batch',
    async run({ store }) {
      const life = sampleLife(sampleTask({ traceId: '4bf92f3577b34da6a3ce929d0e0e4736', sessionId: 's-1' }));
      await store.applyTaskEvents(life);
      expect(await store.getTask(taskOf(life))).toEqual(reduce(life));
    },
  },
  {
    title: 'the record is the same when the events come one by one, unordered and repeated',
    async run({ store }) {
      const life = sampleLife(sampleTask());
      for (const event of [...life.toReversed(), ...life]) await store.applyTaskEvents([event]);
      expect(await store.getTask(taskOf(life))).toEqual(reduce(life));
    },
  },
  {
    title: 'a batch may tell of many tasks at once',
    async run({ store }) {
      const lives = Array.from({ length: 1_200 }, () => sampleLife(sampleTask()));
      await store.applyTaskEvents(lives.flatMap((life) => life.slice(0, 2)));
      await store.applyTaskEvents(lives.flatMap((life) => life.slice(2)));
      for (const life of [lives[0], lives[599], lives[1_199]]) {
        if (life) expect(await store.getTask(taskOf(life))).toEqual(reduce(life));
      }
    },
  },
  {
    title: 'a batch without events changes nothing',
    async run({ store }) {
      const before = await store.countTasks();
      await store.applyTaskEvents([]);
      expect(await store.countTasks()).toBe(before);
    },
  },
  {
    title: 'what is written is read by a store that is opened later',
    async run({ store, open }) {
      const life = sampleLife(sampleTask());
      await store.applyTaskEvents(life);
      await store.close();
      expect(await (await open()).getTask(taskOf(life))).toEqual(reduce(life));
    },
  },
  {
    title: 'two stores that write about the same tasks at the same time lose nothing',
    async run({ store, open }) {
      const other = await open();
      for (let round = 0; round < 10; round++) {
        const lives = Array.from({ length: 20 }, () => sampleLife(sampleTask()));
        // The second half backwards: two batches that meet their tasks in opposite order must not block each other.
        const even = lives.flatMap((life) => life.filter((_, index) => index % 2 === 0));
        const odd = lives.toReversed().flatMap((life) => life.filter((_, index) => index % 2 === 1));
        await Promise.all([store.applyTaskEvents(even), other.applyTaskEvents(odd)]);
        for (const life of lives) expect(await store.getTask(taskOf(life))).toEqual(reduce(life));
      }
    },
  },
  {
    title: 'a result comes back exactly, whatever JSON it is',
    async run({ store }) {
      for (const result of ODD_RESULTS) {
        const life = sampleLife(sampleTask(), result);
        await store.applyTaskEvents(life);
        expect((await store.getTask(taskOf(life)))?.result).toEqual(result);
      }
    },
  },
  {
    title: 'ids and words are values, never part of a statement, whatever they hold',
    async run({ store }) {
      for (const odd of [
        "'; drop table tasks; --",
        '$1',
        '?',
        '\\',
        '%_',
        'NUL \u0000 inside',
        'ü𝄞',
        'x'.repeat(1_000),
      ]) {
        const task = sampleTask({
          taskId: `${odd}-${randomUUID()}`,
          source: odd,
          correlationId: odd,
          sessionId: odd,
          traceId: odd,
        });
        await store.applyTaskEvents([sampleEvent(task, 'accepted', 0)]);
        expect(await store.getTask(task.taskId)).toMatchObject({ taskId: task.taskId, source: odd, traceId: odd });
        expect((await store.listTasksOfTrace(odd)).some(({ taskId }) => taskId === task.taskId)).toBe(true);
      }
    },
  },
  {
    title: 'tasks are counted, not their events',
    async run({ store }) {
      const before = await store.countTasks();
      await store.applyTaskEvents([...sampleLife(sampleTask()), ...sampleLife(sampleTask())]);
      expect(await store.countTasks()).toBe(before + 2);
    },
  },
  {
    title: 'a closed store may be closed again, and refuses to answer',
    async run({ store }) {
      await expect(store.ping()).resolves.toBeUndefined();
      await store.close();
      await expect(store.close()).resolves.toBeUndefined();
      await expect(store.getTask('any')).rejects.toThrow();
      await expect(store.ping()).rejects.toThrow();
    },
  },
];

const ODD_RESULTS: readonly unknown[] = [
  0,
  '',
  false,
  [],
  { nested: { list: [1.5, -0.1, 1e300, null, [[]]] } },
  JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":1}}'),
  { 'NUL \u0000 in a key': 'and \u0000 in a value', surrogate: '\ud800', astral: '𝄞', separator: '\u2028' },
  { b: 1, a: 2, 10: 'ten', 9: 'nine' },
  'x'.repeat(300_000),
];

function taskOf(life: readonly TaskEvent[]): string {
  return life[0]?.task.taskId ?? '';
}

function reduce(events: readonly TaskEvent[]): TaskRecord | null {
  return events.reduce<TaskRecord | null>(applyTaskEvent, null);
}
