import type { TaskRecord } from '@tracepost/contracts';
import { measureStore, type RecordStore, type TaskQuery } from '@tracepost/stores';
import type { Telemetry } from '@tracepost/telemetry';
import { sql } from 'kysely';
import { applyAnnouncements, listAnnouncements } from './announcements.ts';
import { applyTaskEvents } from './apply-task-events.ts';
import { columnText } from './column-text.ts';
import { tellRefusal } from './refusal.ts';
import type { RecordDatabase } from './schema.ts';
import { decodeCursor, encodeCursor } from './task-cursor.ts';
import { fromTaskRow } from './task-row.ts';

const MAX_PAGE = 1_000;
const MAX_TASKS_OF_TRACE = 100;

export interface SqlRecordStoreOptions {
  readonly db: RecordDatabase;
  /** `db.system.name`. */
  readonly system: 'postgresql' | 'sqlite';
  readonly telemetry: Pick<Telemetry, 'metrics'>;
  /** Runs a write that the database may break off for the sake of another one, again. */
  readonly retry: <T>(write: () => Promise<T>) => Promise<T>;
  readonly close: () => Promise<void>;
}

/** The record store, by the same queries on both databases. */
export function createSqlRecordStore({ db, system, telemetry, retry, close }: SqlRecordStoreOptions): RecordStore {
  const measured = <T>(operation: string, work: () => Promise<T>) =>
    measureStore(telemetry, { system, operation }, work);

  const write = (operation: string, work: () => Promise<void>) =>
    measured(operation, () => tellRefusal(() => retry(work)));

  return {
    async applyTaskEvents(events) {
      if (events.length === 0) return;
      const lockRows = system === 'postgresql';
      await write('apply_task_events', () =>
        db.transaction().execute((transaction) => applyTaskEvents({ transaction, events, lockRows })),
      );
    },
    async applyAnnouncements(announcements) {
      if (announcements.length === 0) return;
      await write('apply_announcements', () => applyAnnouncements(db, announcements));
    },
    getTask: (taskId) => measured('get_task', () => getTask(db, taskId)),
    listTasksOfTrace: (traceId) => measured('list_tasks_of_trace', () => listTasksOfTrace(db, traceId)),
    listTasks: (query) => measured('list_tasks', () => listTasks(db, query)),
    listAnnouncements: () => measured('list_announcements', () => listAnnouncements(db)),
    countTasks: () => measured('count_tasks', () => countTasks(db)),
    ping: () => measured('ping', () => ping(db)),
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
