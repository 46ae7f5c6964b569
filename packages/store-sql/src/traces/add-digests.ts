import { mergeDigests, StoreUnavailableError, type TraceDigest } from '@tracepost/stores';
import { sql } from 'kysely';
import { columnText } from '../column-text.ts';
import { createInsert } from '../insert-rows.ts';
import type { RecordDatabase, TraceSummariesTable, TraceTasksTable } from '../schema.ts';
import { type DigestColumns, fromColumns, isSame, toColumns } from './trace-row.ts';

const TRACES_PER_STATEMENT = 200;
const MAX_ROUNDS = 20;

type Part = readonly [traceId: string, digest: TraceDigest];
type Known = DigestColumns & Pick<TraceSummariesTable, 'trace_id' | 'version'>;

/**
 * Reads the traces of the batch, merges in memory and writes back by one statement, without a transaction, so that records need not wait
 * for it: a row that another writer changed in between is left by the statement and taken again in the next round. A trace of which the
 * batch tells nothing new is not written at all.
 */
export function addDigests(
  db: RecordDatabase,
): (digests: ReadonlyMap<string, TraceDigest>, nowMs: number) => Promise<void> {
  const insertTraces = insertOfTraces(db);
  const insertTasks = insertOfTasks(db);

  const addSome = async (parts: readonly Part[], nowMs: number): Promise<void> => {
    let open = parts;
    for (let round = 0; open.length > 0; round++) {
      if (round === MAX_ROUNDS)
        throw new StoreUnavailableError('sql', `${open.length} traces were written by others ${MAX_ROUNDS} times over`);
      const known = await readTraces(
        db,
        open.map(([traceId]) => traceId),
      );
      const rows: TraceSummariesTable[] = [];
      const tasks: TraceTasksTable[] = [];
      for (const [traceId, digest] of open) {
        const change = changeOf(known.get(traceId), digest);
        if (!change) continue;
        const { version, columns, newTasks } = change;
        rows.push({ trace_id: traceId, version, seen_at_ms: nowMs, ...columns });
        for (const taskId of newTasks)
          tasks.push({ task_id: columnText(taskId), trace_id: traceId, seen_at_ms: nowMs });
      }
      // First, so that a trace that is known is found by its tasks; what stands there for one that is not does no harm.
      for (const some of chunks(tasks)) await insertTasks(some);
      const written = rows.length === 0 ? [] : await insertTraces(rows);
      const done = new Set(written.map(({ trace_id }) => trace_id));
      const wanted = new Set(rows.map(({ trace_id }) => trace_id));
      open = open.filter(([traceId]) => wanted.has(traceId) && !done.has(traceId));
    }
  };

  return async (digests, nowMs) => {
    // In the order of their ids, so that two batches never wait for each other crosswise.
    const parts = [...digests].sort(([a], [b]) => (a < b ? -1 : 1));
    for (const some of chunks(parts)) await addSome(some, nowMs);
  };
}

function changeOf(known: Known | undefined, digest: TraceDigest) {
  const { taskIds } = digest.terms.lists;
  if (!known) return { version: 1, columns: toColumns(digest), newTasks: taskIds };
  const before = fromColumns(known);
  const columns = toColumns(mergeDigests(before, digest));
  if (isSame(known, columns)) return null;
  const newTasks = taskIds.filter((taskId) => !before.terms.lists.taskIds.includes(taskId));
  return { version: known.version + 1, columns, newTasks };
}

async function readTraces(db: RecordDatabase, traceIds: readonly string[]): Promise<Map<string, Known>> {
  const rows = await db
    .selectFrom('trace_summaries')
    .select(['trace_id', 'version', 'started_us', 'ended_us', 'has_error', 'root', 'terms', 'spans', 'errors'])
    .where('trace_id', 'in', traceIds)
    .execute();
  return new Map(rows.map((row) => [row.trace_id, row]));
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
    spans: new Uint8Array(),
    errors: new Uint8Array(),
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
  const sample: TraceTasksTable = { task_id: '', trace_id: '', seen_at_ms: 0 };
  return createInsert(db, sample, (rows) =>
    db
      .insertInto('trace_tasks')
      .values(rows)
      .onConflict((conflict) => conflict.doNothing()),
  );
}

function chunks<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / TRACES_PER_STATEMENT) }, (_, at) =>
    items.slice(at * TRACES_PER_STATEMENT, (at + 1) * TRACES_PER_STATEMENT),
  );
}
