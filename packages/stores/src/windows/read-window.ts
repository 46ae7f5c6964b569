import { ROLLUP_UNIT_MS, type RollupUnit, type Window, type WindowQuery } from '../rollup-store.ts';
import { countTasks, emptyRollup, mergeRollups, type Rollup, withEnding } from './rollup.ts';
import type { TaskEnding } from './task-ending.ts';

/** A stretch of time, its end excluded. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface WindowSource {
  /** All of these at one moment; each stretch begins and ends at full units. */
  readRollups(stretches: readonly (TimeRange & { readonly unit: RollupUnit })[]): Promise<readonly Row[]>;
  /** Of the tasks that ended then, from their records. */
  readEndings(stretch: TimeRange): Promise<readonly TaskEnding[]>;
}

/**
 * Puts a window together from as few pieces as there are: whole days, the hours before and after them, the minutes of the
 * hours at its edges, and of the minutes at its edges the tasks themselves.
 */
export async function readWindow(
  { fromMs, toMs }: Pick<WindowQuery, 'fromMs' | 'toMs'>,
  source: WindowSource,
): Promise<Window> {
  const asked: TimeRange = { fromMs, toMs };
  const rows = await source.readRollups(stretchesOf(asked));
  const parts: Part[] = rows
    .filter(({ unit, startMs }) => unit !== 'minute' && isWithin(asked, unitAt(startMs, unit)))
    .map((rollup) => ({ rollup }));
  for (const hour of raggedUnits(asked, 'hour')) parts.push(...(await partsOfHour({ hour, asked, rows, source })));
  return {
    ...parts.reduce((sum, { rollup }) => mergeRollups(sum, rollup), emptyRollup()),
    fromMs: Math.min(fromMs, ...parts.map(({ wider }) => wider?.fromMs ?? fromMs)),
    toMs: Math.max(toMs, ...parts.map(({ wider }) => wider?.toMs ?? toMs)),
  };
}

/** Something that the window counts; `wider`: it is of all of this, since what is finer is forgotten. */
interface Part {
  readonly rollup: Rollup;
  readonly wider?: TimeRange;
}

type Row = Rollup & { readonly unit: RollupUnit; readonly startMs: number };

function stretchesOf(asked: TimeRange): (TimeRange & { readonly unit: RollupUnit })[] {
  const days = inner(asked, 'day');
  return [
    ...(days ? [{ ...days, unit: 'day' as const }] : []),
    // Those at the edges too: they tell whether all of their minutes are there.
    ...outside(days, outer(asked, 'hour')).map((range) => ({ ...range, unit: 'hour' as const })),
    ...raggedUnits(asked, 'hour').map((range) => ({ ...range, unit: 'minute' as const })),
  ];
}

interface Edge {
  readonly asked: TimeRange;
  readonly source: WindowSource;
  readonly rows: readonly Row[];
}

async function partsOfHour({ hour, asked, rows, source }: Edge & { readonly hour: TimeRange }): Promise<Part[]> {
  const whole = rows.filter(({ unit, startMs }) => unit === 'hour' && startMs === hour.fromMs);
  const minutes = rows.filter((row) => row.unit === 'minute' && isWithin(hour, unitAt(row.startMs, 'minute')));
  // Its minutes are forgotten already.
  if (total(minutes) < total(whole)) return whole.map((rollup) => ({ rollup, wider: hour }));

  const parts: Part[] = minutes
    .filter(({ startMs }) => isWithin(asked, unitAt(startMs, 'minute')))
    .map((rollup) => ({ rollup }));
  const edges = raggedUnits(asked, 'minute').filter((minute) => isWithin(hour, minute));
  for (const minute of edges) parts.push(...(await partsOfMinute({ minute, asked, rows: minutes, source })));
  return parts;
}

async function partsOfMinute({ minute, asked, rows, source }: Edge & { readonly minute: TimeRange }): Promise<Part[]> {
  const whole = rows.filter(({ startMs }) => startMs === minute.fromMs);
  // Read later than the roll-up: what has ended since only adds to it. So fewer means that some are forgotten.
  const endings = await source.readEndings(minute);
  if (endings.length < total(whole)) return whole.map((rollup) => ({ rollup, wider: minute }));
  const counted = endings.filter(({ endedAtMs }) => endedAtMs >= asked.fromMs && endedAtMs < asked.toMs);
  return [{ rollup: counted.reduce(withEnding, emptyRollup()) }];
}

function total(rollups: readonly Rollup[]): number {
  return rollups.reduce((sum, rollup) => sum + countTasks(rollup), 0);
}

function unitAt(ms: number, unit: RollupUnit): TimeRange {
  const length = ROLLUP_UNIT_MS[unit];
  const fromMs = Math.floor(ms / length) * length;
  return { fromMs, toMs: fromMs + length };
}

function isWithin(outer: TimeRange, inner: TimeRange): boolean {
  return inner.fromMs >= outer.fromMs && inner.toMs <= outer.toMs;
}

/** The whole units within it; null when there is none. */
function inner({ fromMs, toMs }: TimeRange, unit: RollupUnit): TimeRange | null {
  const length = ROLLUP_UNIT_MS[unit];
  const first = Math.ceil(fromMs / length) * length;
  const end = Math.floor(toMs / length) * length;
  return first < end ? { fromMs: first, toMs: end } : null;
}

/** All units that have a part in it. */
function outer({ fromMs, toMs }: TimeRange, unit: RollupUnit): TimeRange {
  const length = ROLLUP_UNIT_MS[unit];
  return { fromMs: Math.floor(fromMs / length) * length, toMs: Math.ceil(toMs / length) * length };
}

function outside(hole: TimeRange | null, whole: TimeRange): TimeRange[] {
  if (!hole) return [whole];
  const before = { fromMs: whole.fromMs, toMs: hole.fromMs };
  const after = { fromMs: hole.toMs, toMs: whole.toMs };
  return [before, after].filter(({ fromMs, toMs }) => fromMs < toMs);
}

/** The units that only partly lie in it: none, one or two. */
function raggedUnits({ fromMs, toMs }: TimeRange, unit: RollupUnit): TimeRange[] {
  const length = ROLLUP_UNIT_MS[unit];
  const units = [fromMs, toMs].filter((ms) => ms % length !== 0).map((ms) => unitAt(ms, unit));
  return units.filter(({ fromMs: start }, index) => units.findIndex((other) => other.fromMs === start) === index);
}
