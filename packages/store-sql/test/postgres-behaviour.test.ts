import type { TaskEvent } from '@tracepost/contracts';
import { sampleEvent, sampleLife, sampleTask } from '@tracepost/stores/contract';
import type { LogFields } from '@tracepost/telemetry';
import { createTelemetry } from '@tracepost/telemetry';
import {
  describeWithDocker,
  type FaultProxy,
  type PostgresServer,
  startFaultProxy,
  until,
  usePostgres,
} from '@tracepost/testing';
import pg from 'pg';
import { expect, test } from 'vitest';
import { NewerSchemaError, openPostgresRecordStore, type PostgresRecordStoreOptions } from '../src/index.ts';
import { recordSteps } from '../src/schema.ts';
import { earlierTaskRow, expectEarlierTask } from './earlier-schema.ts';

const telemetry = createTelemetry({ serviceName: 'test' });

describeWithDocker('records in Postgres', () => {
  const postgres = usePostgres();

  test('processes that open an empty database at the same time all find it ready', async () => {
    const options = await freshDatabase(postgres());
    const stores = await Promise.all(Array.from({ length: 6 }, () => openPostgresRecordStore(options)));
    await Promise.all(stores.map((store) => store.applyTaskEvents(sampleLife(sampleTask()))));
    expect(await stores[0]?.countTasks()).toBe(6);
    await Promise.all(stores.map((store) => store.close()));
  });

  test('a database of a newer version is refused, even with time to wait, and stays as it is', async () => {
    const options = await freshDatabase(postgres());
    await (await openPostgresRecordStore(options)).close();
    await withClient(options, (client) =>
      client.query('insert into schema_steps (step) select max(step) + 1 from schema_steps'),
    );
    await expect(openPostgresRecordStore({ ...options, waitMs: 60_000 })).rejects.toBeInstanceOf(NewerSchemaError);
  });

  test('an opening that is cut off in the middle of an upgrade leaves the database as it was', async () => {
    const options = await freshDatabase(postgres());
    const life = sampleLife(sampleTask());
    await withClient(options, (client) => writeEarlierDatabase(client, life));
    await using proxy = await startFaultProxy({ port: options.port });
    const ask = async (query: string) => {
      let rows: unknown[] = [];
      await withClient(options, async (client) => {
        rows = (await client.query(query)).rows;
      });
      return rows;
    };
    await withClient(options, async (client) => {
      // The upgrade comes as far as the first step that changes this table.
      await client.query('begin; lock table tasks in access exclusive mode');
      const opening = openPostgresRecordStore({ ...options, port: proxy.port });
      opening.catch(() => {});
      await until(async () => (await ask(WAITING)).length > 0);
      proxy.cut();
      await expect(opening).rejects.toThrow();
    });
    await until(async () => (await ask(OTHERS)).length === 0);
    expect(await ask("select 1 from pg_tables where tablename in ('inbox', 'audit')")).toEqual([]);
    const store = await openPostgresRecordStore(options);
    await expectEarlierTask(store, life);
    await store.close();
  });

  test('a wrong password is told at once, however long one would wait', async () => {
    const options = { ...(await freshDatabase(postgres())), password: 'wrong', waitMs: 60_000 };
    await expect(openPostgresRecordStore(options)).rejects.toThrow(/password authentication failed/);
  });

  test('a server that is not there yet is waited for', async () => {
    const options = await freshDatabase(postgres());
    await using proxy = await startFaultProxy({ port: options.port });
    proxy.cut();
    await expect(openPostgresRecordStore({ ...options, port: proxy.port })).rejects.toThrow();
    const opening = openPostgresRecordStore({ ...options, port: proxy.port, waitMs: 30_000 });
    setTimeout(() => proxy.restore(), 700);
    await (await opening).close();
  });

  test('waiting ends when it is told to', async () => {
    const options = await freshDatabase(postgres());
    await using proxy = await startFaultProxy({ port: options.port });
    proxy.cut();
    const signal = AbortSignal.timeout(300);
    const opening = openPostgresRecordStore({ ...options, port: proxy.port, waitMs: 60_000, signal });
    await expect(opening).rejects.toThrow();
  });

  test('connections that break are replaced, and the process goes on', async () => {
    const options = await freshDatabase(postgres());
    await using proxy = await startFaultProxy({ port: options.port });
    const store = await openPostgresRecordStore({ ...options, port: proxy.port });
    await Promise.all([store.ping(), store.ping(), store.ping()]);
    proxy.reset();
    await until(() => store.applyTaskEvents(sampleLife(sampleTask())).then(() => true));
    expect(await store.countTasks()).toBe(1);
    await store.close();
  });

  test('a server that swallows everything is given up after some seconds, and the connection with it', async () => {
    const options = await freshDatabase(postgres());
    await using proxy: FaultProxy = await startFaultProxy({ port: options.port });
    const store = await openPostgresRecordStore({ ...options, port: proxy.port });
    const life = sampleLife(sampleTask());
    await store.applyTaskEvents(life);
    proxy.blackHole();
    const began = performance.now();
    await expect(store.ping()).rejects.toThrow();
    expect(performance.now() - began).toBeLessThan(12_000);
    proxy.restore();
    await store.ping();
    expect(await store.countTasks()).toBe(1);
    await store.close();
  });

  test('a statement that takes long is logged by its text, without a value', async () => {
    const options = await freshDatabase(postgres());
    const lines: LogFields[] = [];
    const logger = { ...telemetry.logger, warn: (fields: LogFields) => lines.push(fields) };
    const store = await openPostgresRecordStore({ ...options, telemetry: { ...telemetry, logger } });
    const task = sampleTask({ source: 'a-value' });
    await store.applyTaskEvents([sampleEvent(task, 'accepted', 0)]);
    await withClient(options, async (client) => {
      await client.query('begin');
      await client.query('lock table tasks in access exclusive mode');
      const waiting = store.getTask(task.taskId);
      await client.query('select pg_sleep(0.4)');
      await client.query('rollback');
      await waiting;
    });
    expect(lines).toEqual([
      expect.objectContaining({
        layer: 'store',
        statement: 'select "record" from "tasks" where "task_id" = $1',
        fingerprint: expect.stringMatching(/^[0-9a-f]{12}$/),
      }),
    ]);
    expect(JSON.stringify(lines)).not.toContain(task.taskId);
    await store.close();
  });
});

const WAITING = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
const OTHERS = 'select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()';

async function writeEarlierDatabase(client: pg.Client, life: readonly TaskEvent[]): Promise<void> {
  await client.query(
    'create table schema_steps (step integer primary key, applied_at timestamptz not null default now())',
  );
  await client.query(recordSteps('postgres')[0] ?? '');
  await client.query('insert into schema_steps (step) values (1)');
  const { columns, values } = earlierTaskRow(life);
  const places = columns.map((_, index) => `$${index + 1}`);
  await client.query(`insert into tasks (${columns}) values (${places})`, [...values]);
}

async function freshDatabase(server: PostgresServer): Promise<PostgresRecordStoreOptions> {
  const { host, port, user, password } = server;
  return { host, port, user, password, database: await server.createDatabase(), telemetry };
}

async function withClient(options: PostgresRecordStoreOptions, work: (client: pg.Client) => Promise<unknown>) {
  const { host, port, user, password, database } = options;
  const client = new pg.Client({ host, port, user, password, database });
  await client.connect();
  await work(client).finally(() => client.end());
}
