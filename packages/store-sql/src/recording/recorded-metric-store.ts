import type { MetricKind } from '@tracepost/contracts';
import type { RecordedMetricInfo, RecordedMetricStore } from '@tracepost/stores';
import type { Transaction } from 'kysely';
import type { RecordDatabase, RecordedPointsTable, RecordTables } from '../schema.ts';
import type { Statements } from '../statements.ts';
import { HOUR_MS, MINUTE_MS, PointSum, pointKeyText, startOf } from './point-row.ts';
import { querySamples } from './query-samples.ts';
import { lockPoints, mergePoints } from './write-points.ts';

const DAY_MS = 24 * HOUR_MS;
const KEPT_MS = 90 * DAY_MS;
const MINUTES_KEPT_MS = 30 * DAY_MS;
const MAX_POINTS = 5_000;

export function createRecordedMetricStore(
  db: RecordDatabase,
  { read, write }: Statements,
  options: { readonly lockRows: boolean },
): RecordedMetricStore {
  const inTransaction = (work: (transaction: Transaction<RecordTables>) => Promise<number>) =>
    db.transaction().execute(async (transaction) => {
      await lockPoints(transaction, options);
      return work(transaction);
    });
  return {
    querySamples: (query) => read('query_samples', () => querySamples(db, query)),
    catalog: () => read('metric_catalog', () => catalog(db)),
    downsample: (nowMs) =>
      write('downsample_metrics', () =>
        inTransaction((transaction) => downsample(transaction, nowMs - MINUTES_KEPT_MS)),
      ),
    purge: (nowMs, olderThanMs = KEPT_MS) =>
      write('purge_metrics', () => inTransaction((transaction) => purge(transaction, nowMs - olderThanMs))),
  };
}

async function catalog(db: RecordDatabase): Promise<RecordedMetricInfo[]> {
  const rows = await db
    .selectFrom('recorded_series')
    .select(['name', 'kind', 'unit', 'attribute_keys'])
    .distinct()
    .orderBy('name')
    .orderBy('kind')
    .orderBy('unit')
    .execute();
  const metrics = Map.groupBy(rows, ({ name, kind, unit }) => JSON.stringify([name, kind, unit]));
  return [...metrics].map(([text, sets]) => {
    const [name, kind, unit] = JSON.parse(text) as [string, MetricKind, string];
    const keys = sets.flatMap(({ attribute_keys }) => JSON.parse(attribute_keys) as string[]);
    return { name, kind, unit, attributes: [...new Set(keys)].sort() };
  });
}

/** Whole hours only; what comes later for one of them is added to it the next time. */
async function downsample(transaction: Transaction<RecordTables>, beforeMs: number): Promise<number> {
  const rows = await transaction
    .selectFrom('recorded_points')
    .selectAll()
    .where('span_ms', '=', MINUTE_MS)
    .where('start_ms', '<', startOf(beforeMs, HOUR_MS))
    .orderBy('start_ms')
    .orderBy('series_id')
    .limit(MAX_POINTS)
    .execute();
  if (rows.length === 0) return 0;
  const hours = new Map<string, PointSum>();
  for (const row of rows) {
    const key = { series_id: row.series_id, start_ms: startOf(row.start_ms, HOUR_MS), span_ms: HOUR_MS };
    const sum = hours.get(pointKeyText(key)) ?? new PointSum(key);
    hours.set(pointKeyText(key), sum);
    sum.addRow(row);
  }
  await mergePoints(transaction, [...hours.values()]);
  await deletePoints(transaction, rows);
  return rows.length;
}

async function purge(transaction: Transaction<RecordTables>, beforeMs: number): Promise<number> {
  let purged = 0;
  for (const span of [HOUR_MS, MINUTE_MS]) {
    const rows = await transaction
      .selectFrom('recorded_points')
      .select(['series_id', 'start_ms', 'span_ms'])
      .where('span_ms', '=', span)
      .where('start_ms', '<=', beforeMs - span)
      .orderBy('start_ms')
      .limit(MAX_POINTS)
      .execute();
    await deletePoints(transaction, rows);
    purged += rows.length;
  }
  if (purged > 0) await forgetEmptySeries(transaction);
  return purged;
}

const KEYS_PER_STATEMENT = 1_000;

async function deletePoints(
  transaction: Transaction<RecordTables>,
  keys: readonly Pick<RecordedPointsTable, 'series_id' | 'start_ms' | 'span_ms'>[],
): Promise<void> {
  for (let start = 0; start < keys.length; start += KEYS_PER_STATEMENT) {
    const part = keys.slice(start, start + KEYS_PER_STATEMENT);
    await transaction
      .deleteFrom('recorded_points')
      .where(({ eb, refTuple, tuple }) =>
        eb(
          refTuple('series_id', 'start_ms', 'span_ms'),
          'in',
          part.map(({ series_id, start_ms, span_ms }) => tuple(series_id, start_ms, span_ms)),
        ),
      )
      .execute();
  }
}

/** Makes room for others, below the limit of their metric. */
async function forgetEmptySeries(transaction: Transaction<RecordTables>): Promise<void> {
  await transaction
    .deleteFrom('recorded_series')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('recorded_points')
            .select('recorded_points.start_ms')
            .whereRef('recorded_points.series_id', '=', 'recorded_series.series_id'),
        ),
      ),
    )
    .execute();
}
