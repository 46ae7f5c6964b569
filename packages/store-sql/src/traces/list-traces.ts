import type { TraceSummary } from '@tracepost/contracts';
import { type TraceQuery, termsWanted } from '@tracepost/stores';
import { type SelectQueryBuilder, sql } from 'kysely';
import { columnText } from '../column-text.ts';
import { cutPage, decodeCursor, encodeCursor, type Place, pageSize } from '../cursor.ts';
import type { RecordDatabase, RecordTables } from '../schema.ts';
import type { StatementsOptions } from '../statements.ts';
import { epochMs } from '../task-row.ts';
import { toSummary } from './trace-row.ts';

/** So many traces are looked through at most, then the page ends there and its cursor leads on. */
const MAX_SEARCHED = 50_000;
/** Of one task: it may be retried, each time in another trace. */
const MAX_TRACES_OF_TASK = 1_000;

type TracesQuery = SelectQueryBuilder<RecordTables, 'trace_summaries', unknown>;

export interface ListOptions extends Pick<StatementsOptions, 'system'> {
  readonly query: TraceQuery;
}

/** Newest first. In a cursor, `ms` counts microseconds: it is the place in the order of the column. */
export async function listTraces(
  db: RecordDatabase,
  { system, query }: ListOptions,
): Promise<{ items: TraceSummary[]; nextCursor: string | null }> {
  const size = pageSize(query.limit);
  let inRange = db.selectFrom('trace_summaries').orderBy('started_us', 'desc').orderBy('trace_id', 'desc');
  if (query.from !== undefined) inRange = inRange.where('started_us', '>=', epochMs(query.from) * 1_000);
  if (query.to !== undefined) inRange = inRange.where('started_us', '<', epochMs(query.to) * 1_000);
  if (query.cursor !== undefined) inRange = inRange.where(comparedTo(decodeCursor(query.cursor), '<'));

  let candidates = inRange;
  let end: Place | null = null;
  if (query.taskId !== undefined) {
    const traceIds = await tracesOfTask(db, query.taskId);
    if (traceIds.length === 0) return { items: [], nextCursor: null };
    candidates = candidates.where('trace_id', 'in', traceIds);
  } else {
    end = await endOfSearch(inRange);
    if (end) candidates = candidates.where(comparedTo(end, '>='));
  }
  const rows = await matching(candidates, query, system)
    .select(['trace_id', 'started_us', 'ended_us', 'has_error', 'seen_at_ms', 'root', 'terms', 'spans', 'errors'])
    .limit(size + 1)
    .execute();
  const { page, nextCursor } = cutPage(rows, size, placeOf);
  return { items: page.map(toSummary), nextCursor: nextCursor ?? (end ? encodeCursor(end) : null) };
}

function matching(traces: TracesQuery, query: TraceQuery, system: ListOptions['system']): TracesQuery {
  const { status, minDurationMs, maxDurationMs } = query;
  let selected = traces;
  if (status !== undefined) selected = selected.where('has_error', '=', status === 'error' ? 1 : 0);
  if (minDurationMs !== undefined)
    selected = selected.where(sql<boolean>`ended_us - started_us >= ${Math.ceil(minDurationMs * 1_000)}`);
  if (maxDurationMs !== undefined)
    selected = selected.where(sql<boolean>`ended_us - started_us <= ${Math.floor(maxDurationMs * 1_000)}`);
  // Both find a text as it is, where LIKE would know patterns and, in SQLite, no difference between a and A.
  const position = sql.raw(system === 'postgresql' ? 'strpos' : 'instr');
  for (const line of termsWanted(query)) selected = selected.where(sql<boolean>`${position}(terms, ${line}) > 0`);
  return selected;
}

async function tracesOfTask(db: RecordDatabase, taskId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('trace_tasks')
    .select('trace_id')
    .where('task_id', '=', columnText(taskId))
    .limit(MAX_TRACES_OF_TASK)
    .execute();
  return rows.map(({ trace_id }) => trace_id);
}

/** The place of the last trace that is looked at; null when that is the end. Read from the index alone. */
async function endOfSearch(inRange: TracesQuery): Promise<Place | null> {
  const last = await inRange
    .select(['trace_id', 'started_us'])
    .offset(MAX_SEARCHED - 1)
    .limit(1)
    .executeTakeFirst();
  return last ? placeOf(last) : null;
}

function comparedTo({ ms, id }: Place, operator: '<' | '>=') {
  return sql<boolean>`(started_us, trace_id) ${sql.raw(operator)} (${ms}, ${id})`;
}

function placeOf({ started_us, trace_id }: { started_us: number; trace_id: string }): Place {
  return { ms: started_us, id: trace_id };
}
