import {
  LOG_STORE_PROPERTIES,
  METRIC_QUESTION_PROPERTIES,
  METRIC_STORE_PROPERTIES,
  type Property,
  TRACE_STORE_PROPERTIES,
} from '@tracepost/stores/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BROKEN_LOG_STORES } from './broken/log-stores.ts';
import { BROKEN_METRIC_QUESTIONS, BROKEN_METRIC_STORES } from './broken/metric-stores.ts';
import { BROKEN_TRACE_STORES } from './broken/trace-stores.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(() => opened.close());

describeTeeth('trace store', TRACE_STORE_PROPERTIES, BROKEN_TRACE_STORES, (change) => ({
  store: change(opened.store.traces),
  keepsNestedAttributes: true,
}));
describeTeeth('log store', LOG_STORE_PROPERTIES, BROKEN_LOG_STORES, (change) => ({ store: change(opened.store.logs) }));
describeTeeth('metric store', METRIC_STORE_PROPERTIES, BROKEN_METRIC_STORES, (change) => ({
  store: change(opened.store.metrics),
}));

describeTeeth(
  'metric store that is asked questions',
  METRIC_QUESTION_PROPERTIES,
  BROKEN_METRIC_QUESTIONS,
  (change) => ({
    store: change(opened.store.metrics),
  }),
);

/** The contract is itself under test: against stores that are wrong on purpose. */
function describeTeeth<Store, Subject>(
  kind: string,
  properties: readonly Property<Subject>[],
  breakages: Readonly<Record<string, (right: Store) => Store>>,
  subjectOf: (change: (right: Store) => Store) => Subject,
): void {
  describe(`the contract of a ${kind}`, () => {
    const noticedBy = new Map<string, string[]>();
    beforeAll(async () => {
      for (const [breakage, change] of Object.entries(breakages)) {
        noticedBy.set(breakage, await brokenProperties(properties, subjectOf(change)));
      }
    });
    test.each(Object.keys(breakages))('notices one that %s', (breakage) => {
      expect(noticedBy.get(breakage)).not.toEqual([]);
    });
    test.each(properties.map(({ title }) => title))('has a use for: %s', (title) => {
      expect([...noticedBy.values()].flat()).toContain(title);
    });
  });
}

async function brokenProperties<Subject>(
  properties: readonly Property<Subject>[],
  subject: Subject,
): Promise<string[]> {
  const broken: string[] = [];
  for (const { title, run } of properties) {
    await run(subject).catch(() => broken.push(title));
  }
  return broken;
}
