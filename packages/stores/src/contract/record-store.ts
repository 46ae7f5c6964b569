import { afterAll, beforeAll, describe, test } from 'vitest';
import type { RecordStore } from '../record-store.ts';
import { ANNOUNCEMENT_PROPERTIES } from './record-store-announcements.ts';
import { LIST_PROPERTIES } from './record-store-lists.ts';
import type { RecordStoreProperty } from './record-store-property.ts';
import { QUERY_PROPERTIES } from './record-store-queries.ts';
import { TASK_PROPERTIES } from './record-store-tasks.ts';

/** How an adapter offers itself to the suite; the suite closes every store that it opens. */
export interface RecordStoreHarness {
  open(): Promise<RecordStore>;
  close(): Promise<void>;
}

/** What every record store promises. */
export const RECORD_STORE_PROPERTIES: readonly RecordStoreProperty[] = [
  ...TASK_PROPERTIES,
  ...LIST_PROPERTIES,
  ...QUERY_PROPERTIES,
  ...ANNOUNCEMENT_PROPERTIES,
];

/** Registers one test for each property; one harness, and its data, serves them all. */
export function describeRecordStoreContract(name: string, createHarness: () => Promise<RecordStoreHarness>): void {
  describe(`${name} as a record store`, () => {
    let harness: RecordStoreHarness;
    beforeAll(async () => {
      harness = await createHarness();
    });
    afterAll(() => harness?.close());

    for (const property of RECORD_STORE_PROPERTIES) {
      test(property.title, () => checkRecordStore(property, () => harness.open()));
    }
  });
}

/** Runs one property on stores opened for it, and closes them whatever comes of it. */
export async function checkRecordStore(property: RecordStoreProperty, open: () => Promise<RecordStore>): Promise<void> {
  const opened: RecordStore[] = [];
  const openAnother = async () => {
    const store = await open();
    opened.push(store);
    return store;
  };
  try {
    await property.run({ store: await openAnother(), open: openAnother });
  } finally {
    await Promise.all(opened.map((store) => store.close()));
  }
}
