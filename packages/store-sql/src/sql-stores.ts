import type { HouseStores } from '@tracepost/stores';
import { createAuditStore } from './audit-store.ts';
import { createDeadLetterStore } from './dead-letter-store.ts';
import { createInboxStore } from './inbox/create-inbox-store.ts';
import { createKeyStore, type KeyStoreOptions } from './key-store.ts';
import { createEventStore } from './recording/event-store.ts';
import { createRecordedMetricStore } from './recording/recorded-metric-store.ts';
import { createRollupStore } from './rollups/create-rollup-store.ts';
import type { RecordDatabase } from './schema.ts';
import { createSqlRecordStore } from './sql-record-store.ts';
import { createStatements, type StatementsOptions } from './statements.ts';
import { createTraceSummaryStore } from './traces/create-trace-summary-store.ts';

/** All in one database; closing the records closes the others too. */
export type SqlStores = HouseStores;

export interface SqlStoresOptions extends StatementsOptions, KeyStoreOptions {
  readonly db: RecordDatabase;
  /** For what is small and asked again and again while nothing happens: in SQLite it lets a thread rest. Default `db`. */
  readonly looks?: RecordDatabase;
  readonly close: () => Promise<void>;
}

export function createSqlStores({ db, looks = db, close, ...options }: SqlStoresOptions): SqlStores {
  const statements = createStatements(options);
  const lockRows = options.system === 'postgresql';
  const records = createSqlRecordStore({ db, looks, statements, lockRows, close });
  return {
    ...records,
    inbox: createInboxStore(db, statements),
    keys: createKeyStore(db, statements, options),
    deadLetters: createDeadLetterStore({ db, looks, statements }),
    audit: createAuditStore(db, statements),
    rollups: createRollupStore(db, statements),
    events: createEventStore(db, statements, { lockRows }),
    recordedMetrics: createRecordedMetricStore(db, statements, { lockRows }),
    traceSummaries: createTraceSummaryStore(db, { ...statements, system: options.system }),
  };
}
