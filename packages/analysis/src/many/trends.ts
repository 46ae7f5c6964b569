import type { SessionAnalysis } from '@tracepost/contracts';
import type { Accumulator } from './accumulator.ts';
import type { CallSums } from './call-sums.ts';
import { DAY_MS, HOUR_MS, StepsOfTime } from './steps-of-time.ts';
import { type Point, type TrendLine, trendLine } from './trend-line.ts';

/** Names of tools that are told apart in one day, and in all days together. */
const MOST_NAMES = 10_000;
const MOST_NAMES_IN_ALL = 200_000;

export interface Trend {
  readonly step: 'hour' | 'day';
  /** Steps of which only a part lies in the window are left out: after the first all would seem to rise, to the last to fall. */
  readonly points: readonly Point[];
  /** Null: too few points. */
  readonly line: TrendLine | null;
}

export interface Trends {
  readonly tokensByHour: Trend;
  /** Failed calls of models and tools over all of them, by the hour in which their session ended. Hours without calls are no points. */
  readonly errorRateByHour: Trend;
  /** Average score of complexity, by the day on which sessions ended. */
  readonly complexityByDay: Trend;
  /** Different names. */
  readonly toolsByDay: Trend;
  /** `call`: tokens stand in the hour of their call. `session`: in the hour in which their session ended. */
  readonly tokensBy: 'call' | 'session';
  /** Sessions whose transcript tells no times stand in no hour. */
  readonly untimedSessions: number;
  /** Tools that were too many to be told apart: `toolsByDay` is too low where this is not 0. */
  readonly toolsLeftOut: number;
}

export interface TrendsAccumulator extends Accumulator<SessionAnalysis, Trends> {
  /** Sums of calls by hour; where there are any, tokens are taken from them, not from the sessions. */
  addCalls(sums: CallSums): void;
}

export interface TrendsInput {
  /** Where the window begins; absent: nothing of its first hour or day is missing. */
  readonly fromMs?: number;
  /** The end of the window, where that lies before now. */
  readonly nowMs: number;
}

/**
 * How things go from hour to hour and from day to day, in UTC. Hours in which nobody asked anything have no tokens, but no error rate either.
 */
export function trends(window: TrendsInput): TrendsAccumulator {
  const { nowMs } = window;
  const hours = new StepsOfTime(HOUR_MS, () => ({ tokens: 0, attempts: 0, failures: 0 }));
  const callHours = new StepsOfTime(HOUR_MS, () => ({ tokens: 0 }));
  const days = new StepsOfTime(DAY_MS, () => ({ sessions: 0, score: 0, tools: new Set<string>() }));
  let hasCalls = false;
  let untimedSessions = 0;
  let names = 0;
  let toolsLeftOut = 0;
  return {
    add: ({ totals, complexity, tools }) => {
      if (totals.endedAtMs === null) {
        untimedSessions++;
        return;
      }
      const hour = hours.at(totals.endedAtMs);
      hour.tokens += totals.usage.input + totals.usage.output;
      hour.attempts += totals.modelCalls + totals.toolCalls;
      hour.failures += totals.failedModelCalls + totals.failedToolCalls;
      const day = days.at(totals.endedAtMs);
      day.sessions++;
      day.score += complexity.score;
      for (const { name } of tools) {
        if (day.tools.has(name)) continue;
        if (day.tools.size >= MOST_NAMES || names >= MOST_NAMES_IN_ALL) toolsLeftOut++;
        else {
          day.tools.add(name);
          names++;
        }
      }
    },
    addCalls: ({ startMs, usage }) => {
      if (startMs === undefined) return;
      hasCalls = true;
      callHours.at(startMs).tokens += Number(usage.input) + Number(usage.output);
    },
    result: () => ({
      tokensByHour: trendOf(
        'hour',
        hasCalls ? callHours.filled(({ tokens }) => tokens, nowMs) : hours.filled(({ tokens }) => tokens, nowMs),
        window,
      ),
      errorRateByHour: trendOf(
        'hour',
        pointsOf(hours, ({ failures, attempts }) => (attempts === 0 ? null : failures / attempts)),
        window,
      ),
      complexityByDay: trendOf(
        'day',
        pointsOf(days, ({ score, sessions }) => score / sessions),
        window,
      ),
      toolsByDay: trendOf(
        'day',
        pointsOf(days, (day) => day.tools.size),
        window,
      ),
      tokensBy: hasCalls ? 'call' : 'session',
      untimedSessions,
      toolsLeftOut,
    }),
  };
}

function pointsOf<Sum>(steps: StepsOfTime<Sum>, value: (sum: Sum) => number | null): readonly Point[] {
  return steps.entries().flatMap(([startMs, sum]) => {
    const known = value(sum);
    return known === null ? [] : [{ startMs, value: known }];
  });
}

function trendOf(
  step: 'hour' | 'day',
  all: readonly Point[],
  { fromMs = Number.NEGATIVE_INFINITY, nowMs }: TrendsInput,
): Trend {
  const stepMs = step === 'hour' ? HOUR_MS : DAY_MS;
  const points = all.filter(({ startMs }) => startMs >= fromMs && startMs + stepMs <= nowMs);
  return { step, points, line: trendLine(points, stepMs) };
}
