import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { HouseSubject } from './house-subject.ts';
import { sampleClaim, sampleEnded, sampleEnding, sampleLost, sampleRetry } from './sample-inbox.ts';
import type { Property } from './signal-property.ts';

/** How a task ends, and who ends it. */
export const INBOX_ENDING_PROPERTIES: readonly Property<HouseSubject>[] = [
  {
    title: 'the first ending holds, and whoever comes later is told of it',
    async run({ stores: { inbox } }) {
      const claim = sampleClaim();
      const { taskId } = claim;
      await inbox.claim(claim);
      const event = { ...sampleEnding(taskId), result: { text: 'NUL \u0000, half \ud800', list: [1, null, ''] } };
      expect(await inbox.end({ taskId, generation: 1, event })).toEqual(sampleEnded(event));
      const later = { taskId, event: sampleEnding(taskId, 'failed', 2) };
      for (const generation of [1, 2, null]) {
        expect(await inbox.end({ ...later, generation })).toEqual(sampleEnded(event));
      }
      expect(await inbox.claim({ ...claim, attempt: 9, isRedelivered: true })).toEqual(sampleEnded(event));
      expect(await inbox.awaitRetry(sampleRetry(taskId, 1, 2))).toBe(false);
    },
  },
  {
    title: 'who holds no claim can end a task that somebody holds, that waits, and that nobody has begun',
    async run({ stores: { inbox } }) {
      const [held, waiting, unknown] = [sampleClaim(), sampleClaim(), sampleClaim()];
      await inbox.claim(held);
      await inbox.claim(waiting);
      await inbox.awaitRetry(sampleRetry(waiting.taskId, 1, 2));
      for (const { taskId } of [held, waiting, unknown]) {
        const event = sampleEnding(taskId, 'dead', 0);
        // Whoever held it is gone, and may not have told that it began.
        const failed = taskId === waiting.taskId ? [sampleRetry(taskId, 1, 2).event] : [];
        const ended = sampleEnded(event, taskId === held.taskId ? [sampleLost(held, 1)] : [], failed);
        expect(await inbox.end({ taskId, generation: null, event })).toEqual(ended);
        expect(await inbox.end({ taskId, generation: null, event })).toEqual(ended);
        expect(await inbox.claim(sampleClaim({ taskId }))).toEqual(ended);
      }
    },
  },
  {
    title: 'of many endings at once one holds, and all are told the same',
    async run({ stores, open }) {
      const other = await open();
      const claim = sampleClaim();
      await stores.inbox.claim(claim);
      const { taskId } = claim;
      const outcomes = await Promise.all(
        Array.from({ length: 40 }, (_, attempt) =>
          (attempt % 2 ? other : stores).inbox.end({
            taskId,
            generation: attempt % 3 ? 1 : null,
            event: sampleEnding(taskId, 'failed', attempt),
          }),
        ),
      );
      expect(outcomes).toEqual(Array(40).fill(outcomes[0]));
      expect(outcomes[0]).toMatchObject({ status: 'ended' });
    },
  },
  {
    title: 'a task that nobody works on is cancelled at once, and asked again it is said again',
    async run({ stores: { inbox } }) {
      const [unknown, waiting] = [sampleClaim(), sampleClaim()];
      await inbox.claim(waiting);
      await inbox.awaitRetry(sampleRetry(waiting.taskId, 1, 2));
      for (const claim of [unknown, waiting]) {
        const event = sampleEnding(claim.taskId, 'cancelled', 0);
        const again = { ...event, by: 'somebody else' };
        expect(await inbox.cancel({ taskId: claim.taskId, event })).toEqual({ status: 'cancelled', event });
        expect(await inbox.cancel({ taskId: claim.taskId, event: again })).toEqual({ status: 'cancelled', event });
        const failed = claim === waiting ? [sampleRetry(claim.taskId, 1, 2).event] : [];
        expect(await inbox.claim({ ...claim, attempt: 2, copy: '2:' })).toEqual(sampleEnded(event, [], failed));
      }
    },
  },
  {
    title: 'a running task is marked, and the mark stays until the task has ended',
    async run({ stores: { inbox } }) {
      const claim = sampleClaim();
      const { taskId } = claim;
      await inbox.claim(claim);
      const request = { taskId, event: sampleEnding(taskId, 'cancelled', 0) };
      expect(await inbox.cancel(request)).toEqual({ status: 'requested' });
      expect(await inbox.cancel(request)).toEqual({ status: 'requested' });
      const marked = { status: 'claimed', isCancelRequested: true };
      expect(await inbox.claim({ ...claim, isRedelivered: true })).toMatchObject(marked);
      await inbox.awaitRetry(sampleRetry(taskId, 2, 2));
      expect(await inbox.claim({ ...claim, attempt: 2, copy: '2:' })).toMatchObject({ ...marked, generation: 3 });
      const event = sampleEnding(taskId, 'cancelled', 2);
      const ended = sampleEnded(event, [sampleLost(claim, 1)], [sampleRetry(taskId, 2, 2).event]);
      expect(await inbox.end({ taskId, generation: 3, event })).toEqual(ended);
      expect(await inbox.cancel(request)).toEqual({ status: 'ended', event });
    },
  },
  {
    title: 'the message of a task that was cancelled before any worker saw it is kept when it comes',
    async run({ stores: { inbox } }) {
      const claim = sampleClaim();
      await inbox.cancel({ taskId: claim.taskId, event: sampleEnding(claim.taskId, 'cancelled', 0) });
      expect(await inbox.payloadOf(claim.taskId)).toBeNull();
      await inbox.claim(claim);
      expect(await inbox.payloadOf(claim.taskId)).toEqual(claim.payload);
    },
  },
  {
    title: 'payloads are forgotten after seven days, endings after ninety, and nothing before',
    async run({ stores: { inbox } }) {
      // Long ago, so that nothing else in the store is as old.
      const nowMs = Date.UTC(2001, 0);
      const dayMs = 24 * 3_600_000;
      const claim = sampleClaim({ nowMs, expiresAtMs: nowMs + 1_000 });
      const { taskId } = claim;
      const at = new Date(nowMs).toISOString();
      const event = { ...sampleEnding(taskId), at };
      const cancelled = { ...sampleEnding(randomUUID(), 'cancelled', 0), at };
      await inbox.claim(claim);
      await inbox.end({ taskId, generation: 1, event });
      await inbox.cancel({ taskId: cancelled.task.taskId, event: cancelled });
      expect(await inbox.purge(nowMs + 7 * dayMs - 1)).toBe(0);
      expect(await inbox.payloadOf(taskId)).toEqual(claim.payload);
      expect(await inbox.purge(nowMs + 7 * dayMs)).toBe(1);
      expect(await inbox.payloadOf(taskId)).toBeNull();
      expect(await inbox.purge(nowMs + 90 * dayMs - 1)).toBe(0);
      expect(await inbox.claim(claim)).toEqual(sampleEnded(event));
      await inbox.purge(nowMs + 7 * dayMs);
      expect(await inbox.purge(nowMs + 90 * dayMs)).toBe(2);
      expect(await inbox.claim(claim)).toMatchObject({ status: 'claimed', generation: 1 });
      await inbox.purge(nowMs + 180 * dayMs);
    },
  },
];
