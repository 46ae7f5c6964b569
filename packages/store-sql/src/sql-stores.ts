import type { InboxStore, RecordStore } from '@tracepost/stores';
import { createInboxStore } from './inbox/create-inbox-store.ts';
import type { RecordDatabase } from './schema.ts';
import { createSqlRecordStore } from './sql-record-store.ts';
import { createStatements, type StatementsOptions } from './statements.ts';

/** The records, and beside them in the same database what keeps each task to one ending. */
export type SqlStores = RecordStore & { readonly inbox: InboxStore };

export interface SqlStoresOptions extends StatementsOptions {
  readonly db: RecordDatabase;
  readonly close: () => Promise<void>;
}

export function createSqlStores({ db, close, ...options }: SqlStoresOptions): SqlStores {
  const statements = createStatements(options);
  const records = createSqlRecordStore({ db, statements, lockRows: options.system === 'postgresql', close });
  return { ...records, inbox: createInboxStore(db, statements) };
}
