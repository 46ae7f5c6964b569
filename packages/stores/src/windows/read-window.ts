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
  readRollups(
    stretches: readonly (TimeRange & { readonly unit: RollupUnit })[],
  ): Promise<readonly (Rollup & { readonly unit: RollupUnit; readonly startMs: number })[]>;
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
  const days = inner(asked, 'day');
  const hours = outside(days, outer(asked, 'hour'));
  const ragged = raggedUnits(asked, 'hour');
  const rows = await source.readRollups([
    ...(days ? [{ ...days, unit: 'day' as const }] : []),
    ...hours.map((stretch) => ({ ...stretch, unit: 'hour' as const })),
    ...ragged.map((stretch) => ({ ...stretch, unit: 'minute' as const })),
  ]);

  const told = { ...asked };
  let sum = emptyRollup();
  const add = (rollup: Rollup) => {
    sum = mergeRollups(sum, rollup);
  };
  const widen = (stretch: TimeRange) => {
    told.fromMs = Math.min(told.fromMs, stretch.fromMs);
    told.toMs = Math.max(told.toMs, stretch.toMs);
  };

  for (const row of rows) {
    if (row.unit === 'day' || (row.unit === 'hour' && isWithin(asked, unitAt(row.startMs, 'hour')))) add(row);
  }
  for (const hour of ragged) {
    const within = rows.filter(({ startMs }) => startMs >= hour.fromMs && startMs < hour.toMs);
    const minutes = within.filter(({ unit }) => unit === 'minute');
    const whole = within.filter(({ unit }) => unit === 'hour');
    if (total(minutes) < total(whole)) {
      // Its minutes are forgotten already.
      whole.forEach(add);
      widen(hour);
      continue;
    }
    const edges = raggedUnits(asked, 'minute').filter((edge) => isWithin(hour, edge));
    for (const minute of minutes) {
      if (isWithin(asked, unitAt(minute.startMs, 'minute'))) add(minute);
    }
    for (const edge of edges) {
      const rolledUp = minutes.filter(({ startMs }) => startMs === edge.fromMs);
      // Read later than the roll-up: what has ended since only adds to it. So fewer means that some are forgotten.
      const endings = await source.readEndings(edge);
      if (endings.length < total(rolledUp)) {
        rolledUp.forEach(add);
        widen(edge);
      } else {
        for (const ending of endings) {
          if (ending.endedAtMs >= fromMs && ending.endedAtMs < toMs) sum = withEnding(sum, ending);
        }
      }
    }
  }
  return { ...sum, ...told };
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
