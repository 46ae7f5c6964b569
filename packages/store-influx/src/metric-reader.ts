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
import { newestSelect, pointsSelect } from './metric-select.ts';
import type { Cell, SeriesPart, SeriesStream } from './query-series.ts';
import { nanosOf } from './time-windows.ts';

type Attributes = Readonly<Record<string, string>>;
export type TakeGrowth = (attributes: Attributes, atMs: number, growth: Growth) => void;

export interface GrowthReading {
  readonly series: SeriesStream;
  readonly bucket: string;
  readonly choice: Pick<MetricQuestion, 'name' | 'where'>;
  readonly stretch: ReadStretch;
  readonly budget: ReadingBudget;
}

const NS = 1_000_000n;
const LOOK_BACK_MS = Number(LOOK_BACK_NS / NS);
/** A slice of time should have so many numbers: one with fewer is followed by a longer one, one with more by a shorter one. */
const NUMBERS = 500_000;
const MOST_TIMES_LONGER = 64;

/**
 * Gives what each point of a stretch adds to its series, as the points come. Asked for in slices, so that each exchange with InfluxDB is
 * over within its time.
 */
export async function readGrowth(reading: GrowthReading, take: TakeGrowth): Promise<void> {
  const { series, bucket, choice, stretch, budget } = reading;
  const newest = new Map<string, SeriesPoint>();
  const countPart = (part: SeriesPart, count: (attributes: Attributes, atMs: number, growth: Growth) => void): void => {
    const id = idOf(part);
    const isDelta = part.tags[DELTA_TAG] === 'delta';
    let previous = newest.get(id) ?? null;
    for (const row of part.rows) {
      const point = toPoint(part.columns, row);
      const growth = growthOf(point, previous, isDelta);
      if (growth) count(part.tags, Number(point.timeUnixNano / NS), growth);
      previous = point;
    }
    if (previous) newest.set(id, previous);
  };

  const before = { fromMs: stretch.fromMs - LOOK_BACK_MS, toMs: stretch.fromMs };
  await series({ operation: 'read_metric', bucket, select: newestSelect(choice, before) }, (part) => {
    spendPart(budget, part);
    countPart(part, () => {});
  });
  let sliceMs = HOUR_MS;
  for (let fromMs = stretch.fromMs; fromMs < stretch.toMs; ) {
    const slice = { fromMs, toMs: Math.min(fromMs + sliceMs, stretch.toMs) };
    let numbers = 0;
    await series({ operation: 'read_metric', bucket, select: pointsSelect(choice, slice) }, (part) => {
      numbers += spendPart(budget, part);
      countPart(part, take);
    });
    fromMs = slice.toMs;
    const times = Math.min(NUMBERS / (numbers + 1), MOST_TIMES_LONGER);
    sliceMs = Math.max(60_000, Math.round(sliceMs * times));
  }
}

/** Tags come in the order of their keys. */
function idOf({ tags }: SeriesPart): string {
  return JSON.stringify(tags);
}

/** A field that a point does not have is null where another of the series has it. */
function toPoint(columns: readonly string[], row: readonly Cell[]): SeriesPoint {
  const fields: Record<string, number> = {};
  for (let at = 1; at < columns.length; at++) {
    const cell = row[at];
    if (typeof cell === 'number') fields[columns[at] as string] = cell;
  }
  return { timeUnixNano: nanosOf(String(row[0])), fields };
}

/** Gives how many numbers the part has. */
function spendPart(budget: ReadingBudget, { columns, rows }: SeriesPart): number {
  const numbers = rows.length * (columns.length - 1);
  budget.spend(numbers);
  return numbers;
}
