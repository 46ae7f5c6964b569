import { expect, test } from 'vitest';
import { readMetric } from './read-entry.ts';
import { recordEntries } from './record-entries.ts';

const METRIC = { name: 'orders', value: 1 };
const door = { key: 'record.metric', word: 'metric', read: readMetric, isLoop: () => false } as const;
const context = { nowMs: Date.UTC(2026, 10, 22), correlationId: null, traceId: null };

test.each([
  ['of an array, all that the broker did not take', [METRIC, { name: 'orders' }, METRIC], 'STORAGE_FAILURE', 3],
  ['of an array, all that are wrong', [{ name: 'orders' }, {}], 'INVALID_EVENT', 2],
  ['one that is wrong', {}, 'INVALID_EVENT', 1],
  ['an array that is too long', Array(1_001).fill(METRIC), 'INVALID_EVENT', 1_001],
])('%s are counted as not recorded', async (_what, body, code, entries) => {
  const sender = { start() {}, send: async () => ({ status: 'refused', reason: 'full' }) as const, close() {} };
  const recording = await recordEntries(body, { door, sender, context });
  expect(recording).toMatchObject({ status: 'refused', problem: { code }, entries });
});
