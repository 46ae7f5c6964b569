import { randomUUID } from 'node:crypto';
import type { AttemptFacts } from '@tracepost/contracts';
import { expect } from 'vitest';
import { RecordsRefusedError } from '../record-store.ts';
import type { HouseSubject } from './house-subject.ts';
import { sampleTime } from './sample-events.ts';
import { NOW_MS, sampleClaim, sampleEnded, sampleEnding, sampleLost, sampleRetry } from './sample-inbox.ts';
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
      expect(outcomes[0]).toEqual(sampleEnded(event));
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
        const beginning = { startedAt: odd, queueWaitMs: 0, spanId: odd };
        const claim = sampleClaim({ taskId, agentId: odd, workerId: odd, copy: odd, beginning });
        const lost = [sampleLost(claim, 1)];
        expect(await inbox.claim(claim)).toMatchObject({ status: 'claimed', generation: 1 });
        expect(await inbox.claim(claim)).toMatchObject({ status: 'busy' });
        expect(await inbox.claim({ ...claim, isRedelivered: true })).toMatchObject({ generation: 2 });
        const event = { ...sampleEnding(taskId), result: odd };
        expect(await inbox.end({ taskId, generation: 2, event })).toEqual(sampleEnded(event, lost));
        expect(await inbox.claim(claim)).toEqual(sampleEnded(event, lost));
      }
    },
  },
  {
    title: 'a redelivery of the same copy takes over, and who held it before has lost it',
    async run({ stores: { inbox } }) {
      const claim = sampleClaim();
      await inbox.claim(claim);
      const again = sampleClaim({ ...claim, isRedelivered: true, workerId: 'worker-2' });
      const lostAttempts = [sampleLost(claim, 1)];
      expect(await inbox.claim(again)).toEqual({ ...FIRST, generation: 2, attempt: 2, crashes: 1, lostAttempts });
      const { taskId } = claim;
      expect(await inbox.end({ taskId, generation: 1, event: sampleEnding(taskId) })).toEqual({ status: 'lost' });
      expect(await inbox.awaitRetry(sampleRetry(taskId, 1, 2))).toBe(false);
      const event = sampleEnding(taskId, 'failed', 2);
      expect(await inbox.end({ taskId, generation: 2, event })).toEqual(sampleEnded(event, lostAttempts));
    },
  },
  {
    title: 'a worker that takes over from itself lives: that is another attempt and no crash',
    async run({ stores: { inbox } }) {
      const claim = sampleClaim();
      // As when it was granted and the answer was lost.
      await inbox.claim(claim);
      const again = { ...claim, isRedelivered: true };
      const lostAttempts = [sampleLost(claim, 1)];
      expect(await inbox.claim(again)).toEqual({ ...FIRST, generation: 2, attempt: 2, lostAttempts });
      const another = { ...again, workerId: 'worker-2' };
      lostAttempts.push(sampleLost(again, 2));
      expect(await inbox.claim(another)).toEqual({ ...FIRST, generation: 3, attempt: 3, crashes: 1, lostAttempts });
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
      const once = { ...FIRST, crashes: 1, lostAttempts: [sampleLost(redelivered, 1)] };
      expect(await inbox.claim(another)).toEqual({ ...once, generation: 3, attempt: 2 });
      expect(await inbox.release({ taskId, generation: 2 })).toBe(false);
      expect(await inbox.release({ taskId, generation: 3 })).toBe(true);
      expect(await inbox.claim(redelivered)).toEqual({ ...once, generation: 4, attempt: 2 });
      // A retry goes on counting, and the crashes stay counted.
      expect(await inbox.awaitRetry(sampleRetry(taskId, 4, 3))).toBe(true);
      const retry = { ...claim, attempt: 3, copy: '3:' };
      expect(await inbox.claim(retry)).toEqual({ ...once, generation: 5, attempt: 3 });
    },
  },
  {
    title: 'whoever takes over hears how each attempt began that was lost, and so do all after it',
    async run({ stores: { inbox } }) {
      const began = (number: number): Claim =>
        sampleClaim({
          taskId,
          isRedelivered: number > 1,
          workerId: `worker "${number}", {the next}`,
          beginning: {
            startedAt: sampleTime(number),
            queueWaitMs: number / 8,
            spanId: number % 2 ? `span-${number}` : null,
            ...(number === 2 ? { backOffMs: 0 } : {}),
          },
        });
      const { taskId } = sampleClaim();
      const lostAttempts: AttemptFacts[] = [];
      for (const number of [1, 2, 3, 4, 5]) {
        const claimed = { ...FIRST, generation: number, attempt: number, crashes: number - 1, lostAttempts };
        expect(await inbox.claim(began(number))).toEqual(claimed);
        lostAttempts.push(sampleLost(began(number), number));
      }
      expect(await inbox.claim(began(6))).toMatchObject({ crashes: 5, lostAttempts });
      // What is given back or tried again was not lost.
      await inbox.release({ taskId, generation: 6 });
      expect(await inbox.claim(began(7))).toMatchObject({ attempt: 6, lostAttempts });
      await inbox.awaitRetry(sampleRetry(taskId, 7, 7));
      expect(await inbox.claim({ ...began(8), attempt: 7, copy: '7:' })).toMatchObject({ attempt: 7, lostAttempts });
      const event = sampleEnding(taskId, 'dead', 7);
      const ended = sampleEnded(event, lostAttempts, [sampleRetry(taskId, 7, 7).event]);
      expect(await inbox.end({ taskId, generation: 8, event })).toEqual(ended);
      expect(await inbox.claim(began(9))).toEqual(ended);
    },
  },
  {
    title: 'the list of what was lost does not grow without end; the last of it is always there',
    async run({ stores: { inbox } }) {
      const claim = sampleClaim({ isRedelivered: true, workerId: 'w'.repeat(200) });
      for (let attempt = 1; attempt <= 60; attempt++) {
        const outcome = await inbox.claim(claim);
        if (outcome.status !== 'claimed') throw new Error(`the claim was ${outcome.status}`);
        const numbers = outcome.lostAttempts.map(({ number }) => number);
        const first = attempt <= 20 ? 1 : (numbers[0] ?? 0);
        expect(numbers).toEqual(Array.from({ length: attempt - first }, (_, index) => first + index));
        expect(JSON.stringify(outcome.lostAttempts).length).toBeLessThan(16_384);
      }
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
      expect(await inbox.awaitRetry(sampleRetry(taskId, 1, 2))).toBe(true);
      expect(await inbox.awaitRetry(sampleRetry(taskId, 1, 2))).toBe(true);
      expect(await inbox.claim({ ...claim, isRedelivered: true })).toMatchObject({ status: 'superseded' });
      const retry = { ...claim, attempt: 2, copy: '2:' };
      expect(await inbox.claim(retry)).toMatchObject({ status: 'claimed', generation: 2 });
      expect(await inbox.claim(retry)).toMatchObject({ status: 'busy' });
    },
  },
  {
    title: 'what is told of attempts that are tried again is kept once each, for old copies and with the ending',
    async run({ stores: { inbox } }) {
      const claim = sampleClaim();
      const { taskId } = claim;
      const odd = { code: 'odd', message: 'NUL \u0000, half \ud800, "},{', stack: 'a\nb' };
      const first = sampleRetry(taskId, 1, 2);
      const second = { ...sampleRetry(taskId, 2, 3), event: { ...sampleRetry(taskId, 2, 3).event, error: odd } };
      const failedAttempts = [first.event, second.event];
      await inbox.claim(claim);
      await inbox.awaitRetry(first);
      expect(await inbox.awaitRetry({ ...first, event: second.event })).toBe(true);
      const old = { ...claim, isRedelivered: true };
      expect(await inbox.claim(old)).toEqual({ status: 'superseded', failedAttempts: [first.event] });
      await inbox.claim({ ...claim, attempt: 2, copy: '2:' });
      expect(await inbox.awaitRetry({ ...second, generation: 1 })).toBe(false);
      await inbox.awaitRetry(second);
      expect(await inbox.claim(old)).toEqual({ status: 'superseded', failedAttempts });
      const event = sampleEnding(taskId, 'cancelled', 0);
      await inbox.cancel({ taskId, event });
      expect(await inbox.claim(old)).toEqual(sampleEnded(event, [], failedAttempts));
      expect(await inbox.end({ taskId, generation: null, event })).toEqual(sampleEnded(event, [], failedAttempts));
    },
  },
  {
    title: 'the list of what failed does not grow without end; the last of it is always there',
    async run({ stores: { inbox } }) {
      const claim = sampleClaim();
      const { taskId } = claim;
      const error = { code: 'long', message: 'x'.repeat(8_000) };
      for (let attempt = 1; attempt <= 20; attempt++) {
        await inbox.claim({ ...claim, attempt, copy: `${attempt}:` });
        const retry = sampleRetry(taskId, attempt, attempt + 1);
        await inbox.awaitRetry({ ...retry, event: { ...retry.event, error } });
        const outcome = await inbox.claim({ ...claim, isRedelivered: true });
        if (outcome.status !== 'superseded') throw new Error(`the claim was ${outcome.status}`);
        expect(outcome.failedAttempts.at(-1)?.attempt).toMatchObject({ number: attempt });
        expect(JSON.stringify(outcome.failedAttempts).length).toBeLessThan(100_000);
        if (attempt <= 5) expect(outcome.failedAttempts).toHaveLength(attempt);
      }
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
      await stores.inbox.awaitRetry(sampleRetry(waiting.taskId, 1, 2));
      const event = sampleEnding(ended.taskId);
      await stores.inbox.end({ taskId: ended.taskId, generation: 1, event });
      await stores.close();
      const { inbox } = await open();
      const again = { isRedelivered: true, nowMs: NOW_MS + 1 };
      expect(await inbox.claim({ ...held, ...again })).toMatchObject({ status: 'claimed', generation: 2 });
      const { event: failed } = sampleRetry(waiting.taskId, 1, 2);
      expect(await inbox.claim({ ...waiting, ...again })).toEqual({ status: 'superseded', failedAttempts: [failed] });
      expect(await inbox.claim({ ...ended, ...again })).toEqual(sampleEnded(event));
    },
  },
];

/** Of a task that nobody had. */
const FIRST = {
  status: 'claimed',
  generation: 1,
  isCancelRequested: false,
  attempt: 1,
  crashes: 0,
  lostAttempts: [] as readonly AttemptFacts[],
} as const;

type Claim = ReturnType<typeof sampleClaim>;
