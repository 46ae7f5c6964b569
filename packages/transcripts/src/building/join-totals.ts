import type { ReportedTotals, TokenUsage } from '@tracepost/contracts';
import { higher, later } from './known.ts';

/** Two witnesses of what a whole session took: the counters only grow, so the larger is the later. */
export function joinTotals(one: ReportedTotals | null, other: ReportedTotals | null): ReportedTotals | null {
  if (one === null || other === null) return one ?? other;
  const output = later(one.output ?? null, other.output ?? null);
  return {
    modelCalls: later(one.modelCalls, other.modelCalls),
    usage: largerUsage(one.usage, other.usage),
    costUsd: largerCost(one.costUsd, other.costUsd),
    ...(output === null ? {} : { output }),
    ...(one.all || other.all ? { all: joinAll(one.all, other.all) } : {}),
  };
}

function joinAll(one: ReportedTotals['all'], other: ReportedTotals['all']): NonNullable<ReportedTotals['all']> {
  return {
    usage: largerUsage(one?.usage ?? null, other?.usage ?? null),
    costUsd: largerCost(one?.costUsd ?? null, other?.costUsd ?? null),
  };
}

function largerUsage(one: TokenUsage | null, other: TokenUsage | null): TokenUsage | null {
  if (one === null || other === null) return one ?? other;
  return higher(one, other, (usage) => [usage.input + usage.output, usage.input]);
}

function largerCost(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other;
  return higher(one, other, (cost) => [Number(cost)]);
}
