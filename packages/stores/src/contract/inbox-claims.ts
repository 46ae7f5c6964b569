import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { RecordsRefusedError } from '../record-store.ts';
import type { HouseSubject } from './house-subject.ts';
import { NOW_MS, sampleClaim, sampleEnding } from './sample-inbox.ts';
import type { Property } from './signal-property.ts';

/** Who may begin an attempt. */
export const INBOX_CLAIM_PROPERTIES: readonly Property<HouseSubject>[] = [
  {
    title: 'a task of which nothing is known can be claimed, and its message is kept as it came',
    async run({ stores: { inbox } }) {
      const body = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
      const properties = { type: 'a.b', source: 'NUL \u0000', priority: 16, tenantId: 'default', sessionId: null };
      const claim = sampleClaim({ payload: { body, properties } });
      expect(await inbox.payloadOf(claim.taskId)).toBeNull();
      expect(await inbox.claim(claim)).toEqual(FIRST);
      expect(await inbox.payloadOf(claim.taskId)).toEqual({ body, properties });
    },
  },
  {
    title: 'of a hundred that claim a task at once one gets it, and the others hear until when it is busy',
    async run({ stores, open }) {
      const other = await open();
      const claim = sampleClaim();
      const outcomes = await Promise.all(
        Array.from({ length: 100 }, (_, index) => (index % 2 ? other : stores).inbox.claim(claim)),
      );
      expect(outcomes.filter(({ status }) => status === 'claimed')).toHaveLength(1);
      const busy = { status: 'busy', expiresAtMs: claim.expiresAtMs };
      expect(outcomes.filter(({ status }) => status !== 'claimed')).toEqual(Array(99).fill(busy));
    },
  },
  {
    title: 'many tasks are claimed at once, each by itself',
    async run({ stores: { inbox } }) {
      const [ended, taken, ...free] = Array.from({ length: 300 }, () => sampleClaim()) as [Claim, Claim, ...Claim[]];
      const event = sampleEnding(ended.taskId);
      await inbox.end({ taskId: ended.taskId, generation: null, event });
      await inbox.claim(taken);
      const outcomes = await Promise.all([ended, taken, ...free].map((claim) => inbox.claim(claim)));
      expect(outcomes[0]).toEqual({ status: 'ended', event });
      expect(outcomes[1]).toEqual({ status: 'busy', expiresAtMs: taken.expiresAtMs });
      expect(outcomes.slice(2).every(({ status }) => status === 'claimed')).toBe(true);
    },
  },
  {
    title: 'a value that cannot be stored is refused alone, whatever is claimed beside it',
    async run({ stores: { inbox } }) {
      const claims = Array.from({ length: 40 }, () => sampleClaim());
      const bad = [sampleClaim({ expiresAtMs: Number.NaN }), sampleClaim({ attempt: Number.NaN })];
      const large = sampleClaim({ payload: { body: Buffer.alloc(4 * 1024 ** 2, 7), properties: {} } });
      const all = [...claims.slice(0, 20), ...bad, large, ...claims.slice(20)];
      const outcomes = await Promise.allSettled(all.map((claim) => inbox.claim(claim)));
      const refused = outcomes.flatMap((outcome, index) => (outcome.status === 'rejected' ? [index] : []));
      expect(refused).toEqual([20, 21]);
      for (const index of refused) {
        expect((outcomes[index] as PromiseRejectedResult).reason).toBeInstanceOf(RecordsRefusedError);
      }
      expect((await inbox.payloadOf(large.taskId))?.body.length).toBe(4 * 1024 ** 2);
    },
  },
  {
    title: 'ids and words of the inbox are values, whatever they hold',
    async run({ stores: { inbox } }) {
      for (const odd of [
        "'; drop table inbox; --",
        '$1',
        '\\',
        'NUL \u0000',
        '\ud800 alone',
        'ü𝄞',
        'x'.repeat(1_000),
      ]) {
        const taskId = `${odd}-${randomUUID()}`;
        const claim = sampleClaim({ taskId, agentId: odd, workerId: odd, copy: odd });
        expect(await inbox.claim(claim)).toMatchObject({ status: 'claimed', generation: 1 });
        expect(await inbox.claim(claim)).toMatchObject({ status: 'busy' });
        expect(await inbox.claim({ ...claim, isRedelivered: true })).toMatchObject({ generation: 2 });
        const event = { ...sampleEnding(taskId), result: odd };
        expect(await inbox.end({ taskId, generation: 2, event })).toEqual({ status: 'ended', event });
        expect(await inbox.claim(claim)).toEqual({ status: 'ended', event });
      }
    },
  },
  {
    title: 'a redelivery of the same copy takes over, and who held it before has lost it',
    async run({ stores: { inbox } }) {
      const claim = sampleClaim();
      await inbox.claim(claim);
      const again = sampleClaim({ ...claim, isRedelivered: true, workerId: 'worker-2' });
      expect(await inbox.claim(again)).toEqual({ ...FIRST, generation: 2, attempt: 2, crashes: 1 });
      const { taskId } = claim;
      expect(await inbox.end({ taskId, generation: 1, event: sampleEnding(taskId) })).toEqual({ status: 'lost' });
      expect(await inbox.awaitRetry({ taskId, generation: 1, nextAttempt: 2 })).toBe(false);
      const event = sampleEnding(taskId, 'failed', 2);
      expect(await inbox.end({ taskId, generation: 2, event })).toEqual({ status: 'ended', event });
    },
  },
  {
    title: 'a worker that takes over from itself lives: that is another attempt and no crash',
    async run({ stores: { inbox } }) {
      const claim = sampleClaim();
      // As when it was granted and the answer was lost.
      await inbox.claim(claim);
      const again = { ...claim, isRedelivered: true };
      expect(await inbox.claim(again)).toEqual({ ...FIRST, generation: 2, attempt: 2 });
      const another = { ...again, workerId: 'worker-2' };
      expect(await inbox.claim(another)).toEqual({ ...FIRST, generation: 3, attempt: 3, crashes: 1 });
    },
  },
  {
    title: 'what was released is the same attempt again, and what was taken over is a crash',
    async run({ stores: { inbox } }) {
      const claim = sampleClaim();
      const { taskId } = claim;
      const redelivered = { ...claim, isRedelivered: true };
      await inbox.claim(claim);
      expect(await inbox.release({ taskId, generation: 1 })).toBe(true);
      expect(await inbox.release({ taskId, generation: 1 })).toBe(false);
      expect(await inbox.claim(redelivered)).toEqual({ ...FIRST, generation: 2 });
      const another = { ...redelivered, workerId: 'worker-2' };
      expect(await inbox.claim(another)).toEqual({ ...FIRST, generation: 3, attempt: 2, crashes: 1 });
      expect(await inbox.release({ taskId, generation: 2 })).toBe(false);
      expect(await inbox.release({ taskId, generation: 3 })).toBe(true);
      expect(await inbox.claim(redelivered)).toEqual({ ...FIRST, generation: 4, attempt: 2, crashes: 1 });
      // A retry goes on counting, and the crashes stay counted.
      expect(await inbox.awaitRetry({ taskId, generation: 4, nextAttempt: 3 })).toBe(true);
      const retry = { ...claim, attempt: 3, copy: '3:' };
      expect(await inbox.claim(retry)).toEqual({ ...FIRST, generation: 5, attempt: 3, crashes: 1 });
    },
  },
  {
    title: 'another copy of a running task is held off until the claim has run out',
    async run({ stores: { inbox } }) {
      const claim = sampleClaim();
      await inbox.claim(claim);
      const copy = sampleClaim({ ...claim, copy: '1:other', isRedelivered: true });
      const { expiresAtMs } = claim;
      expect(await inbox.claim({ ...copy, nowMs: expiresAtMs - 1 })).toEqual({ status: 'busy', expiresAtMs });
      const late = { ...copy, nowMs: expiresAtMs, expiresAtMs: expiresAtMs + 60_000 };
      expect(await inbox.claim(late)).toMatchObject({ status: 'claimed', generation: 2 });
    },
  },
  {
    title: 'a retry is claimed by its own attempt, and older copies of the message are told that they are',
    async run({ stores: { inbox } }) {
      const claim = sampleClaim();
      const { taskId } = claim;
      await inbox.claim(claim);
      expect(await inbox.awaitRetry({ taskId, generation: 1, nextAttempt: 2 })).toBe(true);
      expect(await inbox.awaitRetry({ taskId, generation: 1, nextAttempt: 2 })).toBe(true);
      expect(await inbox.claim({ ...claim, isRedelivered: true })).toEqual({ status: 'superseded' });
      const retry = { ...claim, attempt: 2, copy: '2:' };
      expect(await inbox.claim(retry)).toMatchObject({ status: 'claimed', generation: 2 });
      expect(await inbox.claim(retry)).toMatchObject({ status: 'busy' });
    },
  },
  {
    title: 'the message is the one that a worker saw first, through all retries',
    async run({ stores: { inbox } }) {
      const claim = sampleClaim();
      await inbox.claim(claim);
      const payload = { body: Buffer.from('another'), properties: {} };
      await inbox.claim({ ...claim, payload, isRedelivered: true });
      expect(await inbox.payloadOf(claim.taskId)).toEqual(claim.payload);
    },
  },
  {
    title: 'what a worker has done stays done when its process dies',
    async run({ stores, open }) {
      const [held, waiting, ended] = [sampleClaim(), sampleClaim(), sampleClaim()];
      await Promise.all([held, waiting, ended].map((claim) => stores.inbox.claim(claim)));
      await stores.inbox.awaitRetry({ taskId: waiting.taskId, generation: 1, nextAttempt: 2 });
      const event = sampleEnding(ended.taskId);
      await stores.inbox.end({ taskId: ended.taskId, generation: 1, event });
      await stores.close();
      const { inbox } = await open();
      const again = { isRedelivered: true, nowMs: NOW_MS + 1 };
      expect(await inbox.claim({ ...held, ...again })).toMatchObject({ status: 'claimed', generation: 2 });
      expect(await inbox.claim({ ...waiting, ...again })).toEqual({ status: 'superseded' });
      expect(await inbox.claim({ ...ended, ...again })).toEqual({ status: 'ended', event });
    },
  },
];

/** Of a task that nobody had. */
const FIRST = { status: 'claimed', generation: 1, isCancelRequested: false, attempt: 1, crashes: 0 } as const;

type Claim = ReturnType<typeof sampleClaim>;
