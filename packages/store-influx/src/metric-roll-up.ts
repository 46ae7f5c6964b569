import { flux, Point } from '@influxdata/influxdb-client';
import type { SinkAnswer } from '@tracepost/contracts';
import {
  addTally,
  type FailedMetrics,
  type FailedRollUp,
  floorHour,
  HOUR_MS,
  type LateBound,
  QueryTooLargeError,
  type ReadStretch,
  type RollUpReport,
  StoreUnavailableError,
  type Tally,
  UNLIMITED,
} from '@tracepost/stores';
import { checkWidth } from './check-width.ts';
import { eachInTurns } from './in-turns.ts';
import { ALL_TIME, LATE, namesFlux, ROLLED, rangeFlux, SHAPE, TALLY } from './metric-flux.ts';
import { type LateMarks, lineOf, rolledLine } from './metric-notes.ts';
import type { MetricSource } from './metric-questions.ts';
import { readGrowth, type TakeGrowth } from './metric-reader.ts';
import { hoursSelect, oldestDaySelect } from './metric-select.ts';
import { writeTally } from './tally-text.ts';
import type { LineWriter } from './write-lines.ts';

export interface RollUpOptions {
  readonly source: MetricSource;
  /** Into the bucket of the roll-ups. */
  readonly writer: LineWriter;
  readonly marks: LateMarks;
  readonly bound: LateBound;
  readonly failures: FailedMetrics;
  /** Resolves when the writes that have begun before are over. */
  readonly settled: () => Promise<unknown>;
  readonly through: Date;
  readonly signal: AbortSignal | undefined;
}

const DAY_MS = 24 * HOUR_MS;
const MAX_NAMES = 100_000;
const MAX_LATE = 1_000_000;

/**
 * `rollUp` of the port: new hours first, a day at a time, then those that points have come to since. A metric that cannot be read, or that
 * InfluxDB refuses, keeps nobody from the others: its hours are marked as those are that points have come to, and tried again later.
 */
export async function rollUp(options: RollUpOptions): Promise<RollUpReport> {
  const { source, writer, marks, bound, settled, signal } = options;
  const targetMs = floorHour(options.through.getTime());
  // From here on points of these hours are marked as late; those that are being written now are waited for.
  bound.raise(targetMs);
  await settled();

  const failed: FailedRollUp[] = [];
  const beginMs = await firstHour(source, targetMs);
  for (let fromMs = beginMs; fromMs < targetMs; fromMs += DAY_MS) {
    const slice = { fromMs, toMs: Math.min(fromMs + DAY_MS, targetMs) };
    const [names, marked] = [await namesOf(source, slice), await markedHours(source, slice)];
    const left: string[] = [];
    await eachInTurns(names, async (name) => {
      signal?.throwIfAborted();
      const isDone = await tryMetric(options, { name, stretch: slice, marked: marked.get(name) ?? [] }, failed);
      if (!isDone) left.push(name);
    });
    // Before the hours are said to be there, or a crash in between would make holes of them.
    must(await marks.mark(left.flatMap((name) => hoursOf(slice).map((hourMs) => ({ name, hourMs })))));
    must(await writer.write(hoursOf(slice).map(rolledLine), []));
  }
  const late = await rollLate(options, targetMs, failed);
  const hours = Math.max(0, (targetMs - beginMs) / HOUR_MS);
  return failed.length === 0 ? { hours, late } : { hours, late, failed };
}

async function rollLate(options: RollUpOptions, targetMs: number, failed: FailedRollUp[]): Promise<number> {
  const late = await markedHours(options.source, { ...ALL_TIME, toMs: targetMs });
  let done = 0;
  await eachInTurns([...late], async ([name, hours]) => {
    for (const stretch of runsOf(hours)) {
      options.signal?.throwIfAborted();
      const marked = hours.filter((hour) => hour >= stretch.fromMs && hour < stretch.toMs);
      if (!(await tryMetric(options, { name, stretch, marked }, failed))) return;
      done += marked.length;
    }
  });
  return done;
}

/** Neighbouring hours together, a day at most. */
function runsOf(hours: readonly number[]): ReadStretch[] {
  const runs: ReadStretch[] = [];
  for (const hour of [...hours].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last && last.toMs === hour && hour - last.fromMs < DAY_MS)
      runs[runs.length - 1] = { fromMs: last.fromMs, toMs: hour + HOUR_MS };
    else runs.push({ fromMs: hour, toMs: hour + HOUR_MS });
  }
  return runs;
}

interface MetricStretch {
  readonly name: string;
  readonly stretch: ReadStretch;
  /** Hours of the stretch that were marked when it was last asked, which was before now. */
  readonly marked: readonly number[];
  /** Of what is read in one exchange. */
  readonly mostMs?: number;
}

/** False when its hours are not there, because it failed or has failed a short time ago. Rejects when InfluxDB is away. */
async function tryMetric(options: RollUpOptions, metric: MetricStretch, failed: FailedRollUp[]): Promise<boolean> {
  const { source, failures } = options;
  const { name } = metric;
  if (failures.isWaiting(name)) return false;
  let failure = await rollMetric(options, metric);
  if (failure !== null) {
    failures.note(name);
    // Where nothing is answered it is not this metric's fault. What is asked for is nothing.
    const select = hoursSelect({ name: ROLLED, where: {} }, { fromMs: 0, toMs: 0 });
    await source.series({ operation: 'ping', bucket: source.bucket, select }, () => {});
    // Behind hours with little in them many are read at once: too many, if those are full.
    if (failure instanceof StoreUnavailableError && metric.stretch.toMs - metric.stretch.fromMs > HOUR_MS)
      failure = await rollMetric(options, { ...metric, mostMs: HOUR_MS });
  }
  if (failure === null) {
    failures.forget(name);
    return true;
  }
  failed.push({ name, reason: failure.message });
  return false;
}

