import type { TaskRecord } from '@tracepost/contracts';
import { MAX_SEARCH_TEXT, searchText, type TaskQuery } from '@tracepost/stores';
import { type SelectQueryBuilder, sql } from 'kysely';
import { withChildren } from './children.ts';
import { columnText } from './column-text.ts';
import { cutPage, decodeCursor, encodeCursor, type Place, pageSize } from './cursor.ts';
import type { RecordDatabase, RecordTables } from './schema.ts';
import { epochMs, fromTaskRow } from './task-row.ts';

/** So many tasks are looked through for words at most, then the page ends there and its cursor leads on. */
const MAX_SEARCHED = 50_000;

type TasksQuery = SelectQueryBuilder<RecordTables, 'tasks', unknown>;

export async function listTasks(
  db: RecordDatabase,
  query: TaskQuery,
): Promise<{ items: TaskRecord[]; nextCursor: string | null }> {
  const size = pageSize(query.limit);
  const text = query.text === undefined ? null : searchText(query.text);
  if (text !== null && text.length > MAX_SEARCH_TEXT) return { items: [], nextCursor: null };

  const candidates = inOrder(select(db.selectFrom('tasks'), query), query);
  const end = text === null ? null : await endOfSearch(candidates);
  const rows = await within(candidates, end, query)
    .$if(text !== null, (tasks) => tasks.where(contains(text ?? '')))
    .select(['task_id', 'accepted_at_ms', 'record'])
    .limit(size + 1)
    .execute();
  const { page, nextCursor } = cutPage(rows, size, placeOf);
  return {
    items: await withChildren(db, page.map(fromTaskRow)),
    nextCursor: nextCursor ?? (end ? encodeCursor(end) : null),
  };
}

function select(tasks: TasksQuery, query: TaskQuery): TasksQuery {
  const equal = [
    ['agent_id', query.agentId],
    ['notification_type', query.notificationType],
    ['source', query.source],
    ['session_id', query.sessionId],
    ['correlation_id', query.correlationId],
    ['trace_id', query.traceId],
    ['parent_task_id', query.parentTaskId],
  ] as const;
  let selected = tasks;
  for (const [column, value] of equal) {
    if (value !== undefined) selected = selected.where(column, '=', columnText(value));
  }
  if (query.from !== undefined) selected = selected.where('accepted_at_ms', '>=', epochMs(query.from));
  if (query.to !== undefined) selected = selected.where('accepted_at_ms', '<', epochMs(query.to));
  const { status } = query;
  if (status === undefined) return selected;
  if (status.length === 0) return selected.where(sql<boolean>`1 = 0`);
  // SQLite takes the index without the succeeded ones only where the query says so in the same words.
  if (!status.includes('succeeded')) selected = selected.where(sql<boolean>`status <> 'succeeded'`);
  return selected.where('status', 'in', status);
}

function inOrder(tasks: TasksQuery, { sort, cursor }: TaskQuery): TasksQuery {
  const direction = sort === 'oldest' ? 'asc' : 'desc';
  const ordered = tasks.orderBy('accepted_at_ms', direction).orderBy('task_id', direction);
  if (cursor === undefined) return ordered;
  return ordered.where(comparedTo(decodeCursor(cursor), sort === 'oldest' ? '>' : '<'));
}

/** The place of the last task that a search looks at; null when it comes to the end. */
async function endOfSearch(candidates: TasksQuery): Promise<Place | null> {
  const last = await candidates
    .select(['task_id', 'accepted_at_ms'])
    .offset(MAX_SEARCHED - 1)
    .limit(1)
    .executeTakeFirst();
  return last ? placeOf(last) : null;
}

function within(candidates: TasksQuery, end: Place | null, { sort }: TaskQuery): TasksQuery {
  return end ? candidates.where(comparedTo(end, sort === 'oldest' ? '<=' : '>=')) : candidates;
}

function comparedTo({ ms, id }: Place, operator: '<' | '>' | '<=' | '>=') {
  return sql<boolean>`(accepted_at_ms, task_id) ${sql.raw(operator)} (${ms}, ${id})`;
}

function contains(text: string) {
  const pattern = `%${text.replace(/[\\%_]/g, '\\$&')}%`;
  return sql<boolean>`coalesce(search_text, lower(record)) like ${pattern} escape '\\'`;
}

function placeOf({ accepted_at_ms, task_id }: { accepted_at_ms: number; task_id: string }): Place {
  return { ms: accepted_at_ms, id: task_id };
}
