import type { AuditEntry } from '@tracepost/contracts';
import type { AuditStore } from '@tracepost/stores';
import { sql } from 'kysely';
import { columnText } from './column-text.ts';
import { cutPage, decodeCursor, pageSize } from './cursor.ts';
import { jsonText } from './json-text.ts';
import type { AuditTable, RecordDatabase } from './schema.ts';
import type { Statements } from './statements.ts';
import { epochMs } from './task-row.ts';

const KEPT_MS = 90 * 24 * 3_600_000;
const MAX_PURGED = 5_000;
const ENTRIES_PER_STATEMENT = 500;

export function createAuditStore(db: RecordDatabase, { read, write }: Statements): AuditStore {
  return {
    async add(entries) {
      if (entries.length > 0) await write('add_audit', () => addEntries(db, entries));
    },
    list: (query) => read('list_audit', () => listEntries(db, query)),
    purge: (nowMs, olderThanMs = KEPT_MS) => write('purge_audit', () => purgeEntries(db, nowMs - olderThanMs)),
  };
}

/** What stands there stays as it is. */
async function addEntries(db: RecordDatabase, entries: readonly AuditEntry[]): Promise<void> {
  const rows = entries.map(toRow).sort((a, b) => (a.audit_id < b.audit_id ? -1 : 1));
  await db.transaction().execute(async (transaction) => {
    for (let start = 0; start < rows.length; start += ENTRIES_PER_STATEMENT) {
      await transaction
        .insertInto('audit')
        .values(rows.slice(start, start + ENTRIES_PER_STATEMENT))
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    }
  });
}

async function listEntries(
  db: RecordDatabase,
  { taskId, action, from, to, limit, cursor }: Parameters<AuditStore['list']>[0],
): Promise<{ items: AuditEntry[]; nextCursor: string | null }> {
  const size = pageSize(limit);
  let query = db
    .selectFrom('audit')
    .select(['audit_id', 'at_ms', 'entry'])
    .orderBy('at_ms', 'desc')
    .orderBy('audit_id', 'desc')
    .limit(size + 1);
  if (taskId !== undefined) query = query.where('task_id', '=', columnText(taskId));
  if (action !== undefined) query = query.where('action', '=', action);
  if (from !== undefined) query = query.where('at_ms', '>=', epochMs(from));
  if (to !== undefined) query = query.where('at_ms', '<', epochMs(to));
  if (cursor !== undefined) {
    const { ms, id } = decodeCursor(cursor);
    query = query.where(sql<boolean>`(at_ms, audit_id) < (${ms}, ${id})`);
  }
  const { page, nextCursor } = cutPage(await query.execute(), size, ({ at_ms, audit_id }) => ({
    ms: at_ms,
    id: audit_id,
  }));
  return { items: page.map(({ entry }) => JSON.parse(entry) as AuditEntry), nextCursor };
}

async function purgeEntries(db: RecordDatabase, beforeMs: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('audit')
    .where('audit_id', 'in', (eb) =>
      eb.selectFrom('audit').select('audit_id').where('at_ms', '<=', beforeMs).orderBy('at_ms').limit(MAX_PURGED),
    )
    .executeTakeFirst();
  return Number(numDeletedRows);
}

function toRow(entry: AuditEntry): AuditTable {
  return {
    audit_id: columnText(entry.auditId),
    at_ms: epochMs(entry.at),
    action: entry.action,
    task_id: columnText(entry.taskId),
    entry: jsonText(entry),
  };
}
