import type { MetricQuestion } from './question.ts';

export const HOUR_MS = 3_600_000;

/** From the first instant to the first one after. */
export interface ReadStretch {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface ReadingPlan {
  /** Whole hours that are read as they were put together. */
  readonly hours: readonly ReadStretch[];
  /** Read as it was written. */
  readonly points: readonly ReadStretch[];
}

/** Stretches of whole hours in one question; the shortest beyond are read as points. */
const MAX_RUNS = 16;

/** Whether a question can make use of hours that were put together: windows that no hour lies across. */
export function canUseHours({ from, to, everyMs }: MetricQuestion): boolean {
  if (everyMs !== null && everyMs % HOUR_MS !== 0) return false;
  return ceilHour(from.getTime()) < floorHour(to.getTime());
}

/** `isReady` is asked for whole hours, by their beginning. */
export function planReading(question: MetricQuestion, isReady: (hourMs: number) => boolean): ReadingPlan {
  const range = { fromMs: question.from.getTime(), toMs: question.to.getTime() };
  if (!canUseHours(question)) return { hours: [], points: [range] };
  const hours = longest(readyRuns(range, isReady));
  const points: ReadStretch[] = [];
  let fromMs = range.fromMs;
  for (const run of hours) {
    if (fromMs < run.fromMs) points.push({ fromMs, toMs: run.fromMs });
    fromMs = run.toMs;
  }
  if (fromMs < range.toMs) points.push({ fromMs, toMs: range.toMs });
  return { hours, points };
}

export function floorHour(ms: number): number {
  return Math.floor(ms / HOUR_MS) * HOUR_MS;
}

function ceilHour(ms: number): number {
  return Math.ceil(ms / HOUR_MS) * HOUR_MS;
}

function readyRuns({ fromMs, toMs }: ReadStretch, isReady: (hourMs: number) => boolean): ReadStretch[] {
  const runs: ReadStretch[] = [];
  const end = floorHour(toMs);
  let begin: number | null = null;
  for (let hour = ceilHour(fromMs); hour <= end; hour += HOUR_MS) {
    if (hour < end && isReady(hour)) {
      begin ??= hour;
    } else if (begin !== null) {
      runs.push({ fromMs: begin, toMs: hour });
      begin = null;
    }
  }
  return runs;
}

function longest(runs: readonly ReadStretch[]): ReadStretch[] {
  const length = ({ fromMs, toMs }: ReadStretch) => toMs - fromMs;
  return [...runs]
    .sort((a, b) => length(b) - length(a))
    .slice(0, MAX_RUNS)
    .sort((a, b) => a.fromMs - b.fromMs);
}
