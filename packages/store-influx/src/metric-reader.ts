import type { ParameterizedQuery, Row } from '@influxdata/influxdb-client';
import {
  DELTA_TAG,
  type Growth,
  growthOf,
  HOUR_MS,
  LOOK_BACK_NS,
  type MetricQuestion,
  type ReadingBudget,
  type ReadStretch,
  type SeriesPoint,
} from '@tracepost/stores';
import { newestFlux, rawFlux } from './metric-flux.ts';
import type { RowStream } from './query-rows.ts';
import { nanosOf } from './time-windows.ts';

type Attributes = Readonly<Record<string, string>>;

export interface GrowthReading {
  readonly stream: RowStream;
  readonly bucket: string;
  readonly choice: Pick<MetricQuestion, 'name' | 'where'>;
  readonly stretch: ReadStretch;
  readonly budget: ReadingBudget;
}

const NS = 1_000_000n;
const LOOK_BACK_MS = Number(LOOK_BACK_NS / NS);
/** A slice of time should have so many numbers: one with fewer is followed by a longer one, one with more by a shorter one. */
const NUMBERS = 100_000;
const MOST_TIMES_LONGER = 64;

/**
 * Gives what each point of a stretch adds to its series. Read in slices, so that what is in memory stays small: a point's
 * fields come one series and field after the other, and have to be put together first.
 */
export async function readGrowth(
  { stream, bucket, choice, stretch, budget }: GrowthReading,
  take: (attributes: Attributes, atMs: number, growth: Growth) => void,
): Promise<void> {
  const newest = new Map<string, SeriesPoint>();
  const before = { fromMs: stretch.fromMs - LOOK_BACK_MS, toMs: stretch.fromMs };
  await readPoints(stream, newestFlux(bucket, choice, before), budget, (series, { points }) => {
    const last = points.at(-1);
    if (last) newest.set(series, last);
  });

  let sliceMs = HOUR_MS;
  for (let fromMs = stretch.fromMs; fromMs < stretch.toMs; ) {
    const slice = { fromMs, toMs: Math.min(fromMs + sliceMs, stretch.toMs) };
    const count = await readPoints(stream, rawFlux(bucket, choice, slice), budget, (series, { attributes, points }) => {
      const isDelta = attributes[DELTA_TAG] === 'delta';
      let previous = newest.get(series) ?? null;
      for (const point of points) {
        const growth = growthOf(point, previous, isDelta);
        if (growth) take(attributes, Number(point.timeUnixNano / NS), growth);
        previous = point;
      }
      if (previous) newest.set(series, previous);
    });
    fromMs = slice.toMs;
    const times = Math.min(NUMBERS / (count + 1), MOST_TIMES_LONGER);
    sliceMs = Math.max(60_000, Math.round(sliceMs * times));
  }
}

interface SeriesPoints {
  readonly attributes: Attributes;
  readonly points: readonly SeriesPoint[];
}

/** Gives each series with its points in order, and resolves with how many numbers there were. */
async function readPoints(
  stream: RowStream,
  flux: ParameterizedQuery,
  budget: ReadingBudget,
  take: (series: string, points: SeriesPoints) => void,
): Promise<number> {
  const assembler = createAssembler();
  let count = 0;
  await stream({ operation: 'read_metric', flux, maxRows: Number.POSITIVE_INFINITY }, (row) => {
    count++;
    budget.spend(1);
    assembler.add(row);
  });
  for (const [series, { attributes, points }] of assembler.series) {
    const sorted = [...points]
      .map(([time, fields]): SeriesPoint => ({ timeUnixNano: nanosOf(time), fields }))
      .sort((a, b) => (a.timeUnixNano < b.timeUnixNano ? -1 : 1));
    take(series, { attributes, points: sorted });
  }
  return count;
}

interface OpenSeries {
  readonly attributes: Attributes;
  readonly points: Map<string, Record<string, number>>;
}

/** Rows are single fields; those of one series and time are one point. */
function createAssembler() {
  const series = new Map<string, OpenSeries>();
  let table: { readonly meta: Row['tableMeta']; readonly id: string | undefined } | null = null;
  let indexes = { table: -1, time: -1, value: -1 };
  let open: OpenSeries | null = null;
  let field = '';

  return {
    series,
    add({ values, tableMeta }: Row): void {
      const id = values[indexes.table];
      if (!open || table?.meta !== tableMeta || table.id !== id) {
        indexes = indexesOf(tableMeta);
        table = { meta: tableMeta, id: values[indexes.table] };
        field = String(tableMeta.get(values, '_field'));
        const attributes = attributesOf({ values, tableMeta });
        const key = JSON.stringify(attributes);
        open = series.get(key) ?? { attributes, points: new Map() };
        series.set(key, open);
      }
      const time = values[indexes.time] ?? '';
      const fields = open.points.get(time);
      const value = Number(values[indexes.value]);
      if (fields) fields[field] = value;
      else open.points.set(time, { [field]: value });
    },
  };
}

function indexesOf(meta: Row['tableMeta']) {
  const index = (label: string) => meta.column(label, false).index;
  return { table: index('table'), time: index('_time'), value: index('_value') };
}

const COLUMNS = new Set(['result', 'table', '_time', '_value', '_field']);

/** The tags of a series, in one order whatever the order of the columns. */
function attributesOf({ values, tableMeta }: Row): Attributes {
  const tags = tableMeta.columns
    .filter(({ label, index }) => !COLUMNS.has(label) && (values[index] ?? '') !== '')
    .map(({ label, index }): [string, string] => [label, values[index] ?? ''])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(tags);
}
