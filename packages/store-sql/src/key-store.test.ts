import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSound } from '@tracepost/sqlite';
import { createTelemetry } from '@tracepost/telemetry';
import { Kysely } from 'kysely';
import { expect, test } from 'vitest';
import { createKeyStore } from './key-store.ts';
import { type RecordTables, recordSteps } from './schema.ts';
import { createSqliteDialect } from './sqlite/sqlite-dialect.ts';
import { createStatements, type Statements } from './statements.ts';

const telemetry = createTelemetry({ serviceName: 'test' });

// The same tables, with claims sent one by one, and gathered into batches as they are for Postgres.
test.each(['sqlite', 'postgresql'] as const)(
  'full, with a count that takes very long: a key that is there is answered at once, only a new one waits (%s)',
  async (system) => {
    await using world = await openStatements(system);
    const few = createKeyStore(world.db, world.statements, { maxKeys: 2 });
    const [answered, pending] = [sampleKey(), sampleKey()];
    for (const key of [answered, pending]) expect(await few.claim(key)).toEqual({ status: 'mine' });
    await few.answer({ ...answered, answer: 'first' });

    const counted = Promise.withResolvers<void>();
    const slow: Statements = {
      ...world.statements,
      read: async (operation, work) => {
        if (operation === 'count_keys') await counted.promise;
        return world.statements.read(operation, work);
      },
    };
    const keys = createKeyStore(world.db, slow, { maxKeys: 2 });
    for (let taken = 0; taken < 2; taken++) await keys.claim({ ...sampleKey(), key: `${taken}` });
    const fresh = [sampleKey(), sampleKey(), sampleKey()].map((key) => keys.claim(key));
    const told = await Promise.all([answered, pending].map((key) => keys.claim(key)));
    expect(told).toMatchObject([{ status: 'answered', answer: 'first' }, { status: 'pending' }]);
    expect(await Promise.race([...fresh, 'waiting'])).toBe('waiting');
    counted.resolve();
    expect(await Promise.all(fresh)).toEqual(fresh.map(() => ({ status: 'full' })));
  },
);

async function openStatements(system: 'sqlite' | 'postgresql') {
  const folder = await mkdtemp(join(tmpdir(), 'tracepost-keys-'));
  const path = join(folder, 'records.db');
  const sqlite = await openSound({ path, synchronous: 'NORMAL', schema: recordSteps('sqlite') });
  const db = new Kysely<RecordTables>({ dialect: createSqliteDialect(sqlite) });
  return {
    db,
    statements: createStatements({ system, telemetry, retry: (write) => write() }),
    [Symbol.asyncDispose]: async () => {
      await db.destroy();
      await sqlite.close();
      await rm(folder, { recursive: true });
    },
  };
}

function sampleKey() {
  return {
    tenantId: 'default',
    agentId: 'weather',
    key: randomUUID(),
    bodyHash: 'same',
    taskId: randomUUID(),
    traceId: randomUUID(),
    nowMs: Date.now(),
  };
}
