import {
  countTasks,
  emptyRollup,
  ROLLUP_UNIT_MS,
  ROLLUP_UNITS,
  type Rollup,
  type TaskEnding,
  withEnding,
  withoutEnding,
} from '@tracepost/stores';
import type { Transaction } from 'kysely';
import { columnText } from '../column-text.ts';
import type { RecordTables, RollupsTable } from '../schema.ts';
import { fromRollupRow, type RollupKey, textOfKey, toRollupRow } from './rollup-row.ts';

/** 16 values each, and SQLite takes 32,766 in all. */
const ROWS_PER_STATEMENT = 500;

/** A task that has ended, or has ended otherwise than was counted before. */
export interface CountedChange {
  readonly before: TaskEnding | null;
  readonly after: TaskEnding | null;
}

export interface CountOptions {
  readonly transaction: Transaction<RecordTables>;
  readonly changes: readonly CountedChange[];
  /** Hold rows from reading to writing, where the database has several writers at a time. */
  readonly lockRows: boolean;
}

/**
 * Brings the roll-ups up to date with tasks that were written in the same transaction: each row is read, changed and
 * written once a batch, however many of its tasks ended. The last thing that a transaction does, since writers that
 * count the same minute wait for each other from here on.
 */
export async function countEndings({ transaction, changes, lockRows }: CountOptions): Promise<void> {
  const stretches = [...groupByStretch(changes)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, stretch]) => stretch);
  for (let start = 0; start < stretches.length; start += ROWS_PER_STATEMENT) {
    const some = stretches.slice(start, start + ROWS_PER_STATEMENT);
    const known = await readRows(transaction, some, lockRows);
    const rows = some.map((stretch) => change(stretch, known.get(textOfKey(stretch.key))));
    const isEmpty = (rollup: Rollup) => countTasks(rollup) === 0;
    await writeRows(
      transaction,
      rows.filter(({ rollup }) => !isEmpty(rollup)).map(({ key, rollup }) => toRollupRow(key, rollup)),
    );
    const gone = rows.filter(({ rollup }) => isEmpty(rollup)).map(({ key }) => key);
    if (gone.length > 0) await deleteRows(transaction, gone);
  }
}

interface ChangedStretch {
  readonly key: RollupKey;
  readonly added: TaskEnding[];
  readonly removed: TaskEnding[];
}

function groupByStretch(changes: readonly CountedChange[]): Map<string, ChangedStretch> {
  const stretches = new Map<string, ChangedStretch>();
  const stretchOf = (key: RollupKey): ChangedStretch => {
    const text = textOfKey(key);
    const stretch = stretches.get(text) ?? { key, added: [], removed: [] };
    stretches.set(text, stretch);
    return stretch;
  };
  for (const { before, after } of changes) {
    for (const key of before ? keysOf(before) : []) stretchOf(key).removed.push(before as TaskEnding);
    for (const key of after ? keysOf(after) : []) stretchOf(key).added.push(after as TaskEnding);
  }
  return stretches;
}

function keysOf({ agentId, tenantId, endedAtMs }: TaskEnding): RollupKey[] {
  return ROLLUP_UNITS.map((unit) => ({
    agent_id: columnText(agentId),
    tenant_id: columnText(tenantId),
    unit,
    start_ms: Math.floor(endedAtMs / ROLLUP_UNIT_MS[unit]) * ROLLUP_UNIT_MS[unit],
  }));
}

function change({ key, added, removed }: ChangedStretch, row: RollupsTable | undefined) {
  const before = row ? fromRollupRow(row) : emptyRollup();
  return { key, rollup: added.reduce(withEnding, removed.reduce(withoutEnding, before)) };
}

type Keyed = Pick<ChangedStretch, 'key'>;

async function readRows(
  transaction: Transaction<RecordTables>,
  stretches: readonly Keyed[],
  lockRows: boolean,
): Promise<Map<string, RollupsTable>> {
  const known = await selectRows(transaction, stretches, lockRows);
  const missing = stretches.filter(({ key }) => !known.has(textOfKey(key)));
  if (!lockRows || missing.length === 0) return known;
  // There is nothing to hold yet: made empty, they are ours, or those of whoever was sooner once that one is through.
  await transaction
    .insertInto('rollups')
    .values(missing.map(({ key }) => toRollupRow(key, emptyRollup())))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return new Map([...known, ...(await selectRows(transaction, missing, lockRows))]);
}

async function selectRows(
  transaction: Transaction<RecordTables>,
  stretches: readonly Keyed[],
  lockRows: boolean,
): Promise<Map<string, RollupsTable>> {
  const rows = await transaction
    .selectFrom('rollups')
    .selectAll()
    .where(({ eb, refTuple, tuple }) =>
      eb(
        refTuple('agent_id', 'unit', 'start_ms', 'tenant_id'),
        'in',
        stretches.map(({ key }) => tuple(key.agent_id, key.unit, key.start_ms, key.tenant_id)),
      ),
    )
    .orderBy('agent_id')
    .orderBy('unit')
    .orderBy('start_ms')
    .orderBy('tenant_id')
    .$if(lockRows, (query) => query.forUpdate())
    .execute();
  return new Map(rows.map((row) => [textOfKey(row), row]));
}

async function writeRows(transaction: Transaction<RecordTables>, rows: readonly RollupsTable[]): Promise<void> {
  if (rows.length === 0) return;
  await transaction
    .insertInto('rollups')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['agent_id', 'unit', 'start_ms', 'tenant_id']).doUpdateSet((row) => ({
        succeeded: row.ref('excluded.succeeded'),
        failed: row.ref('excluded.failed'),
        timed_out: row.ref('excluded.timed_out'),
        dead: row.ref('excluded.dead'),
        cancelled: row.ref('excluded.cancelled'),
        started: row.ref('excluded.started'),
        unpriced: row.ref('excluded.unpriced'),
        response_us: row.ref('excluded.response_us'),
        queue_wait_us: row.ref('excluded.queue_wait_us'),
        run_us: row.ref('excluded.run_us'),
        cost_picodollars: row.ref('excluded.cost_picodollars'),
        response_times: row.ref('excluded.response_times'),
      })),
    )
    .execute();
}

async function deleteRows(transaction: Transaction<RecordTables>, keys: readonly RollupKey[]): Promise<void> {
  await transaction
    .deleteFrom('rollups')
    .where(({ eb, refTuple, tuple }) =>
      eb(
        refTuple('agent_id', 'unit', 'start_ms', 'tenant_id'),
        'in',
        keys.map((key) => tuple(key.agent_id, key.unit, key.start_ms, key.tenant_id)),
      ),
    )
    .execute();
}
