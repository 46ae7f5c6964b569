import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect } from 'vitest';
import type { HouseSubject } from './house-subject.ts';
import { callInbox, type InboxCall, type InboxOutcome, type ModelRow, stepInbox } from './inbox-model.ts';
import { NOW_MS, sampleClaim, sampleEnding, sampleRetry } from './sample-inbox.ts';
import type { Property } from './signal-property.ts';

/** Any order, and any two at the same time. */
export const INBOX_INTERLEAVING_PROPERTIES: readonly Property<HouseSubject>[] = [
  {
    title: 'one after the other, calls do what the rules say, whatever their order and whoever makes them',
    async run({ stores, open }) {
      const inboxes = [stores.inbox, (await open()).inbox] as const;
      await fc.assert(
        fc.asyncProperty(fc.array(fc.tuple(anyCall(), fc.boolean()), { maxLength: 15 }), async (made) => {
          const taskId = randomUUID();
          let row: ModelRow | null = null;
          for (const [callOf, isOther] of made) {
            const call = callOf(taskId);
            const expected = stepInbox(row, call);
            expect(await callInbox(inboxes[isOther ? 1 : 0], call)).toEqual(expected.outcome);
            row = expected.row;
          }
        }),
        { numRuns: 40 },
      );
    },
  },
  {
    title: 'made at the same time, calls do what they would have done in one order of them',
    async run({ stores, open }) {
      const inboxes = [stores.inbox, (await open()).inbox] as const;
      const calls = fc.record({
        before: fc.array(anyCall(), { maxLength: 3 }),
        together: fc.array(anyCall(), { minLength: 2, maxLength: 5 }),
      });
      await fc.assert(
        fc.asyncProperty(calls, async ({ before, together }) => {
          const taskId = randomUUID();
          let row: ModelRow | null = null;
          for (const callOf of before) {
            const call = callOf(taskId);
            await callInbox(inboxes[0], call);
            row = stepInbox(row, call).row;
          }
          const made = together.map((callOf) => callOf(taskId));
          const outcomes = await Promise.all(made.map((call, index) => callInbox(inboxes[index % 2 ? 1 : 0], call)));
          expect(isExplained(row, made, outcomes), JSON.stringify({ row, made, outcomes })).toBe(true);
        }),
        { numRuns: 60 },
      );
    },
  },
];

/** Whether there is an order of the calls in which the rules give these outcomes. */
function isExplained(row: ModelRow | null, calls: readonly InboxCall[], outcomes: readonly InboxOutcome[]): boolean {
  if (calls.length === 0) return true;
  return calls.some((call, index) => {
    const next = stepInbox(row, call);
    if (JSON.stringify(sorted(next.outcome)) !== JSON.stringify(sorted(outcomes[index]))) return false;
    return isExplained(next.row, calls.toSpliced(index, 1), outcomes.toSpliced(index, 1));
  });
}

/** With the names of an outcome in one order; events come as they were given. */
function sorted(outcome: InboxOutcome | undefined): unknown {
  return typeof outcome === 'object' ? Object.entries(outcome).sort(([a], [b]) => (a < b ? -1 : 1)) : outcome;
}

/** Few attempts, generations, copies and moments, so that calls meet. */
function anyCall(): fc.Arbitrary<(taskId: string) => InboxCall> {
  const small = fc.integer({ min: 1, max: 3 });
  const claim = fc
    .record({
      attempt: small,
      copy: fc.constantFrom('1:', '2:'),
      isRedelivered: fc.boolean(),
      minute: fc.nat(2),
      workerId: fc.constantFrom('worker-1', 'worker-2'),
      spanId: fc.constantFrom('a', 'b', null),
    })
    .map(({ minute, spanId, ...said }) => (taskId: string): InboxCall => {
      const nowMs = NOW_MS + minute * 60_000;
      const beginning = { startedAt: new Date(nowMs).toISOString(), queueWaitMs: 0, spanId };
      const request = sampleClaim({ taskId, ...said, nowMs, expiresAtMs: nowMs + 60_000, beginning });
      return { kind: 'claim', request };
    });
  const awaitRetry = fc.record({ generation: small, nextAttempt: small }).map(
    (said) =>
      (taskId: string): InboxCall => ({
        kind: 'awaitRetry',
        claim: sampleRetry(taskId, said.generation, said.nextAttempt),
      }),
  );
  const end = fc
    .record({ generation: fc.option(small), attempt: small })
    .map(({ generation, attempt }) => (taskId: string): InboxCall => {
      const event = sampleEnding(taskId, 'failed', attempt);
      return { kind: 'end', ending: { taskId, generation, event } };
    });
  const release = small.map(
    (generation) =>
      (taskId: string): InboxCall => ({ kind: 'release', claim: { taskId, generation } }),
  );
  const cancel = fc.constant((taskId: string): InboxCall => {
    return { kind: 'cancel', request: { taskId, event: sampleEnding(taskId, 'cancelled', 0) } };
  });
  return fc.oneof({ weight: 4, arbitrary: claim }, { weight: 2, arbitrary: awaitRetry }, release, end, cancel);
}
