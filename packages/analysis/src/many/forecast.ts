import type { SessionAnalysis } from '@tracepost/contracts';
import { toPicodollars, toUsd } from '@tracepost/pricing';
import type { Accumulator } from './accumulator.ts';
import type { CallSums } from './call-sums.ts';
import { type Forecast, forecastOf } from './forecast-of.ts';
import { DAY_MS, HOUR_MS, StepsOfTime } from './steps-of-time.ts';
import type { Point } from './trend-line.ts';

export interface Forecasts {
  readonly step: 'hour' | 'day';
  /** Null: too little is known to test a forecast. */
  readonly costUsd: Forecast | null;
  readonly errorRate: Forecast | null;
  readonly tokens: Forecast | null;
}

export interface ForecastAccumulator extends Accumulator<Pick<SessionAnalysis, 'totals'>, Forecasts> {
  /** Sums of calls by hour or day; where there are any, tokens and cost are taken from them, not from the sessions. */
  addCalls(sums: CallSums): void;
}

export interface ForecastInput {
  /** Where the window begins; absent: nothing of its first hour or day is missing. One that began before it is left out. */
  readonly fromMs?: number;
  /** The end of the window, where that lies before now. The hour or day that is not over then is left out. */
  readonly nowMs: number;
  /** `hour` looks a day ahead, `day` a week. */
  readonly step: 'hour' | 'day';
}

/** Cost, error rate and tokens of the next hours or days. Sessions stand where they ended, calls where they were answered. */
export function forecast({ fromMs = Number.NEGATIVE_INFINITY, nowMs, step }: ForecastInput): ForecastAccumulator {
  const isHour = step === 'hour';
  const stepMs = isHour ? HOUR_MS : DAY_MS;
  const options = { stepMs, season: isHour ? 24 : 7, horizon: isHour ? 24 : 7, lowest: 0 };
  const sessions = new StepsOfTime(stepMs, () => ({ tokens: 0, picodollars: 0n, attempts: 0, failures: 0 }));
  const calls = new StepsOfTime(stepMs, () => ({ tokens: 0, picodollars: 0n }));
  const isWhole = ({ startMs }: Point): boolean => startMs >= fromMs && startMs + stepMs <= nowMs;
  let hasCalls = false;
  return {
    add: ({ totals }) => {
      if (totals.endedAtMs === null) return;
      const sum = sessions.at(totals.endedAtMs);
      sum.tokens += totals.usage.input + totals.usage.output;
      sum.picodollars += toPicodollars(totals.costUsd ?? 0);
      sum.attempts += totals.modelCalls + totals.toolCalls;
      sum.failures += totals.failedModelCalls + totals.failedToolCalls;
    },
    addCalls: ({ startMs, usage, costPicodollars }) => {
      if (startMs === undefined) return;
      hasCalls = true;
      const sum = calls.at(startMs);
      sum.tokens += Number(usage.input) + Number(usage.output);
      sum.picodollars += costPicodollars;
    },
    result: () => {
      const filled = (
        value: (sum: { readonly tokens: number; readonly picodollars: bigint }) => number,
      ): readonly Point[] =>
        // Up to now: hours in which nobody asked anything are a part of how things go.
        (hasCalls ? calls.filled(value, nowMs) : sessions.filled(value, nowMs)).filter(isWhole);
      const rates = sessions
        .entries()
        .flatMap(([startMs, { attempts, failures }]) =>
          attempts === 0 ? [] : [{ startMs, value: failures / attempts }],
        )
        .filter(isWhole);
      return {
        step,
        costUsd: forecastOf(
          filled(({ picodollars }) => toUsd(picodollars)),
          options,
        ),
        errorRate: forecastOf(rates, { ...options, highest: 1 }),
        tokens: forecastOf(
          filled(({ tokens }) => tokens),
          options,
        ),
      };
    },
  };
}
