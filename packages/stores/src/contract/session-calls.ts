import { randomUUID } from 'node:crypto';
import { NO_TOKENS } from '@tracepost/contracts';
import { MAX_CALL_TOKENS } from '@tracepost/contracts/token-usage';
import { expect } from 'vitest';
import type { SessionStore, SessionToKeep } from '../session-store.ts';
import { sampleMs, sampleSession, sampleUsage } from './sample-sessions.ts';
import type { SessionSubject } from './session-subject.ts';
import type { Property } from './signal-property.ts';

const HOUR = 3_600_000;

export const SESSION_CALL_PROPERTIES: readonly Property<SessionSubject>[] = [
  {
    title: 'what of a session counts in another one is told with it, and it is exported again when that becomes more',
    async run({ store }) {
      const tenantId = randomUUID();
      const endedAtMs = Date.UTC(1985, 0);
      const nowMs = endedAtMs + HOUR;
      const calls = ['a', 'b', 'c'].map((callId) => ({ callId, costPicodollars: 2_000_000_000n }));
      const sessionOf = (startedAtMs: number, held: typeof calls) =>
        sampleSession({ tenantId, calls: held, time: { startedAtMs, endedAtMs }, nowMs: endedAtMs });
      const [fork, original] = [sessionOf(endedAtMs - 1_000, calls), sessionOf(endedAtMs - 2_000, calls.slice(0, 1))];
      const closed = async () => (await store.listClosed({ nowMs })).filter((session) => session.tenantId === tenantId);
      const told = (sessions: readonly object[]) =>
        sessions.map((session) => ('elsewhere' in session ? session.elsewhere : undefined));
      await store.write(fork, 0);
      expect(told(await closed())).toEqual([undefined]);
      await store.markExported(await closed());
      expect(await closed()).toEqual([]);

      const sum = { calls: 1, tokens: 120, costUsd: 0.002 };
      const bySession = async () => {
        const found = await closed();
        return [fork, original].map(({ document }) => {
          const session = found.find(({ sessionId }) => sessionId === document.sessionId);
          return session && 'elsewhere' in session ? session.elsewhere : session && 'all here';
        });
      };
      await store.write(original, 0);
      expect(await bySession()).toEqual([sum, 'all here']);
      await store.markExported(await closed());
      // Written again with what it had: nothing counts elsewhere that did not before.
      await store.write(original, 1);
      expect(await bySession()).toEqual([undefined, 'all here']);
      await store.write({ ...original, calls: fork.calls.slice(0, 2) }, 2);
      expect(await bySession()).toEqual([{ calls: 2, tokens: 240, costUsd: 0.004 }, 'all here']);
      await store.markExported(await closed());

      const items = [];
      for await (const page of store.analyses({ tenantId })) items.push(...page.items);
      expect(told(items)).toEqual([{ calls: 2, tokens: 240, costUsd: 0.004 }, undefined]);
    },
  },
  {
    title: 'calls are summed by provider, model, agent, hour, day and tenant, the costliest first',
    async run({ store }) {
      const tenantId = randomUUID();
      const at = (hours: number) => Date.UTC(2026, 5, 1, hours, 59, 59, 999);
      const calls = [
        { provider: 'a', model: 'x', atMs: at(22), costPicodollars: 5n },
        { provider: 'a', model: 'y', atMs: at(23), costPicodollars: 7n, status: 'failed' as const },
        { provider: null, model: null, atMs: at(24), costPicodollars: null, usageSource: 'estimated' as const },
      ];
      await store.write(sampleSession({ tenantId, calls, document: { agentId: 'codex' } }), 0);
      await store.write(
        sampleSession({ tenantId, calls: [{ provider: 'a', model: 'x', atMs: at(22), costPicodollars: 1n }] }),
        0,
      );
      const usageOf = (count: bigint) => ({
        ...{ input: 100n * count, cacheRead: 10n * count, cacheWrite5m: 5n * count },
        ...{ cacheWrite1h: count, output: 20n * count, reasoning: 2n * count },
      });
      const none = { failedCalls: 0, estimatedCalls: 0, unpricedCalls: 0, sessions: 1 };
      expect(await store.sumCalls({ tenantId }, [])).toEqual([
        {
          calls: 4,
          failedCalls: 1,
          estimatedCalls: 1,
          unpricedCalls: 1,
          sessions: 2,
          usage: usageOf(4n),
          costPicodollars: 13n,
        },
      ]);
      expect(await store.sumCalls({ tenantId }, ['provider', 'model'])).toEqual([
        { ...none, provider: 'a', model: 'y', calls: 1, failedCalls: 1, usage: usageOf(1n), costPicodollars: 7n },
        { ...none, provider: 'a', model: 'x', calls: 2, sessions: 2, usage: usageOf(2n), costPicodollars: 6n },
        {
          ...none,
          provider: null,
          model: null,
          calls: 1,
          estimatedCalls: 1,
          unpricedCalls: 1,
          usage: usageOf(1n),
          costPicodollars: 0n,
        },
      ]);
      const told = async (groupBy: Parameters<SessionStore['sumCalls']>[1]) =>
        (await store.sumCalls({ tenantId }, groupBy)).map(({ agentId, startMs, costPicodollars }) => [
          ...(agentId === undefined ? [] : [agentId]),
          ...(startMs === undefined ? [] : [new Date(startMs).toISOString()]),
          Number(costPicodollars),
        ]);
      expect(await told(['agent'])).toEqual([
        ['codex', 12],
        ['claude-code', 1],
      ]);
      expect(await told(['day'])).toEqual([
        ['2026-06-01T00:00:00.000Z', 13],
        ['2026-06-02T00:00:00.000Z', 0],
      ]);
      expect(await told(['hour', 'agent'])).toEqual([
        ['codex', '2026-06-01T23:00:00.000Z', 7],
        ['codex', '2026-06-01T22:00:00.000Z', 5],
        ['claude-code', '2026-06-01T22:00:00.000Z', 1],
        ['codex', '2026-06-02T00:00:00.000Z', 0],
      ]);
      expect((await store.sumCalls({ tenantId }, ['tenant'])).map((sum) => sum.tenantId)).toEqual([tenantId]);
    },
  },
  {
    title: 'calls are picked by session, agent, provider, model and their own time',
    async run({ store }) {
      const tenantId = randomUUID();
      const one = sampleSession({
        tenantId,
        document: { agentId: 'codex' },
        calls: [{ atMs: 100 }, { atMs: 200, provider: 'b', model: 'y' }, { atMs: null, model: 'z' }],
        time: { startedAtMs: 50, endedAtMs: 400 },
      });
      await store.write(one, 0);
      await store.write(sampleSession({ tenantId, time: null, nowMs: 300, calls: [{ atMs: null }] }), 0);
      const count = async (query: Parameters<SessionStore['sumCalls']>[0]) =>
        (await store.sumCalls({ tenantId, ...query }, []))[0]?.calls ?? 0;
      expect(await count({})).toBe(4);
      expect(await count({ sessionId: one.document.sessionId })).toBe(3);
      expect((await store.sumCalls({ sessionId: one.document.sessionId }, []))[0]?.calls).toBe(3);
      expect(await count({ agentId: 'codex' })).toBe(3);
      expect(await count({ provider: 'b' })).toBe(1);
      expect(await count({ model: 'z' })).toBe(1);
      expect(await count({ fromMs: 100, toMs: 200 })).toBe(1);
      expect(await count({ fromMs: 50, toMs: 100 })).toBe(1);
      expect(await count({ fromMs: 300, toMs: 301 })).toBe(1);
      expect(await store.sumCalls({ tenantId: randomUUID() }, ['model'])).toEqual([]);
      expect(await store.sumCalls({ tenantId: randomUUID() }, [])).toEqual([]);
    },
  },
  {
    title: 'sums are exact to the last token and picodollar, beyond what a number can hold',
    async run({ store }) {
      const tenantId = randomUUID();
      const usage = sampleUsage({ input: MAX_CALL_TOKENS, output: MAX_CALL_TOKENS - 1 });
      const calls = Array.from({ length: 21 }, () => ({ usage, costPicodollars: 999_999_999_999_999_999n }));
      await store.write(sampleSession({ tenantId, calls }), 0);
      const [sum] = await store.sumCalls({ tenantId }, ['day']);
      expect(sum?.usage.input).toBe(21n * BigInt(MAX_CALL_TOKENS));
      expect(sum?.usage.output).toBe(21n * BigInt(MAX_CALL_TOKENS - 1));
      // More than the integers of a database hold.
      expect(sum?.costPicodollars).toBe(20_999_999_999_999_999_979n);
    },
  },
  {
    title: 'an attempt on another model inside a call adds its tokens and cost under that model, and no call',
    async run({ store }) {
      const tenantId = randomUUID();
      const calls = [
        { callId: 'c', model: 'x', costPicodollars: 3n },
        { callId: 'c', part: 1, model: 'y', costPicodollars: 4n, usage: { ...NO_TOKENS, output: 9 } },
      ];
      await store.write(sampleSession({ tenantId, calls }), 0);
      const sums = await store.sumCalls({ tenantId }, ['model']);
      expect(
        sums.map(({ model, calls: count, usage, costPicodollars }) => [model, count, usage.output, costPicodollars]),
      ).toEqual([
        ['y', 0, 9n, 4n],
        ['x', 1, 20n, 3n],
      ]);
      expect((await store.sumCalls({ tenantId }, []))[0]?.calls).toBe(1);
    },
  },
  {
    title:
      'a call that stands in several sessions of a tenant counts in the one that began first, in whatever order they came',
    async run({ store }) {
      const [first, second, unknown] = ['b-first', 'a-second', '0-unknown'];
      const session = (tenantId: string, sessionId: string, startedAtMs: number | null, callIds: readonly string[]) =>
        sampleSession({
          tenantId,
          document: { sessionId, agentId: sessionId },
          time: startedAtMs === null ? null : { startedAtMs, endedAtMs: sampleMs(HOUR) },
          calls: callIds.map((callId) => ({ callId })),
        });
      for (const order of ORDERS) {
        const tenantId = randomUUID();
        const all = [
          session(tenantId, first, sampleMs(0), ['1', '2']),
          session(tenantId, second, sampleMs(1), ['1', '2', '3']),
          // It is not known when it began: it comes after all others.
          session(tenantId, unknown, null, ['3', '4']),
        ];
        for (const at of order) expect(await store.write(all[at] as SessionToKeep, 0)).toBe('written');
        // Another tenant's copies are its own.
        await store.write(session(randomUUID(), 'aa-other', sampleMs(-1), ['1', '2', '3', '4']), 0);
        const counts = await store.sumCalls({ tenantId }, ['agent']);
        expect(Object.fromEntries(counts.map(({ agentId, calls }) => [agentId, calls]))).toEqual({
          [first]: 2,
          [second]: 1,
          [unknown]: 1,
        });
        expect(await store.countedElsewhere(tenantId, first)).toEqual([]);
        expect(await store.countedElsewhere(tenantId, second)).toEqual(
          ['1', '2'].map((callId) => ({ callId, sessionId: first })),
        );
        expect(await store.countedElsewhere(tenantId, unknown)).toEqual([{ callId: '3', sessionId: second }]);
        // Picked or not: what counts elsewhere does not count here.
        expect((await store.sumCalls({ tenantId, sessionId: unknown }, []))[0]?.calls).toBe(1);
      }
    },
  },
  {
    title: 'of sessions that began together the one with the smallest id counts, as its bytes are sorted',
    async run({ store }) {
      const tenantId = randomUUID();
      for (const sessionId of ['a', 'B', 'ä', 'Z-1'])
        await store.write(
          sampleSession({ tenantId, document: { sessionId, agentId: sessionId }, calls: [{ callId: '1' }] }),
          0,
        );
      expect((await store.sumCalls({ tenantId }, ['agent'])).map(({ agentId }) => agentId)).toEqual(['B']);
    },
  },
  {
    title: 'random sessions that share calls come to what counting in memory gives',
    timeoutMs: 60_000,
    async run({ store }) {
      const random = createRandom(7);
      const upTo = (end: number) => Math.floor(random() * end);
      for (let round = 0; round < 10; round++) {
        const tenantId = randomUUID();
        const sessions = Array.from({ length: 6 }, (_, at) => {
          const startedAtMs = sampleMs(upTo(3));
          const callIds = new Set(Array.from({ length: 8 }, () => `call-${upTo(12)}`));
          return sampleSession({
            tenantId,
            document: { sessionId: `s${at}`, agentId: `agent-${upTo(2)}` },
            time: random() < 0.2 ? null : { startedAtMs, endedAtMs: startedAtMs },
            calls: [...callIds].map((callId) => ({
              callId,
              model: `model-${upTo(3)}`,
              atMs: sampleMs(upTo(3) * HOUR),
              costPicodollars: random() < 0.2 ? null : BigInt(upTo(1_000)),
            })),
          });
        });
        for (const session of sessions) await store.write(session, 0);
        const sums = await store.sumCalls({ tenantId }, ['agent', 'model', 'hour']);
        const told = sums.map(({ agentId, model, startMs, calls, unpricedCalls, costPicodollars }) =>
          [agentId, model, startMs, calls, unpricedCalls, costPicodollars].join(' '),
        );
        expect(told.sort()).toEqual(countInMemory(sessions).sort());
      }
    },
  },
];

