import { hash } from 'node:crypto';
import type { MetricSample } from '@tracepost/contracts';
import {
  MAX_RECORDED_METRICS,
  MAX_RECORDED_SERIES,
  OVERFLOW_ATTRIBUTE,
  OVERFLOW_METRIC,
  type SeriesOverflow,
} from '@tracepost/stores';
import { sql, type Transaction } from 'kysely';
import { columnText } from '../column-text.ts';
import type { RecordedSeriesTable, RecordTables } from '../schema.ts';

const SERIES_PER_STATEMENT = 500;

export interface FoundSeries {
  /** The id of the series that a value goes to. */
  readonly seriesOf: (sample: MetricSample) => string;
  readonly overflowed: SeriesOverflow[];
}

/** Finds the series of the values or makes them; beyond the limit of its metric a value goes to one that all such values share. */
export async function findSeries(
  transaction: Transaction<RecordTables>,
  samples: readonly MetricSample[],
): Promise<FoundSeries> {
  const rowOf = new Map(samples.map((sample) => [sample, toSeriesRow(sample)]));
  const asked = new Map([...rowOf.values()].map((row) => [row.series_id, row]));
  const known = await knownOf(transaction, [...asked.keys()]);
  const missing = [...asked.values()].filter(({ series_id }) => !known.has(series_id));
  if (missing.length === 0) return { seriesOf: (sample) => rowOf.get(sample)?.series_id ?? '', overflowed: [] };

  const placed = await placeSeries(transaction, missing);
  await insertSeries(transaction, [...new Map([...placed.values()].map((row) => [row.series_id, row])).values()]);
  const finalOf = (sample: MetricSample): string => {
    const asked = rowOf.get(sample)?.series_id ?? '';
    return placed.get(asked)?.series_id ?? asked;
  };
  const lost = samples.filter((sample) => finalOf(sample) !== rowOf.get(sample)?.series_id);
  return { seriesOf: finalOf, overflowed: await describeOverflow(transaction, lost) };
}

async function knownOf(transaction: Transaction<RecordTables>, ids: readonly string[]): Promise<Set<string>> {
  const known = new Set<string>();
  for (let start = 0; start < ids.length; start += SERIES_PER_STATEMENT) {
    const rows = await transaction
      .selectFrom('recorded_series')
      .select('series_id')
      .where('series_id', 'in', ids.slice(start, start + SERIES_PER_STATEMENT))
      .execute();
    for (const { series_id } of rows) known.add(series_id);
  }
  return known;
}

/** By the id of the series that was asked for: itself while there is room, else the one for what is beyond. */
async function placeSeries(
  transaction: Transaction<RecordTables>,
  missing: readonly RecordedSeriesTable[],
): Promise<Map<string, RecordedSeriesTable>> {
  const counts = await countSeries(transaction, [...new Set(missing.map(({ name }) => name))]);
  const hasNewName = missing.some(({ name }) => !counts.has(name));
  let names = hasNewName ? await countNames(transaction) : 0;
  const overflows = await readOverflows(transaction, [...new Set(missing.map(({ name }) => name))]);
  // One for each metric, whatever kinds and units come: these are words of strangers, too.
  const overflowOf = (row: RecordedSeriesTable): RecordedSeriesTable => {
    const known = overflows.get(row.name) ?? overflowRow(row.name, row);
    overflows.set(row.name, known);
    return known;
  };
  const placed = new Map<string, RecordedSeriesTable>();
  for (const row of missing) {
    const count = counts.get(row.name) ?? 0;
    if (isOverflow(row)) {
      placed.set(row.series_id, overflowOf(row));
    } else if (count >= MAX_RECORDED_SERIES) {
      placed.set(row.series_id, overflowOf(row));
    } else if (count === 0 && !counts.has(row.name) && names >= MAX_RECORDED_METRICS) {
      placed.set(row.series_id, overflowRow(OVERFLOW_METRIC, { kind: 'histogram', unit: '' }));
    } else {
      if (!counts.has(row.name)) names++;
      counts.set(row.name, count + 1);
      placed.set(row.series_id, row);
    }
  }
  return placed;
}

