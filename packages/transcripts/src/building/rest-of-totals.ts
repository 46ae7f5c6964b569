import type { ReportedTotals, SessionModelCall, TokenUsage } from '@tracepost/contracts';
import { sumUsd } from '@tracepost/pricing';

/** Where the sums are of all calls: of these is left what the calls that tell of themselves leave; null: nothing, or less. */
export function withRest(totals: ReportedTotals, calls: readonly SessionModelCall[]): ReportedTotals {
  if (!totals.all) return totals;
  const { usage, costUsd } = totals.all;
  const usages = calls.flatMap((call) => call.usage ?? []);
  const costs = calls.flatMap(({ reportedCostUsd }) => (reportedCostUsd === null ? [] : [Number(reportedCostUsd)]));
  return {
    ...totals,
    usage: usage && (usages.length === 0 ? usage : restOfUsage(usage, usages.reduce(sumOfUsages))),
    costUsd: costUsd && (costs.length === 0 ? costUsd : restOfCost(Number(costUsd), sumUsd(costs))),
  };
}

function restOfUsage(all: TokenUsage, own: TokenUsage): TokenUsage | null {
  const input = all.input - own.input;
  const output = all.output - own.output;
  if (input < 0 || output < 0 || input + output === 0) return null;
  const part = (name: keyof TokenUsage, most: number): number => Math.min(most, Math.max(0, all[name] - own[name]));
  const cacheRead = part('cacheRead', input);
  const cacheWrite5m = part('cacheWrite5m', input - cacheRead);
  const cacheWrite1h = part('cacheWrite1h', input - cacheRead - cacheWrite5m);
  return { input, cacheRead, cacheWrite5m, cacheWrite1h, output, reasoning: part('reasoning', output) };
}

/** Sums of doubles differ in their last digits. */
const DUST_USD = 1e-9;
const PICODOLLAR_DIGITS = 12;

function restOfCost(all: number, own: number): string | null {
  const rest = all - own;
  return rest > DUST_USD ? rest.toFixed(PICODOLLAR_DIGITS).replace(/\.?0+$/, '') : null;
}

export function sumOfUsages(one: TokenUsage, other: TokenUsage): TokenUsage {
  return {
    input: one.input + other.input,
    cacheRead: one.cacheRead + other.cacheRead,
    cacheWrite5m: one.cacheWrite5m + other.cacheWrite5m,
    cacheWrite1h: one.cacheWrite1h + other.cacheWrite1h,
    output: one.output + other.output,
    reasoning: one.reasoning + other.reasoning,
  };
}
