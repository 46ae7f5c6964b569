import {
  describeLogStoreContract,
  describeMetricStoreContract,
  describeTraceStoreContract,
  type Harness,
} from '@tracepost/stores/contract';
import type { LocalSignalStore } from '../src/index.ts';
import { openTestStore } from './open-test-store.ts';

describeTraceStoreContract('SQLite', () => harnessOf(({ traces }) => ({ store: traces, keepsNestedAttributes: true })));
describeLogStoreContract('SQLite', () => harnessOf(({ logs }) => ({ store: logs })));
describeMetricStoreContract('SQLite', () => harnessOf(({ metrics }) => ({ store: metrics })));

async function harnessOf<Subject>(choose: (store: LocalSignalStore) => Subject): Promise<Harness<Subject>> {
  const { store, close } = await openTestStore();
  return { subject: choose(store), close };
}
