import { randomUUID } from 'node:crypto';
import { rankOf } from '@tracepost/analysis';
import { NO_USAGE, type TaskEvent, type TaskEventKind, type TaskSummary, type Usage } from '@tracepost/contracts';
import { expect } from 'vitest';
import { ROLLUP_UNITS, type RollupStore, type Window } from '../rollup-store.ts';
import { countTasks } from '../windows/rollup.ts';
import { ENDINGS } from '../windows/task-ending.ts';
import { describeHouseProperties, type HouseHarness, type HouseSubject } from './house-subject.ts';
import { endingsOf, plainRollup, recompute, sumOf } from './rolled-up.ts';
import { sampleEvent, sampleTask, sampleTime } from './sample-events.ts';
import type { Property } from './signal-property.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOON = Date.parse(sampleTime(0));

/** What every store of roll-ups promises. */
export const ROLLUP_STORE_PROPERTIES: readonly Property<HouseSubject>[] = [
  {
    title: 'a window counts tasks by how they ended, and adds up times and costs exactly',
    async run({ stores }) {
      const agentId = randomUUID();
      await stores.applyTaskEvents([
        ...life({ agentId }, { endedAt: 250, costUsd: 0.1, unpricedCalls: 0 }),
        ...life({ agentId }, { endedAt: 1_000, costUsd: 0.2, unpricedCalls: 2 }),
        ...life({ agentId }, { endedAt: 3_000, kind: 'failed', costUsd: 1e-12 }),
        ...life({ agentId }, { endedAt: 3_500, kind: 'timed_out' }),
        ...life({ agentId }, { endedAt: 4_000, kind: 'dead' }),
        sampleEvent(sampleTask({ agentId }), 'cancelled', 5_000),
        sampleEvent(sampleTask({ agentId }), 'accepted', 10),
      ]);
      const { totals, responseTimes, ...told } = await stores.rollups.readWindow(hourFrom(agentId, 0));
      expect(told).toEqual({ fromMs: NOON, toMs: NOON + HOUR });
      expect(totals).toEqual({
        tasks: { succeeded: 2, failed: 1, timed_out: 1, dead: 1, cancelled: 1 },
        startedTasks: 5,
        unpricedTasks: 1,
        responseUs: 16_750_000n,
        queueWaitUs: 5n * 3_500n,
        runUs: 11_700_000n,
        costPicodollars: 300_000_000_001n,
      });
      expect(responseTimes.count).toBe(6);
    },
  },
  {
    title: 'percentiles of a window are within 0.8 percent, whatever minutes, hours and days it is made of',
    async run({ stores }) {
      const agentId = randomUUID();
      const random = createRandom(7);
      const times: number[] = [];
      const events = Array.from({ length: 1_000 }, () => {
        const responseMs = Math.round(10 ** (5 * random()));
        times.push(responseMs);
        const acceptedAt = Math.floor(random() * 30 * DAY);
        return life({ agentId, acceptedAt: sampleTime(acceptedAt) }, { endedAt: acceptedAt + responseMs });
      });
      await stores.applyTaskEvents(events.flat());
      const window = await stores.rollups.readWindow({ agentId, fromMs: NOON, toMs: NOON + 40 * DAY });
      expect(window.responseTimes.count).toBe(1_000);
      times.sort((a, b) => a - b);
      for (const share of [0, 0.01, 0.5, 0.95, 0.99, 1]) {
        const right = times[rankOf(share, times.length) - 1] ?? Number.NaN;
        const answer = window.responseTimes.quantile(share) ?? Number.NaN;
        expect(Math.abs(answer - right)).toBeLessThanOrEqual(0.008 * right);
      }
    },
  },
  {
    title: 'a window takes in its first millisecond and not its last, wherever it begins and ends',
    async run({ stores }) {
      const agentId = randomUUID();
      const random = createRandom(3);
      const ends = Array.from({ length: 60 }, () => Math.floor(random() * 3 * DAY));
      // Beside every border that a window may be put together from.
      for (const unit of [SECOND, MINUTE, HOUR, DAY]) ends.push(unit - 1, unit, unit + 1, 2 * unit);
      const events = ends.flatMap((endedAt) => life({ agentId }, { endedAt }));
      await stores.applyTaskEvents(events);
      const endings = endingsOf(events);
      const borders = [...ends, 0, 3 * DAY + 1, 12 * HOUR, 36 * HOUR];
      for (let round = 0; round < 80; round++) {
        const [a = 0, b = 0] = [borders, borders].map((all) => all[Math.floor(random() * all.length)] ?? 0);
        const [fromMs, toMs] = [NOON + Math.min(a, b), NOON + Math.max(a, b)];
        const within = endings.filter(({ endedAtMs }) => endedAtMs >= fromMs && endedAtMs < toMs);
        const window = await stores.rollups.readWindow({ agentId, fromMs, toMs });
        expect(plainWindow(window)).toEqual(plainWindow({ ...sumOf(within), fromMs, toMs }));
      }
    },
  },
  {
    title: 'late, repeated and unordered events give what adding up all records gives, byte for byte',
    async run({ stores, open }) {
      const agentId = randomUUID();
      const random = createRandom(11);
      const events = Array.from({ length: 120 }, () => anyLife(agentId, random)).flat();
      const others = [stores, await open()];
      const queue = shuffle([...events, ...events, ...events.slice(0, 99)], random);
      while (queue.length > 0) {
        const batches = others.map(() => queue.splice(0, 1 + Math.floor(random() * 60)));
        // At the same time, so that both write to the same minutes.
        await Promise.all(others.map((store, index) => store.applyTaskEvents(batches[index] ?? [])));
      }
      await expectRecomputed((await open()).rollups, agentId, events);
    },
  },
  {
    title: 'a task that turns out to have ended otherwise is counted once, as it ended and when',
    async run({ stores }) {
      const agentId = randomUUID();
      const task = sampleTask({ agentId });
      const late = life({ ...task }, { endedAt: 2 * HOUR, kind: 'failed', costUsd: 0.5 });
      const early = life({ ...task }, { endedAt: 90 * SECOND, costUsd: 0.25 });
      const earlierAccepted = sampleEvent({ ...task, acceptedAt: sampleTime(-500) }, 'accepted', -500);
      const seen: TaskEvent[] = [];
      for (const events of [late, early, [earlierAccepted]]) {
        seen.push(...events);
        await stores.applyTaskEvents(events);
        await expectRecomputed(stores.rollups, agentId, seen);
      }
      const { totals } = await stores.rollups.readWindow({ agentId, fromMs: NOON - DAY, toMs: NOON + DAY });
      expect(totals.tasks).toMatchObject({ succeeded: 1, failed: 0 });
      expect(totals).toMatchObject({ responseUs: 90_500_000n, costPicodollars: 250_000_000_000n });
    },
  },
  {
    title: 'stores that write about the same minute at the same time count every task once',
    async run({ stores, open }) {
      const agentId = randomUUID();
      const shared = life({ agentId }, { endedAt: 500 });
      const writers = [stores, await open(), await open()];
      const own = writers.map((_, index) =>
        Array.from({ length: 30 }, () => life({ agentId }, { endedAt: 100 * index })),
      );
      await Promise.all(
        writers.map(async (store, index) => {
          // Alone, so that nothing but the minute brings them together.
          for (const events of own[index] ?? []) await store.applyTaskEvents(events);
          await store.applyTaskEvents(shared);
        }),
      );
      await expectRecomputed(stores.rollups, agentId, [...own.flat(2), ...shared]);
      expect(countTasks(await stores.rollups.readWindow(hourFrom(agentId, 0)))).toBe(91);
    },
  },
  {
    title: 'a batch may end many tasks of many agents in many minutes',
    async run({ stores }) {
      const agents = Array.from({ length: 40 }, () => randomUUID());
      const events = agents.map((agentId) =>
        Array.from({ length: 20 }, (_, minute) => life({ agentId }, { endedAt: minute * MINUTE })).flat(),
      );
      await stores.applyTaskEvents(events.flat());
      for (const [index, agentId] of agents.entries()) {
        await expectRecomputed(stores.rollups, agentId, events[index] ?? []);
      }
    },
  },
  {
    title: 'tenants are told apart when one is asked for, and put together when none is',
    async run({ stores: { applyTaskEvents, rollups } }) {
      const agentId = randomUUID();
      const events = ['a', 'a', 'b'].map((tenantId, index) =>
        life({ agentId, tenantId }, { endedAt: index * SECOND, costUsd: 1 }),
      );
      await applyTaskEvents(events.flat());
      const count = async (query: object) =>
        countTasks(await rollups.readWindow({ agentId, fromMs: NOON, toMs: NOON + 90 * SECOND, ...query }));
      expect([await count({}), await count({ tenantId: 'a' }), await count({ tenantId: 'b' })]).toEqual([3, 2, 1]);
      // Of single tasks too, which are not rolled up.
      expect(await count({ toMs: NOON + 3 * SECOND, tenantId: 'a' })).toBe(2);
      const rows = await rollups.listRollups({ agentId, tenantId: 'b', unit: 'day', fromMs: NOON - DAY, toMs: NOON });
      expect(rows.map(({ tenantId }) => tenantId)).toEqual(['b']);
    },
  },
  {
    title: 'a window in which nothing ended is empty, whatever its length',
    async run({ stores: { rollups } }) {
      const agentId = randomUUID();
      for (const length of [0, 1, MINUTE - 1, 2 * HOUR + 1, 30 * DAY]) {
        const window = { agentId, fromMs: NOON + 1, toMs: NOON + 1 + length };
        expect(plainWindow(await rollups.readWindow(window))).toEqual(plainWindow({ ...sumOf([]), ...window }));
        expect(await rollups.listRollups({ ...window, unit: 'hour' })).toEqual([]);
      }
    },
  },
  {
    title: 'names and amounts of any kind are counted like others, to the last digit',
    async run({ stores }) {
      const agentId = `' ${'\u0000'} half \ud800 ${'long'.repeat(100)} ${randomUUID()}`;
      const events = [1e300, 1e300, 9_007.199254740994, -5, 0].flatMap((costUsd, index) =>
        life({ agentId, tenantId: `' \u0000 ${agentId}` }, { endedAt: index, costUsd, queueWaitMs: 1e300 }),
      );
      await stores.applyTaskEvents(events);
      const { totals } = await stores.rollups.readWindow(hourFrom(agentId, 0));
      expect(totals.costPicodollars).toBe(2n * 10n ** 312n + 9_007_199_254_740_994n - 5n * 10n ** 12n);
      expect(totals.queueWaitUs).toBe(5n * BigInt(Number.MAX_SAFE_INTEGER));
    },
  },
  {
    title: 'minutes and longer stretches are forgotten at their age, and a window tells what it could still count',
    async run({ stores, open }) {
      // Long before anything that another property writes.
      const start = Date.UTC(1999, 0, 1);
      const at = (offset: number) => new Date(start + offset).toISOString();
      const agentId = randomUUID();
      const ends = [10 * SECOND, 30 * SECOND, 10 * MINUTE, 100 * MINUTE];
      const task = () => sampleTask({ agentId, acceptedAt: at(0) });
      await stores.applyTaskEvents(ends.map((end) => ({ ...sampleEvent(task(), 'cancelled', 0), at: at(end) })));
      const asked = { agentId, fromMs: start + 20 * SECOND, toMs: start + 20 * MINUTE };
      const told = async () => {
        const { rollups } = await open();
        const window = await rollups.readWindow(asked);
        return [countTasks(window), window.fromMs - start, window.toMs - start];
      };
      expect(await told()).toEqual([2, 20 * SECOND, 20 * MINUTE]);

      // The records are gone: what is left of the first minute is the whole of it.
      expect(await stores.purgeTasks(start + DAY, HOUR)).toBeGreaterThanOrEqual(4);
      expect(await told()).toEqual([3, 0, 20 * MINUTE]);

      // Then its minutes: what is left of the first hour is the whole of it.
      const age = { minutesMs: HOUR, hoursMs: 3 * DAY };
      expect(await stores.rollups.purge(start + HOUR - 1, age)).toBe(0);
      while ((await stores.rollups.purge(start + DAY, age)) > 0);
      expect(await told()).toEqual([3, 0, HOUR]);
      const { rollups } = stores;
      const count = async (unit: 'minute' | 'hour' | 'day') =>
        (await rollups.listRollups({ agentId, unit, fromMs: start, toMs: start + DAY })).length;
      expect([await count('minute'), await count('hour'), await count('day')]).toEqual([0, 2, 1]);

      while ((await stores.rollups.purge(start + 4 * DAY, age)) > 0);
      expect([await count('hour'), await count('day')]).toEqual([0, 0]);
      expect((await told())[0]).toBe(0);
    },
  },
  {
    title: 'what a late event changes of a minute that is forgotten changes nothing else',
    async run({ stores }) {
      const start = Date.UTC(1998, 0, 1);
      const at = (offset: number) => new Date(start + offset).toISOString();
      const agentId = randomUUID();
      const task = sampleTask({ agentId, acceptedAt: at(0) });
      await stores.applyTaskEvents([{ ...sampleEvent(task, 'failed', 0), at: at(HOUR) }]);
      const age = { minutesMs: HOUR, hoursMs: 3 * DAY };
      while ((await stores.rollups.purge(start + DAY, age)) > 0);
      await stores.applyTaskEvents([{ ...sampleEvent(task, 'succeeded', 0), at: at(HOUR - 1) }]);
      const { totals } = await stores.rollups.readWindow({ agentId, fromMs: start, toMs: start + DAY });
      expect(totals.tasks).toMatchObject({ succeeded: 1, failed: 0 });
    },
  },
];

