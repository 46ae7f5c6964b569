import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TaskEvent } from '@tracepost/contracts';
import { CannotOpenError, openSqlite, type Sqlite } from '@tracepost/sqlite';
import { sampleClaim, sampleEvent, sampleLife, sampleTask, sampleTime } from '@tracepost/stores/contract';
import { createTelemetry } from '@tracepost/telemetry';
import { leavesOf, overwritePage, until } from '@tracepost/testing';
import { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applyTaskEvents } from '../src/apply-task-events.ts';
import { openSqliteRecordStore } from '../src/index.ts';
import { type RecordTables, recordSteps } from '../src/schema.ts';
import { createSqliteDialect } from '../src/sqlite/sqlite-dialect.ts';
import { earlierTaskRow, expectEarlierTask } from './earlier-schema.ts';

const telemetry = createTelemetry({ serviceName: 'test' });

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tracepost-records-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('records in SQLite', () => {
  const life = sampleLife(sampleTask());
  const filePath = () => join(folder, 'records.db');

  test('a file of an earlier version is brought up to date, with what lies in it', async () => {
    await writeEarlierFile(filePath(), life);
    const stores = await openSqliteRecordStore({ path: filePath(), telemetry });
    await expectEarlierTask(stores, life);
    await stores.close();
  });

  test('an upgrade whose process is killed leaves the file as it was', async () => {
    await writeEarlierFile(filePath(), life);
    const script = fileURLToPath(new URL('open-forever.ts', import.meta.url));
    const child = spawn(process.execPath, [script, filePath()], { stdio: 'ignore' });
    // The transaction has spilled into the log: steps are under way.
    try {
      await until(async () => ((await stat(`${filePath()}-wal`).catch(() => null))?.size ?? 0) > 4_000_000);
    } finally {
      child.kill('SIGKILL');
    }
    await once(child, 'exit');
    const stores = await openSqliteRecordStore({ path: filePath(), telemetry });
    await expectEarlierTask(stores, life);
    await stores.close();
  });

  test('an upgrade that fails leaves the file as it was', async () => {
    await writeEarlierFile(filePath(), life, 'create table audit (somebody_elses text)');
    await expect(openSqliteRecordStore({ path: filePath(), telemetry })).rejects.toBeInstanceOf(CannotOpenError);
    await withFile(filePath(), 1, (file) => file.write([{ sql: 'drop table audit' }]));
    const stores = await openSqliteRecordStore({ path: filePath(), telemetry });
    await expectEarlierTask(stores, life);
    await stores.close();
  });

  test('a task that a worker of an earlier version held is taken over; how its attempt began nobody knows', async () => {
    const claim = sampleClaim({ isRedelivered: true });
    const steps = recordSteps('sqlite').findIndex((step) => step.includes('add column beginning'));
    await withFile(filePath(), steps, (file) => file.write([{ sql: HELD, params: [claim.taskId, claim.copy] }]));
    const stores = await openSqliteRecordStore({ path: filePath(), telemetry });
    const taken = { status: 'claimed', attempt: 2, crashes: 1 };
    expect(await stores.inbox.claim(claim)).toMatchObject({ ...taken, lostAttempts: [] });
    const another = { ...claim, workerId: 'worker-2' };
    expect(await stores.inbox.claim(another)).toMatchObject({
      lostAttempts: [{ number: 2, workerId: claim.workerId, ...claim.beginning }],
    });
    await stores.close();
  });

  test('a search for words among very many tasks ends each page in time, and its cursor leads on', async () => {
    const stores = await openSqliteRecordStore({ path: filePath(), telemetry });
    const [oldest, newest] = [sampleTask(), sampleTask({ acceptedAt: sampleTime(1_000_000) })] as const;
    const told = [oldest, newest].map((task) =>
      sampleEvent(task, 'failed', 1, { error: { code: 'rare', message: '' } }),
    );
    await stores.applyTaskEvents(told);
    await withFile(filePath(), recordSteps('sqlite').length, (file) =>
      file.write([{ sql: MANY_BETWEEN, params: [newest.taskId, Date.parse(oldest.acceptedAt)] }]),
    );
    const first = await stores.listTasks({ text: 'RARE', limit: 10 });
    expect(first.items.map(({ taskId }) => taskId)).toEqual([newest.taskId]);
    const second = await stores.listTasks({ text: 'RARE', limit: 10, cursor: first.nextCursor ?? '' });
    expect(second.items.map(({ taskId }) => taskId)).toEqual([oldest.taskId]);
    expect(second.nextCursor).toBeNull();
    await stores.close();
  });

  describe('of which a part was flipped', () => {
    const lives = Array.from({ length: 300 }, () => sampleLife(sampleTask()));
    const idOf = ([event]: readonly TaskEvent[]): string => event?.task.taskId ?? '';
    beforeEach(async () => {
      const stores = await openSqliteRecordStore({ path: filePath(), telemetry });
      await stores.applyTaskEvents(lives.flat());
      await stores.close();
    });

    test('are refused at the start with their name and what to do, and rescued on demand with all that can be read', async () => {
      flipLeafOf(filePath(), 'tasks');
      const refused = openSqliteRecordStore({ path: filePath(), telemetry });
      await expect(refused).rejects.toBeInstanceOf(CannotOpenError);
      await expect(refused).rejects.toThrow(`The database ${filePath()} is damaged (`);
      await expect(refused).rejects.toThrow('TRACEPOST_RESCUE_DAMAGED=1');
      const stores = await openSqliteRecordStore({ path: filePath(), telemetry, rescueDamaged: true });
      const found = await Promise.all(lives.map((one) => stores.getTask(idOf(one))));
      const kept = found.filter((record) => record !== null);
      expect(kept.length).toBeGreaterThan(lives.length - 20);
      expect(kept.length).toBeLessThan(lives.length);
      expect(kept.every(({ status }) => status === 'succeeded')).toBe(true);
      await stores.applyTaskEvents(sampleLife(sampleTask()));
      await stores.close();
    });

    test('and of which the start looks at a part only, since they are large, are refused in the same words where it meets the damage', async () => {
      await withFile(filePath(), recordSteps('sqlite').length, (file) =>
        file.write([
          { sql: 'CREATE TABLE filler (filler BLOB)' },
          { sql: 'INSERT INTO filler VALUES (zeroblob(17825792))' },
          { sql: 'DROP TABLE filler' },
        ]),
      );
      flipLeafOf(filePath(), 'agent_announcements');
      const refused = openSqliteRecordStore({ path: filePath(), telemetry });
      await expect(refused).rejects.toBeInstanceOf(CannotOpenError);
      await expect(refused).rejects.toThrow(`The database ${filePath()} is damaged (`);
      const stores = await openSqliteRecordStore({ path: filePath(), telemetry, rescueDamaged: true });
      const found = await Promise.all(lives.map((one) => stores.getTask(idOf(one))));
      expect(found.every((record) => record?.status === 'succeeded')).toBe(true);
      await stores.close();
    });

    test('while they are open answer what can be read, take nothing, claim nothing, and say why when asked how they are', async () => {
      const stores = await openSqliteRecordStore({ path: filePath(), telemetry });
      flipLeafOf(filePath(), 'tasks');
      const answers = await Promise.allSettled(lives.map((one) => stores.getTask(idOf(one))));
      const read = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
      const failed = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as Error] : []));
      expect(read.length).toBeGreaterThan(lives.length - 20);
      // Never that there is no such task: it is not known.
      expect(read.every((record) => record?.status === 'succeeded')).toBe(true);
      expect(failed.length).toBeGreaterThan(0);
      for (const { message } of failed) expect(message).toContain(`The database ${filePath()} is damaged (`);
      await expect(stores.ping()).rejects.toThrow('TRACEPOST_RESCUE_DAMAGED=1');
      await expect(stores.applyTaskEvents(sampleLife(sampleTask()))).rejects.toThrow('is damaged');
      await expect(stores.inbox.claim(sampleClaim())).rejects.toThrow('is damaged');
      await stores.close();
    });
  });

  test('two hundred events of forty tasks are one reading and one writing, and one of each for the roll-ups', async () => {
    const events = Array.from({ length: 40 }, () => sampleLife(sampleTask())).flat();
    const sqlite = await openSqlite({ path: filePath(), synchronous: 'FULL', schema: recordSteps('sqlite') });
    const statements: string[] = [];
    const db = new Kysely<RecordTables>({
      dialect: createSqliteDialect(sqlite),
      log({ query }) {
        statements.push(query.sql.split(' ', 1)[0] ?? '');
      },
    });
    await db.transaction().execute((transaction) => applyTaskEvents({ transaction, events, lockRows: false }));
    expect(statements).toEqual(['select', 'insert', 'select', 'insert']);
    await db.destroy();
  });
});

