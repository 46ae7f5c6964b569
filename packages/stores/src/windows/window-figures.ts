import type { WindowFigures } from '@tracepost/contracts';
import { type Picodollars, roundHalfUp, toUsd } from '@tracepost/pricing';
import { countTasks, type Rollup } from './rollup.ts';

/** What the API, the console and reports say of a window: the same numbers everywhere. */
export function figuresOf(rollup: Rollup): WindowFigures {
  const { totals, responseTimes } = rollup;
  const { succeeded, failed, timed_out, dead } = totals.tasks;
  const totalTasks = countTasks(rollup);
  const percentile = (share: number) => {
    const ms = responseTimes.quantile(share);
    return ms === null ? null : roundToMicroseconds(ms);
  };
  return {
    totalTasks,
    successfulTasks: succeeded,
    failedTasks: failed + timed_out + dead,
    successRate: totalTasks === 0 ? null : succeeded / totalTasks,
    performance: {
      averageResponseTimeMs: totalTasks === 0 ? null : Number(mean(totals.responseUs, totalTasks)) / 1_000,
      p50ResponseTimeMs: percentile(0.5),
      p95ResponseTimeMs: percentile(0.95),
      p99ResponseTimeMs: percentile(0.99),
    },
    costs: {
      totalCostUsd: dollars(totals.costPicodollars),
      averageCostPerTaskUsd: totalTasks === 0 ? null : dollars(mean(totals.costPicodollars, totalTasks)),
      unpricedTasks: totals.unpricedTasks,
    },
  };
}

function mean(sum: bigint, count: number): bigint {
  return roundHalfUp({ numerator: sum, denominator: BigInt(count) });
}

/** JSON has no number for what a worker of another make may add up to. */
function dollars(amount: Picodollars): number {
  const usd = toUsd(amount);
  return Math.min(Math.max(usd, -Number.MAX_VALUE), Number.MAX_VALUE);
}

/** Times are told in milliseconds with three digits; a sketch knows no more. */
function roundToMicroseconds(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
