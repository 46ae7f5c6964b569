import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { DeadLetter, DeadLetterStore } from '../dead-letter-store.ts';
import { InvalidCursorError, RecordsRefusedError } from '../record-store.ts';
import { describeHouseProperties, type HouseHarness, type HouseSubject } from './house-subject.ts';
import { sampleTime } from './sample-events.ts';
import type { Property } from './signal-property.ts';

/** What every store of dead letters promises. */
export const DEAD_LETTER_STORE_PROPERTIES: readonly Property<HouseSubject>[] = [
  {
    title: 'a letter comes back as it was added, with every header and byte',
    async run({ stores, open }) {
      const letter = sampleLetter({
        taskId: `m-${'0'.repeat(32)}-${randomUUID()}`,
        notificationType: null,
        error: { code: 'delivery_limit', message: "NUL \u0000, half \ud800, ' quoted", stack: 'at …' },
        attempts: [{ number: 1, startedAt: sampleTime(0), endedAt: null, workerId: 'w', error: null }],
        headers: { 'x-death': [{ count: 5 }], 'odd \u0000': null, nested: { a: [1.5, ''] } },
        body: Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
      });
      expect(await stores.deadLetters.get(letter.queue, letter.taskId)).toBeNull();
      await stores.deadLetters.add([letter, sampleLetter({ queue: letter.queue })]);
      const { deadLetters } = await open();
      expect(await deadLetters.get(letter.queue, letter.taskId)).toEqual(letter);
      expect((await deadLetters.list({ queue: letter.queue, limit: 10 })).items).toContainEqual(letter);
    },
  },
  {
    title: 'a letter that is added twice is there once, as it was first',
    async run({ stores, open }) {
      const other = await open();
      const letter = sampleLetter();
      const again = { ...letter, reason: 'another' };
      await stores.deadLetters.add([letter, again]);
      await Promise.all([stores.deadLetters.add([again]), other.deadLetters.add([again])]);
      await stores.deadLetters.add([]);
      expect((await stores.deadLetters.list({ queue: letter.queue, limit: 10 })).items).toEqual([letter]);
    },
  },
  {
    title: 'letters are listed by queue, newest first, page by page, each once',
    async run({ stores: { deadLetters } }) {
      const { queue } = sampleLetter();
      const letters = [30, 10, 50, 20, 20].map((at) => sampleLetter({ queue, deadAt: sampleTime(at) }));
      await deadLetters.add([...letters, sampleLetter({ deadAt: sampleTime(40) })]);
      const pages = await readPages(deadLetters, queue, 2);
      expect(pages.map((page) => page.map(({ deadAt }) => deadAt))).toEqual(
        [[50, 30], [20, 20], [10]].map((page) => page.map(sampleTime)),
      );
      expect(new Set(pages.flat().map(({ taskId }) => taskId)).size).toBe(5);
      expect((await deadLetters.list({ queue, limit: 5 })).nextCursor).toBeNull();
      expect(await deadLetters.list({ queue: 'agent.unknown', limit: 5 })).toEqual({ items: [], nextCursor: null });
    },
  },
  {
    title: 'letters that come or go while somebody turns the pages move none of the others',
    async run({ stores: { deadLetters } }) {
      const { queue } = sampleLetter();
      const letters = [1, 2, 3, 4].map((at) => sampleLetter({ queue, deadAt: sampleTime(at) }));
      await deadLetters.add(letters);
      const first = await deadLetters.list({ queue, limit: 2 });
      await deadLetters.add([8, 9].map((at) => sampleLetter({ queue, deadAt: sampleTime(at) })));
      await deadLetters.remove(queue, first.items[1]?.taskId ?? '');
      const second = await deadLetters.list({ queue, limit: 2, cursor: first.nextCursor ?? '' });
      expect(second.items.map(({ deadAt }) => deadAt)).toEqual([sampleTime(2), sampleTime(1)]);
    },
  },
  {
    title: 'a page of large letters is shorter than was asked for, and its cursor leads on',
    async run({ stores: { deadLetters } }) {
      const { queue } = sampleLetter();
      const letters = Array.from({ length: 6 }, (_, at) =>
        sampleLetter({ queue, deadAt: sampleTime(at), body: Buffer.alloc(6 * 1024 ** 2, at) }),
      );
      for (const letter of letters) await deadLetters.add([letter]);
      const pages = await readPages(deadLetters, queue, 100);
      expect(pages.flat().map(({ taskId }) => taskId)).toEqual(letters.toReversed().map(({ taskId }) => taskId));
      for (const page of pages) {
        expect(page.reduce((sum, { body }) => sum + body.length, 0)).toBeLessThanOrEqual(16 * 1024 ** 2);
      }
    },
  },
  {
    title: 'of many that remove a letter at once one hears that it did',
    async run({ stores, open }) {
      const other = await open();
      const letter = sampleLetter();
      const { queue, taskId } = letter;
      await stores.deadLetters.add([letter]);
      expect(await stores.deadLetters.remove('agent.another', taskId)).toBe(false);
      const removed = await Promise.all(
        Array.from({ length: 20 }, (_, index) => (index % 2 ? other : stores).deadLetters.remove(queue, taskId)),
      );
      expect(removed.filter((isRemoved) => isRemoved)).toHaveLength(1);
      expect(await stores.deadLetters.get(queue, taskId)).toBeNull();
      expect((await stores.deadLetters.list({ queue, limit: 5 })).items).toEqual([]);
    },
  },
  {
    title: 'a removed letter that is told again stays removed; one that died again since is back',
    async run({ stores: { deadLetters } }) {
      const letter = sampleLetter({ deadAt: '2026-01-01T00:00:00.000Z' });
      const { queue, taskId } = letter;
      await deadLetters.add([letter]);
      await deadLetters.remove(queue, taskId);
      await deadLetters.add([letter]);
      expect(await deadLetters.get(queue, taskId)).toBeNull();
      const again = { ...letter, deadAt: '2100-01-01T00:00:00.000Z', body: Buffer.from('again') };
      await deadLetters.add([again]);
      expect(await deadLetters.get(queue, taskId)).toEqual(again);
    },
  },
  {
    title:
      'one death is told from another by when each happened, whether the clock that saw them was ahead of the store or behind',
    async run({ stores: { deadLetters } }) {
      for (const year of ['2001', '2100']) {
        const letter = sampleLetter({ deadAt: `${year}-01-01T00:00:00.000Z`, attempts: [] });
        const { queue, taskId, deadAt } = letter;
        const again = { ...letter, deadAt: `${year}-01-02T00:00:00.000Z`, body: Buffer.from('again') };
        await deadLetters.add([letter]);
        expect(await deadLetters.remove(queue, taskId)).toBe(true);
        await deadLetters.add([letter]);
        expect(await deadLetters.get(queue, taskId)).toBeNull();
        await deadLetters.add([letter, again]);
        expect(await deadLetters.get(queue, taskId)).toEqual(again);
        await deadLetters.forget(queue, taskId, deadAt);
        for (const old of [letter, again]) await deadLetters.add([old]);
        expect(await deadLetters.get(queue, taskId)).toBeNull();
      }
    },
  },
  {
    title: 'a letter that was forgotten before it came does not come; one that died after that does',
    async run({ stores: { deadLetters } }) {
      const [late, there] = [sampleLetter(), sampleLetter()] as const;
      await deadLetters.add([there]);
      for (const letter of [late, there]) {
        const { queue, taskId, deadAt } = letter;
        for (const _ of [1, 2]) await deadLetters.forget(queue, taskId, deadAt);
        await deadLetters.add([letter]);
        expect(await deadLetters.get(queue, taskId)).toBeNull();
        expect((await deadLetters.list({ queue, limit: 5 })).items).toEqual([]);
        expect((await deadLetters.count()).get(queue) ?? 0).toBe(0);
        expect(await deadLetters.remove(queue, taskId)).toBe(false);
        const again = { ...letter, deadAt: '2100-01-01T00:00:00.000Z' };
        await deadLetters.add([again]);
        expect(await deadLetters.get(queue, taskId)).toEqual(again);
      }
    },
  },
  {
    title: 'letters are counted by queue, without the removed ones',
    async run({ stores: { deadLetters } }) {
      const letters = [sampleLetter(), sampleLetter()] as const;
      const { queue } = letters[0];
      await deadLetters.add([...letters, sampleLetter({ queue }), sampleLetter({ queue })]);
      await deadLetters.remove(queue, letters[0].taskId);
      await deadLetters.remove(letters[1].queue, letters[1].taskId);
      const counts = await deadLetters.count();
      expect(counts.get(queue)).toBe(2);
      expect(counts.has(letters[1].queue)).toBe(false);
    },
  },
  {
    title: 'with a letter that cannot be stored nothing of the batch is',
    async run({ stores: { deadLetters } }) {
      const good = sampleLetter();
      const bad = { ...sampleLetter({ queue: good.queue }), headers: { deep: deeplyNested() } };
      await expect(deadLetters.add([good, bad])).rejects.toBeInstanceOf(RecordsRefusedError);
      expect(await deadLetters.get(good.queue, good.taskId)).toBeNull();
      await deadLetters.add([good]);
      expect(await deadLetters.get(good.queue, good.taskId)).toEqual(good);
    },
  },
  {
    title: 'letters are forgotten after thirty days, and not before',
    async run({ stores: { deadLetters } }) {
      const nowMs = Date.UTC(2000, 0);
      const dayMs = 24 * 3_600_000;
      const letter = sampleLetter({ deadAt: new Date(nowMs).toISOString() });
      await deadLetters.add([letter]);
      expect(await deadLetters.purge(nowMs + 30 * dayMs - 1)).toBe(0);
      expect(await deadLetters.purge(nowMs + 30 * dayMs)).toBe(1);
      expect(await deadLetters.get(letter.queue, letter.taskId)).toBeNull();
    },
  },
  {
    title: 'a cursor that no page of letters gave is refused',
    async run({ stores: { deadLetters } }) {
      for (const cursor of ['x', '', 'bm90aGluZw']) {
        const listing = deadLetters.list({ queue: 'agent.a', limit: 1, cursor });
        await expect(listing).rejects.toBeInstanceOf(InvalidCursorError);
      }
    },
  },
];

