import { NO_TOKENS, type TokenUsage } from '@tracepost/contracts';
import { toUsd } from '@tracepost/pricing';
import { knownCost } from '../known-cost.ts';
import type { Accumulator } from './accumulator.ts';
import type { CallSums } from './call-sums.ts';
import { compare } from './newest-evidence.ts';

/** Groups of one kind; what is beyond goes into one group that says so. */
const MOST_GROUPS = 10_000;

export interface CostFigures {
  readonly calls: number;
  readonly failedCalls: number;
  readonly estimatedCalls: number;
  /** Their cost is not in `costUsd`. */
  readonly unpricedCalls: number;
  readonly usage: TokenUsage;
  /** Exact; null: no call has a price. */
  readonly costUsd: number | null;
  /** Of the input; null without input. */
  readonly cacheReadShare: number | null;
}

export interface MergedCosts {
  readonly total: CostFigures;
  /** Dearest first. Each is empty when the sums that were added were not grouped by it. */
  readonly byModel: readonly (CostFigures & { readonly provider: string | null; readonly model: string | null })[];
  readonly byAgent: readonly (CostFigures & { readonly agentId: string })[];
  /** Oldest first. */
  readonly byTime: readonly (CostFigures & { readonly startMs: number })[];
  /** Sums that found no place in a list; they are in the total. */
  readonly leftOut: number;
}

/** What calls of models took and cost, from sums in which each call counts once. Exact: whole picodollars and whole tokens. */
export function mergeCosts(): Accumulator<CallSums, MergedCosts> {
  const total = new CostSum();
  const models = new Map<
    string,
    { readonly provider: string | null; readonly model: string | null; readonly sum: CostSum }
  >();
  const agents = new Map<string, CostSum>();
  const times = new Map<number, CostSum>();
  let leftOut = 0;
  const into = <Key>(groups: Map<Key, CostSum>, key: Key | undefined, sums: CallSums): void => {
    if (key === undefined) return;
    const known = groups.get(key) ?? (groups.size < MOST_GROUPS ? new CostSum() : null);
    if (!known) leftOut++;
    else groups.set(key, known.add(sums));
  };
  return {
    add: (sums) => {
      total.add(sums);
      into(agents, sums.agentId, sums);
      into(times, sums.startMs, sums);
      if (sums.provider === undefined && sums.model === undefined) return;
      const { provider = null, model = null } = sums;
      const key = JSON.stringify([provider, model]);
      const group = models.get(key) ?? { provider, model, sum: new CostSum() };
      if (models.size >= MOST_GROUPS && !models.has(key)) leftOut++;
      else models.set(key, group);
      group.sum.add(sums);
    },
    result: () => ({
      total: total.toFigures(),
      byModel: [...models.values()]
        .sort((a, b) => a.sum.compareTo(b.sum) || compare(`${a.provider} ${a.model}`, `${b.provider} ${b.model}`))
        .map(({ provider, model, sum }) => ({ provider, model, ...sum.toFigures() })),
      byAgent: [...agents]
        .sort(([a, one], [b, other]) => one.compareTo(other) || compare(a, b))
        .map(([agentId, sum]) => ({ agentId, ...sum.toFigures() })),
      byTime: [...times].sort(([a], [b]) => a - b).map(([startMs, sum]) => ({ startMs, ...sum.toFigures() })),
      leftOut,
    }),
  };
}

const KINDS = Object.keys(NO_TOKENS) as readonly (keyof TokenUsage)[];

class CostSum {
  #calls = 0;
  #failed = 0;
  #estimated = 0;
  #unpriced = 0;
  #picodollars = 0n;
  readonly #tokens = new Map<keyof TokenUsage, bigint>();

  add(sums: CallSums): this {
    this.#calls += sums.calls;
    this.#failed += sums.failedCalls;
    this.#estimated += sums.estimatedCalls;
    this.#unpriced += sums.unpricedCalls;
    this.#picodollars += sums.costPicodollars;
    for (const kind of KINDS) this.#tokens.set(kind, (this.#tokens.get(kind) ?? 0n) + sums.usage[kind]);
    return this;
  }

  /** Below zero: this one is dearer. */
  compareTo(other: CostSum): number {
    if (this.#picodollars === other.#picodollars) return other.#calls - this.#calls;
    return this.#picodollars > other.#picodollars ? -1 : 1;
  }

  toFigures(): CostFigures {
    const usage = {
      ...NO_TOKENS,
      ...Object.fromEntries(Array.from(this.#tokens, ([kind, tokens]) => [kind, Number(tokens)])),
    };
    return {
      calls: this.#calls,
      failedCalls: this.#failed,
      estimatedCalls: this.#estimated,
      unpricedCalls: this.#unpriced,
      usage,
      costUsd:
        this.#calls === 0 && this.#picodollars === 0n ? null : knownCost(toUsd(this.#picodollars), this.#unpriced),
      cacheReadShare: usage.input > 0 ? usage.cacheRead / usage.input : null,
    };
  }
}
