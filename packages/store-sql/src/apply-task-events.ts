import type { TaskEvent, TaskRecord } from '@tracepost/contracts';
import { applyTaskEvent, RecordsRefusedError } from '@tracepost/stores';
import { sql, type Transaction } from 'kysely';
import { columnText } from './column-text.ts';
import { type CountedChange, countEndings } from './rollups/count-endings.ts';
import type { RecordTables, TasksTable } from './schema.ts';
import { countedOf, fromTaskRow, toTaskRow } from './task-row.ts';

/** So many tasks are written by one statement: 17 values each, and SQLite takes 32,766 in all. */
const TASKS_PER_STATEMENT = 500;
const MAX_ROUNDS = 20;

export interface ApplyOptions {
  readonly transaction: Transaction<RecordTables>;
  readonly events: readonly TaskEvent[];
  /** Hold rows from reading to writing, where the database has several writers at a time. */
  readonly lockRows: boolean;
}

/**
 * Reads the tasks of the batch, reduces their events in memory and writes them back by one statement. A task that
 * another writer wrote in between (it was new for both) is left by the statement and taken again in the next round.
 * Those that have ended are counted in the same transaction, from the difference to what was counted of them before.
 */
export async function applyTaskEvents({ transaction, events, lockRows }: ApplyOptions): Promise<void> {
  const byTask = groupByTask(events);
  // In the order of their ids, so that two batches never wait for each other crosswise.
  const taskIds = [...byTask.keys()].sort();
  const changes: CountedChange[] = [];
  for (let start = 0; start < taskIds.length; start += TASKS_PER_STATEMENT) {
    let open = taskIds.slice(start, start + TASKS_PER_STATEMENT);
    for (let round = 0; open.length > 0; round++) {
      if (round === MAX_ROUNDS) throw new Error(`${open.length} tasks were written by others ${MAX_ROUNDS} times over`);
      const known = await readTasks(transaction, open, lockRows);
      const rows = reduceTasks(open, known, byTask);
      const written = await writeTasks(transaction, rows);
      changes.push(...rows.filter((row) => written.has(row.task_id)).flatMap((row) => changeOf(known, row)));
      open = open.filter((taskId) => !written.has(taskId));
    }
  }
  await countEndings({ transaction, changes, lockRows });
}

type Known = Pick<TasksTable, 'task_id' | 'version' | 'agent_id' | 'tenant_id' | 'counted' | 'record'>;

function changeOf(known: ReadonlyMap<string, Known>, row: TasksTable): CountedChange[] {
  const before = known.get(row.task_id);
  if (row.counted === (before?.counted ?? null)) return [];
  return [{ before: before ? countedOf(before) : null, after: countedOf(row) }];
}

/** By the id as its column has it. */
function groupByTask(events: readonly TaskEvent[]): Map<string, TaskEvent[]> {
  return Map.groupBy(events, (event) => columnText(event.task.taskId));
}

async function readTasks(
  transaction: Transaction<RecordTables>,
  taskIds: readonly string[],
  lockRows: boolean,
): Promise<Map<string, Known>> {
  const rows = await transaction
    .selectFrom('tasks')
    .select(['task_id', 'version', 'agent_id', 'tenant_id', 'counted', 'record'])
    .where('task_id', 'in', taskIds)
    .orderBy('task_id')
    .$if(lockRows, (query) => query.forUpdate())
    .execute();
  return new Map(rows.map((row) => [row.task_id, row]));
}

function reduceTasks(
  taskIds: readonly string[],
  known: ReadonlyMap<string, Known>,
  events: ReadonlyMap<string, readonly TaskEvent[]>,
): TasksTable[] {
  return taskIds.flatMap((taskId) => reduceTask(known.get(taskId), events.get(taskId) ?? []));
}

function reduceTask(known: Known | undefined, events: readonly TaskEvent[]): TasksTable[] {
  try {
    const record = events.reduce<TaskRecord | null>(applyTaskEvent, known ? fromTaskRow(known) : null);
    return record ? [toTaskRow(record, (known?.version ?? 0) + 1)] : [];
  } catch (cause) {
    // For example a result that is nested too deep to be written as text.
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RecordsRefusedError(`An event cannot be applied to its task, nothing was stored: ${reason}`, { cause });
  }
}

/** The ids of those that were written: a row that has another version than the one that was read stays as it is. */
async function writeTasks(
  transaction: Transaction<RecordTables>,
  rows: readonly TasksTable[],
): Promise<ReadonlySet<string>> {
  const written = await transaction
    .insertInto('tasks')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .column('task_id')
        .doUpdateSet((row) => ({
          version: row.ref('excluded.version'),
          status: row.ref('excluded.status'),
          source: row.ref('excluded.source'),
          session_id: row.ref('excluded.session_id'),
          correlation_id: row.ref('excluded.correlation_id'),
          trace_id: row.ref('excluded.trace_id'),
          parent_task_id: row.ref('excluded.parent_task_id'),
          accepted_at_ms: row.ref('excluded.accepted_at_ms'),
          started_at_ms: row.ref('excluded.started_at_ms'),
          ended_at_ms: row.ref('excluded.ended_at_ms'),
          search_text: row.ref('excluded.search_text'),
          counted: row.ref('excluded.counted'),
          record: row.ref('excluded.record'),
        }))
        .where('tasks.version', '=', sql<number>`excluded.version - 1`),
    )
    .returning('tasks.task_id')
    .execute();
  return new Set(written.map(({ task_id }) => task_id));
}
