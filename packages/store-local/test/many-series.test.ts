import { describeManySeries } from '@tracepost/stores/contract';
import { afterAll, beforeAll, describe } from 'vitest';
import { openTestStore, type TestStore } from './open-test-store.ts';

describe('a metric of many series in SQLite', () => {
  let opened: TestStore;
  beforeAll(async () => {
    opened = await openTestStore();
  });
  afterAll(() => opened.close());
  describeManySeries(() => opened.store.metrics);
});