async function countSeries(
  transaction: Transaction<RecordTables>,
  names: readonly string[],
): Promise<Map<string, number>> {
  const rows = await transaction
    .selectFrom('recorded_series')
    .select(['name', (eb) => eb.fn.countAll<number>().as('count')])
    .where('name', 'in', names)
    .where('attributes', '<>', OVERFLOW_ATTRIBUTES)
    .groupBy('name')
    .execute();
  return new Map(rows.map(({ name, count }) => [name, count]));
}

async function readOverflows(
  transaction: Transaction<RecordTables>,
  names: readonly string[],
): Promise<Map<string, RecordedSeriesTable>> {
  const rows = await transaction
    .selectFrom('recorded_series')
    .selectAll()
    .where('name', 'in', names)
    .where('attributes', '=', OVERFLOW_ATTRIBUTES)
    .execute();
  return new Map(rows.map((row) => [row.name, row]));
}

async function countNames(transaction: Transaction<RecordTables>): Promise<number> {
  const { count } = await transaction
    .selectFrom('recorded_series')
    .select(sql<number>`count(distinct name)`.as('count'))
    .executeTakeFirstOrThrow();
  return count;
}

async function insertSeries(
  transaction: Transaction<RecordTables>,
  rows: readonly RecordedSeriesTable[],
): Promise<void> {
  for (let start = 0; start < rows.length; start += SERIES_PER_STATEMENT) {
    await transaction
      .insertInto('recorded_series')
      .values(rows.slice(start, start + SERIES_PER_STATEMENT))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

/** For the warning: which attribute it is that takes so many values. */
async function describeOverflow(
  transaction: Transaction<RecordTables>,
  lost: readonly MetricSample[],
): Promise<SeriesOverflow[]> {
  const told: SeriesOverflow[] = [];
  for (const [name, samples] of Map.groupBy(lost, (sample) => sample.name)) {
    const series = await transaction
      .selectFrom('recorded_series')
      .select('attributes')
      .where('name', '=', columnText(name))
      .limit(MAX_RECORDED_SERIES)
      .execute();
    const attribute = mostVarying(series.map(({ attributes }) => JSON.parse(attributes) as Record<string, string>));
    told.push({ name, attribute, count: samples.length });
  }
  return told;
}

function mostVarying(series: readonly Readonly<Record<string, string>>[]): string | null {
  const values = new Map<string, Set<string>>();
  for (const attributes of series) {
    for (const [key, value] of Object.entries(attributes)) {
      const seen = values.get(key) ?? new Set();
      values.set(key, seen.add(value));
    }
  }
  const [most] = [...values].sort(([, a], [, b]) => b.size - a.size);
  return most?.[0] ?? null;
}

export function toSeriesRow({ name, kind, unit, attributes }: Omit<MetricSample, 'value'>): RecordedSeriesTable {
  const sorted = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  const text = JSON.stringify(Object.fromEntries(sorted));
  return {
    series_id: hash('sha256', JSON.stringify([name, kind, unit, text]), 'hex').slice(0, 32),
    name: columnText(name),
    kind,
    unit: columnText(unit),
    attributes: text,
    attribute_keys: JSON.stringify(sorted.map(([key]) => key)),
  };
}

const OVERFLOW = { [OVERFLOW_ATTRIBUTE]: 'true' };
const OVERFLOW_ATTRIBUTES = JSON.stringify(OVERFLOW);

function overflowRow(name: string, { kind, unit }: Pick<RecordedSeriesTable, 'kind' | 'unit'>): RecordedSeriesTable {
  return toSeriesRow({ name, kind, unit, attributes: OVERFLOW });
}

function isOverflow({ attributes }: RecordedSeriesTable): boolean {
  return attributes === OVERFLOW_ATTRIBUTES;
}
