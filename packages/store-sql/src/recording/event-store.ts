import type { RecordedEvent } from '@tracepost/contracts';
import type { EventEntry, EventQuery, EventStore, RecordOutcome } from '@tracepost/stores';
import { sql, type Transaction } from 'kysely';
import { columnText } from '../column-text.ts';
import { cutPage, decodeCursor, pageSize } from '../cursor.ts';
import { jsonText } from '../json-text.ts';
import type { RecordDatabase, RecordedEventsTable, RecordTables } from '../schema.ts';
import type { Statements } from '../statements.ts';
import { epochMs } from '../task-row.ts';
import { addSamples } from './add-samples.ts';

const KEPT_MS = 7 * 24 * 3_600_000;
const MAX_PURGED = 5_000;
const EVENTS_PER_STATEMENT = 500;
const NOTHING: RecordOutcome = { recorded: 0, overflowed: [] };

export function createEventStore(
  db: RecordDatabase,
  { read, write }: Statements,
  options: { readonly lockRows: boolean },
): EventStore {
  return {
    async record(entries, nowMs = Date.now()) {
      if (entries.length === 0) return NOTHING;
      // Outside of the transaction: what cannot be written as JSON is refused before anything is locked.
      const rows = toRows(entries, nowMs);
      return write('record_events', () =>
        db.transaction().execute((transaction) => record(transaction, entries, { ...options, rows })),
      );
    },
    list: (query) => read('list_events', () => listEvents(db, query)),
    purge: (nowMs, olderThanMs = KEPT_MS) => write('purge_events', () => purgeEvents(db, nowMs - olderThanMs)),
  };
}

/** The id decides: only what is new goes on into the metrics, within the transaction that has remembered the id. */
async function record(
  transaction: Transaction<RecordTables>,
  entries: readonly EventEntry[],
  { rows, lockRows }: { readonly rows: readonly RecordedEventsTable[]; readonly lockRows: boolean },
): Promise<RecordOutcome> {
  const added = new Set<string>();
  for (let start = 0; start < rows.length; start += EVENTS_PER_STATEMENT) {
    const written = await transaction
      .insertInto('recorded_events')
      .values(rows.slice(start, start + EVENTS_PER_STATEMENT))
      .onConflict((conflict) => conflict.doNothing())
      .returning('event_id')
      .execute();
    for (const { event_id } of written) added.add(event_id);
  }
  const recorded = added.size;
  const samples = entries.flatMap(({ event, sample }) => {
    const eventId = columnText(event.eventId);
    // Of several in one batch under this id the first was written.
    if (!added.delete(eventId) || !sample) return [];
    return [{ ...sample, eventId, atMs: epochMs(event.timestamp) }];
  });
  const overflowed = samples.length === 0 ? [] : await addSamples(transaction, samples, { lockRows });
  return { recorded, overflowed };
}

/** By id, each once, so that two batches never wait for each other crosswise. */
function toRows(entries: readonly EventEntry[], nowMs: number): RecordedEventsTable[] {
  const rows = new Map<string, RecordedEventsTable>();
  for (const { event } of entries) {
    const row = toRow(event, nowMs);
    if (!rows.has(row.event_id)) rows.set(row.event_id, row);
  }
  return [...rows.values()].sort((a, b) => (a.event_id < b.event_id ? -1 : 1));
}

function toRow(event: RecordedEvent, nowMs: number): RecordedEventsTable {
  return {
    event_id: columnText(event.eventId),
    at_ms: epochMs(event.timestamp),
    recorded_at_ms: nowMs,
    type: columnText(event.type),
    source: columnText(event.source),
    correlation_id: columnText(event.correlationId),
    event: jsonText(event),
  };
}

async function listEvents(
  db: RecordDatabase,
  { type, source, correlationId, from, to, limit, cursor }: EventQuery,
): Promise<{ items: RecordedEvent[]; nextCursor: string | null }> {
  const size = pageSize(limit);
  let query = db
    .selectFrom('recorded_events')
    .select(['event_id', 'at_ms', 'event'])
    .orderBy('at_ms', 'desc')
    .orderBy('event_id', 'desc')
    .limit(size + 1);
  if (type !== undefined) query = query.where('type', '=', columnText(type));
  if (source !== undefined) query = query.where('source', '=', columnText(source));
  if (correlationId !== undefined) query = query.where('correlation_id', '=', columnText(correlationId));
  if (from !== undefined) query = query.where('at_ms', '>=', epochMs(from));
  if (to !== undefined) query = query.where('at_ms', '<', epochMs(to));
  if (cursor !== undefined) {
    const { ms, id } = decodeCursor(cursor);
    query = query.where(sql<boolean>`(at_ms, event_id) < (${ms}, ${id})`);
  }
  const { page, nextCursor } = cutPage(await query.execute(), size, ({ at_ms, event_id }) => ({
    ms: at_ms,
    id: event_id,
  }));
  return { items: page.map(({ event }) => JSON.parse(event) as RecordedEvent), nextCursor };
}

async function purgeEvents(db: RecordDatabase, beforeMs: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('recorded_events')
    .where('event_id', 'in', (eb) =>
      eb
        .selectFrom('recorded_events')
        .select('event_id')
        .where('recorded_at_ms', '<=', beforeMs)
        .orderBy('recorded_at_ms')
        .limit(MAX_PURGED),
    )
    .executeTakeFirst();
  return Number(numDeletedRows);
}
