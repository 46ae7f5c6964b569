import type { RecordStore } from '../record-store.ts';

export interface RecordStoreProperty {
  readonly title: string;
  /** Throws when the store does not hold it. Uses ids of its own, so that properties may share one set of data. */
  run(subject: RecordStoreSubject): Promise<void>;
}

export interface RecordStoreSubject {
  readonly store: RecordStore;
  /** One more store on the same data, as a second process would open it. */
  open(): Promise<RecordStore>;
}