export function describeRollupStoreContract(name: string, createHarness: () => Promise<HouseHarness>): void {
  describeHouseProperties(`${name} as a store of roll-ups`, ROLLUP_STORE_PROPERTIES, createHarness);
}

/** All roll-ups of the agent are those that its events have to give. */
async function expectRecomputed(rollups: RollupStore, agentId: string, events: readonly TaskEvent[]): Promise<void> {
  const endings = endingsOf(events);
  for (const unit of ROLLUP_UNITS) {
    const rows = await rollups.listRollups({ agentId, unit, fromMs: NOON - 10 * DAY, toMs: NOON + 90 * DAY });
    expect(rows.map(plainRollup)).toEqual(recompute(endings, unit));
  }
}

interface LifeFacts {
  /** After noon, in milliseconds. */
  readonly endedAt: number;
  readonly kind?: TaskEventKind;
  readonly costUsd?: number;
  readonly unpricedCalls?: number;
  readonly queueWaitMs?: number;
}

/** Accepted at noon, begun, and ended: three events. */
function life(summary: Partial<TaskSummary>, facts: LifeFacts): TaskEvent[] {
  const { endedAt, kind = 'succeeded', costUsd = 0, unpricedCalls = 0, queueWaitMs = 3.5 } = facts;
  const task = sampleTask(summary);
  const attempt = { number: 1, startedAt: task.acceptedAt, queueWaitMs, workerId: 'worker-1', spanId: null };
  const runMs = endedAt - (Date.parse(task.acceptedAt) - NOON) - 10;
  const usage: Usage = { ...NO_USAGE, costUsd, unpricedCalls };
  const ended = { ...attempt, endedAt: sampleTime(endedAt), runMs };
  return [
    sampleEvent(task, 'accepted', 0),
    sampleEvent(task, 'started', 0, { attempt }),
    sampleEvent(task, kind, endedAt, { attempt: ended, usage }),
  ];
}

