import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  describeLogStoreContract,
  describeMetricStoreContract,
  describeTraceStoreContract,
  type Harness,
} from '@tracepost/stores/contract';
import { createTelemetry } from '@tracepost/telemetry';
import { type LocalSignalStore, openLocalSignalStore } from '../src/index.ts';

describeTraceStoreContract('SQLite', () => harnessOf(({ traces }) => ({ store: traces, keepsNestedAttributes: true })));
describeLogStoreContract('SQLite', () => harnessOf(({ logs }) => ({ store: logs })));
describeMetricStoreContract('SQLite', () => harnessOf(({ metrics }) => ({ store: metrics })));

async function harnessOf<Subject>(choose: (store: LocalSignalStore) => Subject): Promise<Harness<Subject>> {
  const folder = await mkdtemp(join(tmpdir(), 'tracepost-signals-'));
  const telemetry = createTelemetry({ serviceName: 'tracepost-test' });
  const store = await openLocalSignalStore({ path: join(folder, 'telemetry.db'), telemetry });
  return {
    subject: choose(store),
    async close() {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}