const HELD = `
  insert into inbox (task_id, agent_id, state, attempt, attempt_number, copy, worker_id, generation, is_redelivered,
    expires_at_ms, is_cancel_requested, begun_at_ms, changed_at_ms, purge_at_ms)
  values (?1, 'weather', 'running', 1, 1, ?2, 'worker-0', 1, 0, 9e12, 0, 0, 0, 9e12)`;

/** So many rows as one page looks through, between two others in time. */
const MANY_BETWEEN = `
  with recursive number (n) as (select 1 union all select n + 1 from number where n < 50000)
  insert into tasks (task_id, version, agent_id, tenant_id, notification_type, status, accepted_at_ms, search_text, record)
  select 'filler-' || n, 1, agent_id, tenant_id, notification_type, 'accepted', ?2 + n, 'nothing', '{}'
  from number cross join tasks where task_id = ?1`;

async function writeEarlierFile(path: string, life: readonly TaskEvent[], ...more: readonly string[]): Promise<void> {
  const { columns, values } = earlierTaskRow(life);
  const schema = recordSteps('sqlite').slice(0, 1);
  await using file = await openSqlite({ path, synchronous: 'FULL', schema });
  const sql = `insert into tasks (${columns}) values (${columns.map(() => '?')})`;
  await file.write([{ sql, params: values }, ...more.map((statement) => ({ sql: statement }))]);
}

async function withFile(path: string, steps: number, work: (file: Sqlite) => Promise<unknown>): Promise<void> {
  await using file = await openSqlite({ path, synchronous: 'FULL', schema: recordSteps('sqlite').slice(0, steps) });
  await work(file);
}

/** Noise over one of the pages in which the rows of a table lie. */
function flipLeafOf(path: string, table: string): void {
  const leaves = leavesOf(path, table);
  overwritePage(path, leaves[Math.floor(leaves.length / 2)] as number);
}
