import type { TaskRecord } from '@tracepost/contracts';
import type { RecordStore } from '@tracepost/stores';
import { sql } from 'kysely';
import { applyAnnouncements, listAnnouncements } from './announcements.ts';
import { applyTaskEvents } from './apply-task-events.ts';
import { withChildren } from './children.ts';
import { columnText } from './column-text.ts';
import { countByAgent } from './count-by-agent.ts';
import { listTasks } from './list-tasks.ts';
import { purgeTasks } from './purge-tasks.ts';
import type { RecordDatabase } from './schema.ts';
import type { Statements } from './statements.ts';
import { fromTaskRow } from './task-row.ts';

const MAX_TASKS_OF_TRACE = 100;

export interface SqlRecordStoreOptions {
  readonly db: RecordDatabase;
  /** For what is asked every few seconds. */
  readonly looks: RecordDatabase;
  readonly statements: Statements;
  /** Hold rows from reading to writing, where the database has several writers at a time. */
  readonly lockRows: boolean;
  readonly close: () => Promise<void>;
}

/** The record store, by the same queries on both databases. */
export function createSqlRecordStore({ db, looks, statements, lockRows, close }: SqlRecordStoreOptions): RecordStore {
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
    listAnnouncements: () => read('list_announcements', () => listAnnouncements(looks)),
    countTasks: () => read('count_tasks', () => countTasks(looks)),
    countByAgent: (since) => read('count_by_agent', () => countByAgent(looks, since)),
    purgeTasks: (nowMs, olderThanMs) => write('purge_tasks', () => purgeTasks(db, nowMs - olderThanMs)),
    ping: () => read('ping', () => ping(looks)),
    close,
  };
}

export async function ping(db: RecordDatabase): Promise<void> {
  await sql`select 1`.execute(db);
}

async function getTask(db: RecordDatabase, taskId: string): Promise<TaskRecord | null> {
  const rows = await db.selectFrom('tasks').select('record').where('task_id', '=', columnText(taskId)).execute();
  const [record] = await withChildren(db, rows.map(fromTaskRow));
  return record ?? null;
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
  return withChildren(db, rows.map(fromTaskRow));
}

async function countTasks(db: RecordDatabase): Promise<number> {
  const { count } = await db
    .selectFrom('tasks')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return count;
}
