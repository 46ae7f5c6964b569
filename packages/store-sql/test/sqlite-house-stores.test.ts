import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  describeAuditStoreContract,
  describeDeadLetterStoreContract,
  describeInboxStoreContract,
  describeKeyStoreContract,
  describeRollupStoreContract,
  describeTraceSummaryStoreContract,
  type HouseHarness,
} from '@tracepost/stores/contract';
import { createTelemetry } from '@tracepost/telemetry';
import { openSqliteRecordStore } from '../src/index.ts';

const telemetry = createTelemetry({ serviceName: 'test' });

describeInboxStoreContract('SQLite', createHarness);
describeKeyStoreContract('SQLite', createHarness);
describeDeadLetterStoreContract('SQLite', createHarness);
describeAuditStoreContract('SQLite', createHarness);
describeRollupStoreContract('SQLite', createHarness);
describeTraceSummaryStoreContract('SQLite', createHarness);

async function createHarness(): Promise<HouseHarness> {
  const folder = await mkdtemp(join(tmpdir(), 'tracepost-house-'));
  return {
    open: (options) => openSqliteRecordStore({ path: join(folder, 'records.db'), telemetry, ...options }),
    close: () => rm(folder, { recursive: true }),
  };
}
