import { createSketch, readSketch, type Sketch } from '@tracepost/analysis';
import { QueryTooLargeError, type SamplePoint, type SampleQuery, type SampleSeries } from '@tracepost/stores';
import { sql } from 'kysely';
import { columnText } from '../column-text.ts';
import type { RecordDatabase, RecordedPointsTable } from '../schema.ts';
import { HOUR_MS, isLater, startOf } from './point-row.ts';

/** Points that one question reads at most. */
const MAX_POINTS = 100_000;
const POINTS_PER_READ = 5_000;
const SERIES_PER_READ = 1_000;

/** Reads the series that are asked for, page by page, and adds their points up into the steps and groups of the question. */
export async function querySamples(
  db: RecordDatabase,
  query: SampleQuery,
): Promise<{ readonly series: readonly SampleSeries[] }> {
  const groups = await groupsOf(db, query);
  const ids = [...groups.keys()];
  const steps = new Map<string, { attributes: Readonly<Record<string, string>>; sums: Map<number, StepSum> }>();
  let read = 0;
  for (let start = 0; start < ids.length; start += SERIES_PER_READ) {
    for await (const rows of pagesOf(db, query, ids.slice(start, start + SERIES_PER_READ))) {
      read += rows.length;
      if (read > MAX_POINTS) throw tooLarge(query.name);
      for (const row of rows) {
        const attributes = groups.get(row.series_id) ?? {};
        const text = JSON.stringify(attributes);
        const group = steps.get(text) ?? { attributes, sums: new Map<number, StepSum>() };
        steps.set(text, group);
        const at = stepOf(row, query);
        const sum = group.sums.get(at) ?? new StepSum(at);
        group.sums.set(at, sum);
        sum.add(row);
      }
    }
  }
  const sorted = [...steps].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    series: sorted.map(([, { attributes, sums }]) => ({
      attributes,
      points: [...sums.values()].sort((a, b) => a.atMs - b.atMs),
    })),
  };
}

function tooLarge(name: string): QueryTooLargeError {
  return new QueryTooLargeError(
    `The question about ${name} would read over ${MAX_POINTS} points: ask for less time, or for fewer series by "where".`,
  );
}

/** The attributes of its group, by series; series that do not have what is asked for, or have what must not be there, are left out. */
async function groupsOf(
  db: RecordDatabase,
  { name, groupBy, where }: SampleQuery,
): Promise<Map<string, Readonly<Record<string, string>>>> {
  const rows = await db
    .selectFrom('recorded_series')
    .select(['series_id', 'attributes'])
    .where('name', '=', columnText(name))
    .execute();
  const keys = [...new Set(groupBy)].sort();
  const groups = new Map<string, Readonly<Record<string, string>>>();
  for (const { series_id, attributes: text } of rows) {
    const attributes = new Map(Object.entries(JSON.parse(text) as Record<string, string>));
    if (Object.entries(where).some(([key, value]) => (attributes.get(key) ?? '') !== value)) continue;
    const group = keys.filter((key) => attributes.has(key)).map((key) => [key, attributes.get(key) ?? ''] as const);
    groups.set(series_id, Object.fromEntries(group));
  }
  return groups;
}

/** In the order of their keys: each page begins behind the last one. */
async function* pagesOf(
  db: RecordDatabase,
  { from, to }: SampleQuery,
  ids: readonly string[],
): AsyncGenerator<RecordedPointsTable[]> {
  const fromMs = from.getTime();
  const matching = db
    .selectFrom('recorded_points')
    .selectAll()
    .where('series_id', 'in', ids)
    .where('start_ms', '>', fromMs - HOUR_MS)
    .where(sql<boolean>`start_ms + span_ms > ${fromMs}`)
    .where('start_ms', '<', to.getTime())
    .orderBy('series_id')
    .orderBy('start_ms')
    .orderBy('span_ms')
    .limit(POINTS_PER_READ);
  let page = await matching.execute();
  while (page.length > 0) {
    yield page;
    const last = page.at(-1);
    if (!last || page.length < POINTS_PER_READ) return;
    const { series_id, start_ms, span_ms } = last;
    page = await matching
      .where(sql<boolean>`(series_id, start_ms, span_ms) > (${series_id}, ${start_ms}, ${span_ms})`)
      .execute();
  }
}

function stepOf({ start_ms }: RecordedPointsTable, { from, everyMs }: SampleQuery): number {
  return everyMs === null ? from.getTime() : startOf(start_ms, everyMs);
}

/** Sketches are merged when somebody asks for one: most questions are about counts and sums, and these are many bytes. */
class StepSum implements SamplePoint {
  readonly atMs: number;
  readonly #sketches: Uint8Array[] = [];
  #merged: Sketch | null = null;
  count = 0;
  sum = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  last = 0;
  #lastOf = { last_at_ms: Number.NEGATIVE_INFINITY, last_event_id: '' };

  constructor(atMs: number) {
    this.atMs = atMs;
  }

  get at(): string {
    return new Date(this.atMs).toISOString();
  }

  get sketch(): Sketch {
    this.#merged ??= this.#merge();
    return this.#merged;
  }

  add(row: RecordedPointsTable): void {
    this.#sketches.push(row.sketch);
    this.count += row.count;
    this.sum += row.sum;
    this.min = Math.min(this.min, row.min);
    this.max = Math.max(this.max, row.max);
    if (!isLater(row, this.#lastOf)) return;
    this.last = row.last;
    this.#lastOf = { last_at_ms: row.last_at_ms, last_event_id: row.last_event_id };
  }

  #merge(): Sketch {
    const merged = createSketch();
    for (const bytes of this.#sketches) merged.merge(readSketch(bytes));
    return merged;
  }
}
