import {
  DELTA_TAG,
  type Growth,
  growthOf,
  HOUR_MS,
  isAskedFor,
  LOOK_BACK_NS,
  type MetricQuestion,
  type ReadingBudget,
  type ReadStretch,
  type SeriesPoint,
} from '@tracepost/stores';
import { inSlices, type SliceWork } from './in-slices.ts';
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
  /** Of one slice; as long as seems good when none is given. */
  readonly mostMs?: number;
  /** Called when all points before an instant have been given, now and then and at the end; the reading goes on after it. */
  readonly givenTo?: (ms: number) => Promise<void>;
}

const NS = 1_000_000n;
const LOOK_BACK_MS = Number(LOOK_BACK_NS / NS);
/** Of a row with more cells for each number, the empty ones are counted too: they are work, if less. */
const CELLS_OF_NUMBER = 16;

/**
 * Gives what each point of a stretch adds to its series, as the points come. Asked for in slices, so that each exchange with InfluxDB is
 * over within its time.
 */
export async function readGrowth(reading: GrowthReading, take: TakeGrowth): Promise<void> {
  const { series, bucket, choice, stretch, budget, mostMs, givenTo } = reading;
  const newest = new Map<string, SeriesPoint>();
  const countPart = (part: SeriesPart, count: (attributes: Attributes, atMs: number, growth: Growth) => void): void => {
    const id = idOf(part.tags);
    if (count === take) budget.meet(id);
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

  const read = async (select: string, count: typeof take): Promise<SliceWork> => {
    let [cells, tags] = [0, 0];
    await series({ operation: 'read_metric', bucket, select }, (part) => {
      tags += part.tagsAsked;
      if (!isAskedFor(choice, part.tags)) return;
      cells += spendPart(budget, part);
      countPart(part, count);
    });
    return { cells, tags };
  };

  await read(newestSelect(choice, { fromMs: stretch.fromMs - LOOK_BACK_MS, toMs: stretch.fromMs }), () => {});
  const lengths = mostMs === undefined ? { firstMs: HOUR_MS } : { firstMs: HOUR_MS, mostMs };
  await inSlices(stretch, lengths, async (slice) => {
    const work = await read(pointsSelect(choice, slice), take);
    await givenTo?.(slice.toMs);
    return work;
  });
}

/** Of a series; tags come in the order of their keys. */
export function idOf(tags: Attributes): string {
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

/** Spends the numbers that are there, as they are counted where each point has its own alone. Gives how many cells the part has. */
function spendPart(budget: ReadingBudget, { columns, rows }: SeriesPart): number {
  const cells = rows.length * (columns.length - 1);
  let numbers = 0;
  for (const row of rows) for (const cell of row) if (typeof cell === 'number') numbers++;
  budget.spend(Math.max(numbers, Math.ceil(cells / CELLS_OF_NUMBER)));
  return cells;
}
