import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeRecordStoreContract } from '@tracepost/stores/contract';
import { createTelemetry } from '@tracepost/telemetry';
import { openSqliteRecordStore } from '../src/index.ts';

const telemetry = createTelemetry({ serviceName: 'test' });

describeRecordStoreContract('SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tracepost-records-'));
  return {
    open: () => openSqliteRecordStore({ path: join(folder, 'records.db'), telemetry }),
    close: () => rm(folder, { recursive: true }),
  };
});