/** What kept the metric from being put together; null when it was. */
async function rollMetric(
  { source: { series, bucket }, writer, marks, signal }: RollUpOptions,
  { name, stretch, marked, ...slices }: MetricStretch,
): Promise<Error | null> {
  // One that is marked while the points are read has another version then, and stays marked.
  const seen = await marks.seen(name, stretch);
  const sums = new Map<string, HourOfSeries>();
  const take: TakeGrowth = (attributes, atMs, { shape, tally }) => {
    const hourMs = floorHour(atMs);
    const key = JSON.stringify([hourMs, shape, attributes]);
    const sum = sums.get(key);
    if (sum) addTally(sum.tally, tally);
    else sums.set(key, { hourMs, shape, attributes, tally: { ...tally } });
  };
  let unwritten: SinkAnswer | null = null;
  // A day of a wide metric is too much to be held.
  const givenTo = async (ms: number): Promise<void> => {
    signal?.throwIfAborted();
    const whole = [...sums].filter(([, { hourMs }]) => hourMs + HOUR_MS <= ms);
    for (const [key] of whole) sums.delete(key);
    unwritten = await writer.write(
      whole.map(([, hour]) => toLine(name, hour)),
      [],
    );
    must(unwritten);
  };
  try {
    const choice = { name, where: {} };
    await checkWidth({ series, bucket }, choice, stretch);
    await readGrowth({ series, bucket, choice, stretch, budget: UNLIMITED, ...slices, givenTo }, take);
  } catch (error) {
    const isAway = (unwritten as SinkAnswer | null)?.status === 'later';
    const isItsOwn = error instanceof StoreUnavailableError || error instanceof QueryTooLargeError;
    if (isAway || !isItsOwn) throw error;
    return error;
  }
  if (marked.length > 0) must(await marks.clear(seen, marked));
  return null;
}

/** Hours that points have come to, by metric. */
async function markedHours(
  { query, rollUpsBucket }: MetricSource,
  stretch: ReadStretch,
): Promise<Map<string, number[]>> {
  const asked = flux`${rangeFlux(rollUpsBucket, stretch)}
    |> filter(fn: (r) => r._measurement == ${LATE} and r._value > 0.0) |> keep(columns: ["_time", "metric"])`;
  const byMetric = new Map<string, number[]>();
  for (const { values, tableMeta } of await query({ operation: 'read_late', flux: asked, maxRows: MAX_LATE })) {
    const name = String(tableMeta.get(values, 'metric'));
    const hours = byMetric.get(name) ?? [];
    byMetric.set(name, hours);
    hours.push(Date.parse(String(tableMeta.get(values, '_time'))));
  }
  return byMetric;
}

interface HourOfSeries {
  readonly hourMs: number;
  readonly shape: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly tally: Tally;
}

function toLine(name: string, { hourMs, shape, attributes, tally }: HourOfSeries): string {
  const point = new Point(name).tag(SHAPE, shape);
  for (const key in attributes) point.tag(key, attributes[key] ?? '');
  return lineOf(point.stringField(TALLY, writeTally(tally)), hourMs);
}

/** The one after the last that was put together; else the first one of the oldest day that has points; else nothing is to be done. */
async function firstHour({ query, series, rollUpsBucket }: MetricSource, targetMs: number): Promise<number> {
  const newest = flux`${rangeFlux(rollUpsBucket, ALL_TIME)} |> filter(fn: (r) => r._measurement == ${ROLLED})
    |> last() |> keep(columns: ["_time"])`;
  const [row] = await query({ operation: 'read_rolled', flux: newest, maxRows: 1 });
  if (row) return Date.parse(String(row.tableMeta.get(row.values, '_time'))) + HOUR_MS;
  // By the catalog: to ask for the oldest point is to ask every field of every series, which takes a minute where they are many.
  let firstMs = targetMs;
  const select = oldestDaySelect({ fromMs: 0, toMs: targetMs });
  await series({ operation: 'read_rolled', bucket: rollUpsBucket, select }, ({ rows }) => {
    for (const [time] of rows) firstMs = Math.min(firstMs, Date.parse(String(time)));
  });
  return firstMs;
}

async function namesOf({ query, bucket }: MetricSource, slice: ReadStretch): Promise<string[]> {
  const rows = await query({ operation: 'list_metrics', flux: namesFlux(bucket, slice), maxRows: MAX_NAMES });
  return rows.map(({ values, tableMeta }) => String(tableMeta.get(values, '_value'))).sort();
}

function hoursOf({ fromMs, toMs }: ReadStretch): number[] {
  return Array.from({ length: (toMs - fromMs) / HOUR_MS }, (_, index) => fromMs + index * HOUR_MS);
}

function must(answer: SinkAnswer): void {
  if (answer.status === 'later') throw new StoreUnavailableError('influxdb', answer.reason);
  const [refusal] = answer.refused;
  if (refusal) throw new StoreUnavailableError('influxdb', `InfluxDB refused what a roll-up writes: ${refusal.reason}`);
}