export function describeDeadLetterStoreContract(name: string, createHarness: () => Promise<HouseHarness>): void {
  describeHouseProperties(`${name} as a store of dead letters`, DEAD_LETTER_STORE_PROPERTIES, createHarness);
}

/** In a queue of its own. */
function sampleLetter(said: Partial<DeadLetter> = {}): DeadLetter {
  const agentId = `agent-${randomUUID()}`;
  return {
    taskId: randomUUID(),
    queue: `agent.${agentId}`,
    agentId,
    notificationType: 'weather.forecast',
    reason: 'failed',
    error: null,
    deadAt: sampleTime(0),
    attempts: [],
    traceId: null,
    headers: {},
    body: Buffer.from('{}'),
    ...said,
  };
}

async function readPages(store: DeadLetterStore, queue: string, limit: number): Promise<DeadLetter[][]> {
  const pages: DeadLetter[][] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<DeadLetterStore['list']>> = await store.list({
      queue,
      limit,
      ...(cursor === null ? {} : { cursor }),
    });
    pages.push(page.items);
    cursor = page.nextCursor;
  } while (cursor !== null && pages.length < 100);
  return pages;
}

/** More than JSON can be written of. */
function deeplyNested(): unknown {
  let nested: unknown = null;
  for (let depth = 0; depth < 100_000; depth++) nested = [nested];
  return nested;
}
