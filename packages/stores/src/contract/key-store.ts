import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { IdempotencyKeyStore } from '../key-store.ts';
import { RecordsRefusedError } from '../record-store.ts';
import { describeHouseProperties, type HouseHarness, type HouseSubject } from './house-subject.ts';
import { NOW_MS } from './sample-inbox.ts';
import type { Property } from './signal-property.ts';

type KeyClaim = Parameters<IdempotencyKeyStore['claim']>[0];

const DAY_MS = 24 * 3_600_000;

/** What every store of idempotency keys promises. */
export const KEY_STORE_PROPERTIES: readonly Property<HouseSubject>[] = [
  {
    title: 'a key is taken by the first request, and a second one hears under which task',
    async run({ stores: { keys } }) {
      const first = sampleKey();
      expect(await keys.claim(first)).toEqual({ status: 'mine' });
      const second = { ...first, taskId: randomUUID(), traceId: 'another' };
      const pending = { status: 'pending', taskId: first.taskId, traceId: first.traceId };
      expect(await keys.claim(second)).toEqual(pending);
      expect(await keys.claim(second)).toEqual(pending);
    },
  },
  {
    title: 'of a hundred requests with one key at once one takes it',
    async run({ stores, open }) {
      const other = await open();
      const claims = Array.from({ length: 100 }, () => ({ ...sampleKey(), key: 'the same', agentId: 'of-this-test' }));
      const outcomes = await Promise.all(
        claims.map((claim, index) => (index % 2 ? other : stores).keys.claim({ ...claim, bodyHash: 'same' })),
      );
      const mine = claims.filter((_, index) => outcomes[index]?.status === 'mine');
      expect(mine).toHaveLength(1);
      const { taskId, traceId } = mine[0] as KeyClaim;
      const others = outcomes.filter(({ status }) => status !== 'mine');
      expect(others).toEqual(Array(99).fill({ status: 'pending', taskId, traceId }));
    },
  },
  {
    title: 'an answered key gives the first answer again, also to a store that is opened later',
    async run({ stores, open }) {
      for (const answer of [{ taskId: 'NUL \u0000', links: [] }, null, 0, '']) {
        const key = sampleKey();
        await stores.keys.claim(key);
        await stores.keys.answer({ ...key, answer });
        await stores.keys.answer({ ...key, answer: 'another' });
        const { keys } = await open();
        expect(await keys.claim({ ...key, taskId: randomUUID() })).toEqual({ status: 'answered', answer });
      }
    },
  },
  {
    title: 'another body under the same key is a conflict, answered or not',
    async run({ stores: { keys } }) {
      const key = sampleKey();
      await keys.claim(key);
      const other = { ...key, bodyHash: 'another' };
      expect(await keys.claim(other)).toEqual({ status: 'conflict' });
      await keys.answer({ ...key, answer: 'first' });
      expect(await keys.claim(other)).toEqual({ status: 'conflict' });
    },
  },
  {
    title: 'a key whose request was not accepted is free again, and only its own request can free it',
    async run({ stores: { keys } }) {
      const key = sampleKey();
      await keys.claim(key);
      await keys.release({ ...key, taskId: randomUUID() });
      expect(await keys.claim(key)).toMatchObject({ status: 'pending' });
      await keys.release(key);
      expect(await keys.claim({ ...key, bodyHash: 'another' })).toEqual({ status: 'mine' });
      await keys.answer({ ...key, answer: 'first' });
      await keys.release(key);
      expect(await keys.claim({ ...key, bodyHash: 'another' })).toEqual({ status: 'answered', answer: 'first' });
    },
  },
  {
    title: 'the same key of another tenant or agent is another key',
    async run({ stores: { keys } }) {
      const key = sampleKey();
      const others = [
        { ...key, tenantId: 'another' },
        { ...key, agentId: 'another' },
        { ...key, key: key.key.toUpperCase() },
        { ...key, key: `${key.key} NUL \u0000` },
        { ...key, key: `${key.key}'; ${'x'.repeat(1_000)}` },
      ];
      expect(await Promise.all([key, ...others].map((one) => keys.claim(one)))).toEqual(
        Array(6).fill({ status: 'mine' }),
      );
    },
  },
  {
    title: 'a key stands for its task for a day',
    async run({ stores: { keys } }) {
      const key = sampleKey();
      await keys.claim(key);
      await keys.answer({ ...key, answer: 'first' });
      const later = { ...key, taskId: randomUUID(), bodyHash: 'another' };
      expect(await keys.claim({ ...later, nowMs: NOW_MS + DAY_MS - 1 })).toEqual({ status: 'conflict' });
      expect(await keys.claim({ ...later, nowMs: NOW_MS + DAY_MS })).toEqual({ status: 'mine' });
      expect(await keys.claim({ ...later, nowMs: NOW_MS + DAY_MS })).toMatchObject({ taskId: later.taskId });
    },
  },
  {
    title: 'a key that cannot be stored is refused alone',
    async run({ stores: { keys } }) {
      const claims = [sampleKey(), { ...sampleKey(), nowMs: Number.NaN }, sampleKey()];
      const outcomes = await Promise.allSettled(claims.map((claim) => keys.claim(claim)));
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect((outcomes[1] as PromiseRejectedResult).reason).toBeInstanceOf(RecordsRefusedError);
    },
  },
  {
    title: 'keys are forgotten after a day, and not before',
    async run({ stores: { keys } }) {
      const nowMs = Date.UTC(2000, 0);
      const key = { ...sampleKey(), nowMs };
      await keys.claim(key);
      expect(await keys.purge(nowMs + DAY_MS - 1)).toBe(0);
      expect(await keys.claim(key)).toMatchObject({ status: 'pending' });
      expect(await keys.purge(nowMs + DAY_MS)).toBe(1);
      expect(await keys.claim(key)).toEqual({ status: 'mine' });
      await keys.purge(nowMs + DAY_MS);
    },
  },
  {
    title: 'past the limit no key is added, however many ask at once; those that are there go on answering',
    async run({ open }) {
      const { keys } = await open({ maxKeys: 3 });
      await forgetAll(keys);
      const asked = Array.from({ length: 20 }, sampleKey);
      const outcomes = await Promise.all(asked.map((key) => keys.claim(key)));
      const mine = asked.filter((_, index) => outcomes[index]?.status === 'mine') as [KeyClaim, KeyClaim, KeyClaim];
      expect(mine).toHaveLength(3);
      expect(outcomes.filter(({ status }) => status === 'full')).toHaveLength(17);
      const [first, second, third] = mine;
      await keys.answer({ ...first, answer: 'first' });
      expect(await keys.claim(sampleKey())).toEqual({ status: 'full' });
      expect(await keys.claim(first)).toEqual({ status: 'answered', answer: 'first' });
      expect(await keys.claim(second)).toMatchObject({ status: 'pending', taskId: second.taskId });
      expect(await keys.claim({ ...third, bodyHash: 'another' })).toEqual({ status: 'conflict' });
      await forgetAll(keys);
    },
  },
  {
    title: 'a key that is released or forgotten makes room for another, and one that has had its day for itself',
    async run({ open }) {
      const { keys } = await open({ maxKeys: 2 });
      await forgetAll(keys);
      const [released, old] = [sampleKey(), sampleKey()];
      expect(await keys.claim(released)).toEqual({ status: 'mine' });
      expect(await keys.claim(old)).toEqual({ status: 'mine' });
      await keys.release(released);
      expect(await keys.claim(sampleKey())).toEqual({ status: 'mine' });
      expect(await keys.claim(sampleKey())).toEqual({ status: 'full' });
      const again = { ...old, taskId: randomUUID(), nowMs: NOW_MS + DAY_MS };
      expect(await keys.claim(again)).toEqual({ status: 'mine' });
      expect(await keys.claim({ ...sampleKey(), nowMs: NOW_MS + DAY_MS })).toEqual({ status: 'full' });
      expect(await keys.purge(NOW_MS + DAY_MS)).toBe(1);
      expect(await keys.claim({ ...sampleKey(), nowMs: NOW_MS + DAY_MS })).toEqual({ status: 'mine' });
      await forgetAll(keys);
    },
  },
  {
    title: 'a store that is opened full finds out that it is',
    async run({ open }) {
      const { keys } = await open();
      await forgetAll(keys);
      for (let count = 0; count < 50; count++) await keys.claim(sampleKey());
      const small = await open({ maxKeys: 10 });
      let taken = 0;
      // Counting may take a moment; without it there would be room for all ten.
      while ((await small.keys.claim(sampleKey())).status !== 'full') {
        taken += 1;
        expect(taken).toBeLessThan(10);
        await sleep(4 * 2 ** taken);
      }
      await forgetAll(keys);
    },
  },
];

export function describeKeyStoreContract(name: string, createHarness: () => Promise<HouseHarness>): void {
  describeHouseProperties(`${name} as a store of idempotency keys`, KEY_STORE_PROPERTIES, createHarness);
}

/** Whatever other properties left. */
async function forgetAll(keys: IdempotencyKeyStore): Promise<void> {
  while ((await keys.purge(Date.UTC(2100, 0))) > 0);
}

function sampleKey(): KeyClaim {
  return {
    tenantId: 'default',
    agentId: 'weather',
    key: randomUUID(),
    bodyHash: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    taskId: randomUUID(),
    traceId: randomUUID().replaceAll('-', ''),
    nowMs: NOW_MS,
  };
}
