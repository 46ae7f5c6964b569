import type { AuditStore } from './audit-store.ts';
import type { DeadLetterStore } from './dead-letter-store.ts';
import type { EventStore } from './event-store.ts';
import type { InboxStore } from './inbox-store.ts';
import type { IdempotencyKeyStore } from './key-store.ts';
import type { RecordStore } from './record-store.ts';
import type { RecordedMetricStore } from './recorded-metric-store.ts';
import type { RollupStore } from './rollup-store.ts';
import type { TraceSummaryStore } from './trace-summary-store.ts';

/** What stands in one database: the records, and beside them what lets each task happen once and be handled. */
export type HouseStores = RecordStore & {
  readonly inbox: InboxStore;
  readonly keys: IdempotencyKeyStore;
  readonly deadLetters: DeadLetterStore;
  readonly audit: AuditStore;
  readonly rollups: RollupStore;
  readonly traceSummaries: TraceSummaryStore;
  readonly events: EventStore;
  readonly recordedMetrics: RecordedMetricStore;
};
