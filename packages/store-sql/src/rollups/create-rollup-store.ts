import {
  type RolledUp,
  type RollupStore,
  type RollupUnit,
  readWindow,
  type TaskEnding,
  type TimeRange,
  type WindowQuery,
} from '@tracepost/stores';
import { columnText } from '../column-text.ts';
import type { RecordDatabase, RollupsTable } from '../schema.ts';
import type { Statements } from '../statements.ts';
import { fromEndingText } from './ending-text.ts';
import { fromRollupRow } from './rollup-row.ts';

/** So many at a time: a purge never holds up the writes for long. */
const MAX_PURGED = 5_000;
const MAX_LISTED = 10_000;

export function createRollupStore(db: RecordDatabase, { read, write }: Statements): RollupStore {
  return {
    readWindow: (query) =>
      read('read_window', () =>
        readWindow(query, {
          readRollups: async (stretches) => (await selectRollups(db, query, stretches)).map(fromRow),
          readEndings: (stretch) => readEndings(db, query, stretch),
        }),
      ),
    listRollups: ({ unit, ...query }) =>
      read('list_rollups', async () => (await selectRollups(db, query, [{ ...query, unit }], MAX_LISTED)).map(fromRow)),
    purge: (nowMs, { minutesMs, hoursMs }) =>
      write('purge_rollups', async () => {
        const minutes = await purgeRollups(db, ['minute'], nowMs - minutesMs);
        return minutes > 0 ? minutes : purgeRollups(db, ['hour', 'day'], nowMs - hoursMs);
      }),
  };
}

type Row = RolledUp & { readonly unit: RollupUnit };

function fromRow(row: RollupsTable): Row {
  return { ...fromRollupRow(row), tenantId: row.tenant_id, unit: row.unit, startMs: row.start_ms };
}

/** One statement, so that they are of one moment. */
async function selectRollups(
  db: RecordDatabase,
  { agentId, tenantId }: Pick<WindowQuery, 'agentId' | 'tenantId'>,
  stretches: readonly (TimeRange & { readonly unit: RollupUnit })[],
  most?: number,
): Promise<RollupsTable[]> {
  if (stretches.length === 0) return [];
  return db
    .selectFrom('rollups')
    .selectAll()
    .where('agent_id', '=', columnText(agentId))
    .$if(tenantId !== undefined, (query) => query.where('tenant_id', '=', columnText(tenantId ?? '')))
    .where((eb) =>
      eb.or(
        stretches.map(({ unit, fromMs, toMs }) =>
          eb.and([eb('unit', '=', unit), eb('start_ms', '>=', fromMs), eb('start_ms', '<', toMs)]),
        ),
      ),
    )
    .orderBy('start_ms')
    .orderBy('tenant_id')
    .$if(most !== undefined, (query) => query.limit(most ?? 0))
    .execute();
}

/** Out of the index alone: no record is read. */
async function readEndings(
  db: RecordDatabase,
  { agentId, tenantId }: WindowQuery,
  { fromMs, toMs }: TimeRange,
): Promise<TaskEnding[]> {
  const rows = await db
    .selectFrom('tasks')
    .select(['tenant_id', 'counted'])
    .where('agent_id', '=', columnText(agentId))
    .where('ended_at_ms', '>=', fromMs)
    .where('ended_at_ms', '<', toMs)
    .where('counted', 'is not', null)
    .$if(tenantId !== undefined, (query) => query.where('tenant_id', '=', columnText(tenantId ?? '')))
    .execute();
  return rows.flatMap(({ tenant_id, counted }) =>
    counted === null ? [] : [fromEndingText(counted, { agentId, tenantId: tenant_id })],
  );
}

async function purgeRollups(db: RecordDatabase, units: readonly RollupUnit[], beforeMs: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('rollups')
    .where(({ eb, refTuple, selectFrom }) =>
      eb(
        refTuple('agent_id', 'unit', 'start_ms', 'tenant_id'),
        'in',
        selectFrom('rollups')
          .select(['agent_id', 'unit', 'start_ms', 'tenant_id'])
          .where('unit', 'in', units)
          .where('start_ms', '<=', beforeMs)
          .orderBy('start_ms')
          .limit(MAX_PURGED)
          .$asTuple('agent_id', 'unit', 'start_ms', 'tenant_id'),
      ),
    )
    .executeTakeFirst();
  return Number(numDeletedRows);
}
