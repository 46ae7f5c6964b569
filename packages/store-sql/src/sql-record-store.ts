import type { TaskRecord } from '@tracepost/contracts';
import type { RecordStore, TaskQuery } from '@tracepost/stores';
import { sql } from 'kysely';
import { applyAnnouncements, listAnnouncements } from './announcements.ts';
import { applyTaskEvents } from './apply-task-events.ts';
import { columnText } from './column-text.ts';
import type { RecordDatabase } from './schema.ts';
import type { Statements } from './statements.ts';
import { decodeCursor, encodeCursor } from './task-cursor.ts';
import { fromTaskRow } from './task-row.ts';

const MAX_PAGE = 1_000;
const MAX_TASKS_OF_TRACE = 100;

export interface SqlRecordStoreOptions {
  readonly db: RecordDatabase;
  readonly statements: Statements;
  /** Hold rows from reading to writing, where the database has several writers at a time. */
  readonly lockRows: boolean;
  readonly close: () => Promise<void>;
}

/** The record store, by the same queries on both databases. */
export function createSqlRecordStore({ db, statements, lockRows, close }: SqlRecordStoreOptions): RecordStore {
  const { read, write } = statements;
  return {
    async applyTaskEvents(events) {
      if (events.length === 0) return;
      await write('apply_task_events', () =>
        db.transaction().execute((transaction) => applyTaskEvents({ transaction, events, lockRows })),
      );
    },
    async applyAnnouncements(announcements) {
      if (announcements.length === 0) return;
      await write('apply_announcements', () => applyAnnouncements(db, announcements));
    },
    getTask: (taskId) => read('get_task', () => getTask(db, taskId)),
    listTasksOfTrace: (traceId) => read('list_tasks_of_trace', () => listTasksOfTrace(db, traceId)),
    listTasks: (query) => read('list_tasks', () => listTasks(db, query)),
    listAnnouncements: () => read('list_announcements', () => listAnnouncements(db)),
    countTasks: () => read('count_tasks', () => countTasks(db)),
    ping: () => read('ping', () => ping(db)),
    close,
  };
}

export async function ping(db: RecordDatabase): Promise<void> {
  await sql`select 1`.execute(db);
}

async function getTask(db: RecordDatabase, taskId: string): Promise<TaskRecord | null> {
  const row = await db
    .selectFrom('tasks')
    .select('record')
    .where('task_id', '=', columnText(taskId))
    .executeTakeFirst();
  return row ? fromTaskRow(row) : null;
}

async function listTasksOfTrace(db: RecordDatabase, traceId: string): Promise<TaskRecord[]> {
  const rows = await db
    .selectFrom('tasks')
    .select('record')
    .where('trace_id', '=', columnText(traceId))
    .orderBy('accepted_at_ms')
    .orderBy('task_id')
    .limit(MAX_TASKS_OF_TRACE)
    .execute();
  return rows.map(fromTaskRow);
}

async function listTasks(
  db: RecordDatabase,
  { agentId, limit, cursor }: TaskQuery,
): Promise<{ items: TaskRecord[]; nextCursor: string | null }> {
  const pageSize = Math.min(Math.max(1, limit), MAX_PAGE);
  const from = cursor === undefined ? null : decodeCursor(cursor);
  let query = db
    .selectFrom('tasks')
    .select(['task_id', 'accepted_at_ms', 'record'])
    .orderBy('accepted_at_ms', 'desc')
    .orderBy('task_id', 'desc')
    // One more than asked for tells whether there is a next page.
    .limit(pageSize + 1);
  if (agentId !== undefined) query = query.where('agent_id', '=', columnText(agentId));
  if (from) {
    query = query.where(({ eb, refTuple, tuple }) =>
      eb(refTuple('accepted_at_ms', 'task_id'), '<', tuple(from.acceptedAtMs, from.taskId)),
    );
  }
  const rows = await query.execute();
  const last = rows[pageSize - 1];
  return {
    items: rows.slice(0, pageSize).map(fromTaskRow),
    nextCursor: rows.length > pageSize && last ? encodeCursor(last) : null,
  };
}

async function countTasks(db: RecordDatabase): Promise<number> {
  const { count } = await db
    .selectFrom('tasks')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return count;
}
