import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { NO_USAGE, type TaskEvent } from '@tracepost/contracts';
import { ENDINGS, ROLLUP_UNITS } from '@tracepost/stores';
import { endingsOf, plainRollup, recompute, sampleEvent, sampleTask, sampleTime } from '@tracepost/stores/contract';
import { createTelemetry } from '@tracepost/telemetry';
import { describeWithDocker, usePostgres } from '@tracepost/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPostgresRecordStore, openSqliteRecordStore, type SqlStores } from '../src/index.ts';
import type { Database } from './write-batches.ts';

const telemetry = createTelemetry({ serviceName: 'test' });
const DAY_MS = 86_400_000;
const script = fileURLToPath(new URL('write-batches.ts', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tracepost-rollups-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('roll-ups in SQLite', () => {
  describeSurvival(() => ({ kind: 'sqlite', path: join(folder, 'records.db') }));
});

describeWithDocker('roll-ups in Postgres', () => {
  const postgres = usePostgres();
  describeSurvival(() => {
    const { host, port, database, user, password } = postgres();
    return { kind: 'postgres', host, port, database, user, password };
  });
});

function describeSurvival(databaseOf: () => Database): void {
  test('are what adding up all records gives, in whatever order, batches and repetitions events come', async () => {
    const stores = [await open(databaseOf()), await open(databaseOf())] as const;
    await fc.assert(
      fc.asyncProperty(fc.array(lifeArbitrary, { minLength: 1, maxLength: 12 }), fc.gen(), async (lives, gen) => {
        const agentId = randomUUID();
        const events = lives.flatMap((life) => eventsOf(agentId, life));
        const twice = gen(fc.shuffledSubarray, [...events, ...events], { minLength: events.length });
        // Whatever of it was left out comes late, at the end.
        const queue = [...twice, ...events];
        while (queue.length > 0) {
          const batches = stores.map(() => queue.splice(0, gen(fc.integer, { min: 1, max: 20 })));
          await Promise.all(stores.map((store, index) => store.applyTaskEvents(batches[index] ?? [])));
        }
        await expectRecomputed(stores[0], agentId, events);
      }),
      { numRuns: 25 },
    );
    await Promise.all(stores.map((store) => store.close()));
  }, 120_000);

  test('are the same when whoever writes is killed again and again, and takes up what it had not told of', async () => {
    const agentId = randomUUID();
    const lives = fc.sample(lifeArbitrary, 400);
    const events = lives.flatMap((life) => eventsOf(agentId, life));
    const batches = chunk([...events, ...events.toReversed()], 25);
    const file = join(folder, `${agentId}.json`);
    await writeFile(file, JSON.stringify(batches));
    const store = await open(databaseOf());
    let next = 0;
    let kills = 0;
    while (next < batches.length) {
      const most = kills < 6 ? next + 2 + Math.floor(Math.random() * 12) : batches.length;
      const told = await writeUntilKilled(databaseOf(), file, next, most);
      if (told.isKilled) kills++;
      next = told.next;
      if (kills === 3) await expectConsistent(store, agentId);
    }
    expect(kills).toBeGreaterThanOrEqual(3);
    await expectRecomputed(store, agentId, events);
    await store.close();
  }, 120_000);
}

function open(database: Database): Promise<SqlStores> {
  return database.kind === 'sqlite'
    ? openSqliteRecordStore({ path: database.path, telemetry })
    : openPostgresRecordStore({ ...database, telemetry });
}

/** Kills the process somewhere in the batch after `most`. */
async function writeUntilKilled(
  database: Database,
  file: string,
  first: number,
  most: number,
): Promise<{ isKilled: boolean; next: number }> {
  const child = spawn(process.execPath, [script, JSON.stringify(database), file, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let next = first;
  for await (const line of createInterface({ input: child.stdout })) {
    next = Number(line) + 1;
    if (next < most) continue;
    await sleep(3 * Math.random());
    child.kill('SIGKILL');
  }
  const [, signal] = await exited;
  return { isKilled: signal === 'SIGKILL', next };
}

/** What has been written of tasks so far is what the roll-ups say, at any moment. */
async function expectConsistent(store: SqlStores, agentId: string): Promise<void> {
  const { items } = await store.listTasks({ agentId, status: [...ENDINGS], limit: 1_000 });
  const around = { agentId, fromMs: Date.parse(sampleTime(-DAY_MS)), toMs: Date.parse(sampleTime(90 * DAY_MS)) };
  const days = await store.rollups.listRollups({ ...around, unit: 'day' });
  const counted = days.flatMap(({ totals }) => Object.values(totals.tasks)).reduce((sum, count) => sum + count, 0);
  expect(counted).toBe(items.length);
  expect(counted).toBeGreaterThan(0);
}

async function expectRecomputed(store: SqlStores, agentId: string, events: readonly TaskEvent[]): Promise<void> {
  const endings = endingsOf(events);
  for (const unit of ROLLUP_UNITS) {
    const around = { fromMs: Date.parse(sampleTime(-DAY_MS)), toMs: Date.parse(sampleTime(90 * DAY_MS)) };
    const rows = await store.rollups.listRollups({ agentId, unit, ...around });
    expect(rows.map(plainRollup)).toEqual(recompute(endings, unit));
  }
}

const endingArbitrary = fc.record({
  kind: fc.constantFrom(...ENDINGS),
  /** After its acceptance; often within the same minutes as others. */
  afterMs: fc.oneof(fc.nat({ max: 90_000 }), fc.nat({ max: 2 * DAY_MS })),
  queueWaitMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
  costUsd: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 10, noNaN: true })),
  unpricedCalls: fc.nat({ max: 1 }),
});
const lifeArbitrary = fc.record({
  acceptedAt: fc.oneof(fc.nat({ max: 120_000 }), fc.nat({ max: 2 * DAY_MS })),
  tenantId: fc.constantFrom('default', 'other'),
  /** Whoever dies between its last word and the acknowledgement is followed by another one, who ends it again. */
  endings: fc.array(endingArbitrary, { maxLength: 3 }),
});
type Life = typeof lifeArbitrary extends fc.Arbitrary<infer T> ? T : never;

function eventsOf(agentId: string, { acceptedAt, tenantId, endings }: Life): TaskEvent[] {
  const task = sampleTask({ agentId, tenantId, acceptedAt: sampleTime(acceptedAt) });
  const attempts = endings.map(({ kind, afterMs, queueWaitMs, costUsd, unpricedCalls }, index) => {
    const facts = { number: 1 + (index % 2), queueWaitMs, workerId: `worker-${index}`, spanId: null };
    const attempt = { ...facts, startedAt: task.acceptedAt, endedAt: sampleTime(acceptedAt + afterMs), runMs: afterMs };
    return sampleEvent(task, kind, acceptedAt + afterMs, {
      attempt,
      usage: { ...NO_USAGE, costUsd, unpricedCalls },
    });
  });
  return [sampleEvent(task, 'accepted', acceptedAt), ...attempts];
}

function chunk<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
    all.slice(size * index, size * (index + 1)),
  );
}