const ORDERS = [
  [0, 1, 2],
  [2, 1, 0],
  [1, 2, 0],
];

function countInMemory(sessions: readonly SessionToKeep[]): string[] {
  const beganOf = ({ analysis }: SessionToKeep) => analysis.totals.startedAtMs ?? Number.POSITIVE_INFINITY;
  const inOrder = [...sessions].sort(
    (a, b) => beganOf(a) - beganOf(b) || (a.document.sessionId < b.document.sessionId ? -1 : 1),
  );
  const seen = new Set<string>();
  const groups = new Map<string, { calls: number; unpriced: number; cost: bigint }>();
  for (const { document, calls } of inOrder) {
    for (const { callId, model, atMs, costPicodollars } of calls) {
      if (seen.has(callId)) continue;
      seen.add(callId);
      const key = [document.agentId, model, Math.floor((atMs ?? 0) / HOUR) * HOUR].join(' ');
      const group = groups.get(key) ?? { calls: 0, unpriced: 0, cost: 0n };
      group.calls++;
      if (costPicodollars === null) group.unpriced++;
      group.cost += costPicodollars ?? 0n;
      groups.set(key, group);
    }
  }
  return [...groups].map(([key, { calls, unpriced, cost }]) => [key, calls, unpriced, cost].join(' '));
}

/** Numbers from 0 to 1, the same for the same seed (a linear congruential generator). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