/** A task within some days that may be told to have ended twice, by different workers. */
function anyLife(agentId: string, random: () => number): TaskEvent[] {
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
  const tenantId = pick(['default', 'default', 'other']);
  const task = sampleTask({ agentId, tenantId, acceptedAt: sampleTime(Math.floor(random() * 2 * DAY)) });
  const once = () =>
    life(task, {
      endedAt: Date.parse(task.acceptedAt) - NOON + Math.floor(random() ** 4 * DAY),
      kind: pick(ENDINGS),
      costUsd: random() / 1_000,
      unpricedCalls: pick([0, 0, 1]),
      queueWaitMs: 100 * random(),
    });
  return random() < 0.3 ? [...once(), ...once()] : once();
}

function hourFrom(agentId: string, offsetMs: number) {
  return { agentId, fromMs: NOON + offsetMs, toMs: NOON + offsetMs + HOUR };
}

function plainWindow({ fromMs, toMs, ...rollup }: Window) {
  return { ...plainRollup({ ...rollup, tenantId: '', startMs: fromMs }), toMs };
}

/** Numbers from 0 to 1, the same for the same seed (a linear congruential generator). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function shuffle<T>(all: readonly T[], random: () => number): T[] {
  return all
    .map((one) => ({ one, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ one }) => one);
}
