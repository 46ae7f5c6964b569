import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeEventStoreContract, describeRecordedMetricStoreContract } from '@tracepost/stores/contract';
import { createTelemetry } from '@tracepost/telemetry';
import { describeWithDocker, usePostgres } from '@tracepost/testing';
import { openPostgresRecordStore, openSqliteRecordStore } from '../src/index.ts';

const telemetry = createTelemetry({ serviceName: 'test' });

const createSqlite = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tracepost-recording-'));
  return {
    open: () => openSqliteRecordStore({ path: join(folder, 'records.db'), telemetry }),
    close: () => rm(folder, { recursive: true }),
  };
};

describeEventStoreContract('SQLite', createSqlite);
describeRecordedMetricStoreContract('SQLite', createSqlite);

describeWithDocker('Postgres', () => {
  const postgres = usePostgres();
  const createPostgres = async () => {
    const { host, port, database, user, password } = postgres();
    return {
      open: () => openPostgresRecordStore({ host, port, database, user, password, telemetry }),
      close: async () => {},
    };
  };

  describeEventStoreContract('Postgres', createPostgres);
  describeRecordedMetricStoreContract('Postgres', createPostgres);
});
