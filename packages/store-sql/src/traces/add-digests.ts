import { mergeDigests, StoreUnavailableError, type TraceDigest, taskIdsOf } from '@tracepost/stores';
import { sql } from 'kysely';
import { columnText } from '../column-text.ts';
import { createInsert } from '../insert-rows.ts';
import type { RecordDatabase, TraceSummariesTable, TraceTasksTable } from '../schema.ts';
import { RecentTraces, type WrittenTrace } from './recent-traces.ts';
import { fromColumns, isSame, toColumns } from './trace-row.ts';

const ROWS_PER_STATEMENT = 200;
const MAX_ROUNDS = 20;

export type Digests = ReadonlyMap<string, TraceDigest>;
type Part = readonly [traceId: string, digest: TraceDigest];

/**
 * Merges with what is known of each trace and writes it back by one statement, without a transaction, so that records need not wait for it.
 * A row that is another one than was thought is left by the statement; it is read then, and taken again in the next round. A trace of
 * which the batch tells nothing new is not written at all.
 */
export function addDigests(db: RecordDatabase): (digests: Digests, nowMs: number) => Promise<void> {
  const insertTraces = insertOfTraces(db);
  const insertTasks = insertOfTasks(db);
  const recent = new RecentTraces();

  const addSome = async (parts: readonly Part[], nowMs: number): Promise<void> => {
    let open = parts;
    let known = new Map<string, WrittenTrace | undefined>(open.map(([traceId]) => [traceId, recent.get(traceId)]));
    for (let round = 0; open.length > 0; round++) {
      if (round === MAX_ROUNDS)
        throw new StoreUnavailableError('sql', `${open.length} traces were written by others ${MAX_ROUNDS} times over`);
      const changes = new Map(open.flatMap(([traceId, digest]) => changeOf(traceId, digest, known.get(traceId))));
      const rows = [...changes].map(([trace_id, { version, columns }]) => ({
        trace_id,
        version,
        seen_at_ms: nowMs,
        ...columns,
      }));
      const written = rows.length === 0 ? [] : await insertTraces(rows);
      for (const { trace_id } of written) {
        const change = changes.get(trace_id);
        if (change) recent.set(trace_id, change);
        changes.delete(trace_id);
      }
      open = open.filter(([traceId]) => changes.has(traceId));
      if (open.length > 0) known = await readTraces(db, [...changes.keys()]);
    }
  };

  return async (digests, nowMs) => {
    // In the order of their ids, so that two batches never wait for each other crosswise.
    const parts = [...digests].sort(([a], [b]) => (a < b ? -1 : 1));
    for (const some of chunks(parts)) {
      // Side by side, which is one commit on SQLite. Of traces that are known already too: should only one of the two have succeeded,
      // the batch comes again, and mends it.
      await Promise.all([addSome(some, nowMs), ...chunks(tasksOf(some)).map((tasks) => insertTasks(tasks))]);
    }
  };
}

function tasksOf(parts: readonly Part[]): TraceTasksTable[] {
  return parts.flatMap(([trace_id, { terms }]) =>
    taskIdsOf(terms).map((taskId) => ({ task_id: columnText(taskId), trace_id })),
  );
}

function changeOf(traceId: string, digest: TraceDigest, known: WrittenTrace | undefined): [string, WrittenTrace][] {
  if (!known) return [[traceId, { version: 1, columns: toColumns(digest) }]];
  const columns = toColumns(mergeDigests(fromColumns(known.columns), digest));
  return isSame(known.columns, columns) ? [] : [[traceId, { version: known.version + 1, columns }]];
}

async function readTraces(db: RecordDatabase, traceIds: readonly string[]): Promise<Map<string, WrittenTrace>> {
  const rows = await db
    .selectFrom('trace_summaries')
    .select(['trace_id', 'version', 'started_us', 'ended_us', 'has_error', 'root', 'terms', 'spans', 'errors'])
    .where('trace_id', 'in', traceIds)
    .execute();
  return new Map(rows.map(({ trace_id, version, ...columns }) => [trace_id, { version, columns }]));
}

function insertOfTraces(db: RecordDatabase) {
  const sample: TraceSummariesTable = {
    trace_id: '',
    version: 1,
    started_us: 0,
    ended_us: 0,
    has_error: 0,
    seen_at_ms: 0,
    root: '',
    terms: '',
    spans: '',
    errors: '',
  };
  return createInsert(db, sample, (rows) =>
    db
      .insertInto('trace_summaries')
      .values(rows)
      .onConflict((conflict) =>
        conflict
          .column('trace_id')
          .doUpdateSet((row) => ({
            version: row.ref('excluded.version'),
            started_us: row.ref('excluded.started_us'),
            ended_us: row.ref('excluded.ended_us'),
            has_error: row.ref('excluded.has_error'),
            seen_at_ms: row.ref('excluded.seen_at_ms'),
            root: row.ref('excluded.root'),
            terms: row.ref('excluded.terms'),
            spans: row.ref('excluded.spans'),
            errors: row.ref('excluded.errors'),
          }))
          .where('trace_summaries.version', '=', sql<number>`excluded.version - 1`),
      )
      .returning('trace_summaries.trace_id'),
  );
}

function insertOfTasks(db: RecordDatabase) {
  const sample: TraceTasksTable = { task_id: '', trace_id: '' };
  return createInsert(db, sample, (rows) =>
    db
      .insertInto('trace_tasks')
      .values(rows)
      .onConflict((conflict) => conflict.doNothing()),
  );
}

function chunks<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / ROWS_PER_STATEMENT) }, (_, at) =>
    items.slice(at * ROWS_PER_STATEMENT, (at + 1) * ROWS_PER_STATEMENT),
  );
}
