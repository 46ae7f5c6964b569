import { sql, type Transaction } from 'kysely';
import type { RecordedPointsTable, RecordTables } from '../schema.ts';
import { type PointSum, pointKeyText } from './point-row.ts';

/** 11 values each. */
const POINTS_PER_STATEMENT = 500;
/** Any number that nobody else locks by. */
const LOCK = 7_872_237_679;

/**
 * From here to the end of the transaction nobody else changes a series or a point: they are read, added to in memory and written back.
 * Where there is one writer at a time, that is so anyway.
 */
export async function lockPoints(
  transaction: Transaction<RecordTables>,
  { lockRows }: { readonly lockRows: boolean },
): Promise<void> {
  if (lockRows) await sql`select pg_advisory_xact_lock(${LOCK})`.execute(transaction);
}

/** Adds what lies there already, and writes the whole. Only under `lockPoints`. */
export async function mergePoints(transaction: Transaction<RecordTables>, sums: readonly PointSum[]): Promise<void> {
  for (let start = 0; start < sums.length; start += POINTS_PER_STATEMENT) {
    const part = new Map(
      sums.slice(start, start + POINTS_PER_STATEMENT).map((point) => [pointKeyText(point.key), point]),
    );
    for (const known of await readPoints(transaction, [...part.values()])) part.get(pointKeyText(known))?.addRow(known);
    await writePoints(
      transaction,
      [...part.values()].map((point) => point.toRow()),
    );
  }
}

function readPoints(
  transaction: Transaction<RecordTables>,
  points: readonly PointSum[],
): Promise<RecordedPointsTable[]> {
  return transaction
    .selectFrom('recorded_points')
    .selectAll()
    .where(({ eb, refTuple, tuple }) =>
      eb(
        refTuple('series_id', 'start_ms', 'span_ms'),
        'in',
        points.map(({ key }) => tuple(key.series_id, key.start_ms, key.span_ms)),
      ),
    )
    .execute();
}

async function writePoints(
  transaction: Transaction<RecordTables>,
  rows: readonly RecordedPointsTable[],
): Promise<void> {
  await transaction
    .insertInto('recorded_points')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['series_id', 'start_ms', 'span_ms']).doUpdateSet((row) => ({
        count: row.ref('excluded.count'),
        sum: row.ref('excluded.sum'),
        min: row.ref('excluded.min'),
        max: row.ref('excluded.max'),
        last: row.ref('excluded.last'),
        last_at_ms: row.ref('excluded.last_at_ms'),
        last_event_id: row.ref('excluded.last_event_id'),
        sketch: row.ref('excluded.sketch'),
      })),
    )
    .execute();
}
