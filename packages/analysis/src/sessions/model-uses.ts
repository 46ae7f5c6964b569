import {
  type CallCost,
  type ModelUse,
  NO_TOKENS,
  type SessionDocument,
  type SessionModelCall,
  type TokenUsage,
} from '@tracepost/contracts';
import { type Picodollars, toPicodollars, toUsd } from '@tracepost/pricing';
import { knownCost } from '../known-cost.ts';
import { TokenSums } from './token-sums.ts';

export interface ModelUsesInput {
  readonly document: Pick<SessionDocument, 'calls' | 'reportedTotals'>;
  /** By call id, for calls without usage of their own. */
  readonly estimates: ReadonlyMap<string, TokenUsage>;
  /** In the order of the calls. */
  readonly costs: readonly CallCost[];
  readonly priceOf: (call: SessionModelCall) => CallCost;
}

/**
 * What each model took, the one with the most calls first. An attempt on another model inside a call counts for that model, its tokens and
 * its money, and is no call of its own.
 */
export function modelUses({ document, estimates, costs, priceOf }: ModelUsesInput): ModelUse[] {
  const { calls, reportedTotals } = document;
  const sums = new Map<string, ModelSums>();
  const sumOf = (provider: string | null, model: string | null): ModelSums => {
    const key = JSON.stringify([provider, model]);
    const known = sums.get(key);
    if (known) return known;
    const sum = new ModelSums(provider, model);
    sums.set(key, sum);
    return sum;
  };
  for (const [at, call] of calls.entries()) {
    const { totalUsd, status } = costs[at] as CallCost;
    const sum = sumOf(call.provider, call.model);
    sum.addCall(call, estimates.get(call.callId));
    if (status === 'unpriced') sum.addUnpriced();
    let own = totalUsd === null ? null : toPicodollars(totalUsd);
    for (const beside of call.besides) {
      const other = sumOf(call.provider, beside.model);
      other.addUsage(beside.usage);
      if (own === null) continue;
      const part = toPicodollars(priceOf({ ...call, usage: NO_TOKENS, besides: [beside] }).totalUsd ?? 0);
      other.addCost(part);
      own -= part;
    }
    if (own !== null) sum.addCost(own);
  }
  const all = [...sums.values()];
  // Reported for all calls together it is reported for the one model that they asked.
  const isReportedTogether = Boolean(reportedTotals?.usage) && all.filter((sum) => sum.isEstimated).length === 1;
  return all.map((sum) => sum.toUse(isReportedTogether)).sort((one, other) => other.calls - one.calls);
}

class ModelSums {
  readonly #provider: string | null;
  readonly #model: string | null;
  readonly #usage = new TokenSums();
  #calls = 0;
  #estimated = 0;
  #reported = 0;
  #unpriced = 0;
  #cost: Picodollars | null = null;

  constructor(provider: string | null, model: string | null) {
    this.#provider = provider;
    this.#model = model;
  }

  addCall({ usage, isPartial }: SessionModelCall, estimate: TokenUsage | undefined): void {
    this.#calls++;
    if (usage) this.addUsage(usage);
    if (isPartial) this.#estimated++;
    if (!estimate) return;
    this.#usage.add(estimate);
    this.#estimated++;
  }

  /** As it was reported. */
  addUsage(usage: TokenUsage): void {
    this.#usage.add(usage);
    this.#reported++;
  }

  addUnpriced(): void {
    this.#unpriced++;
  }

  addCost(amount: Picodollars): void {
    this.#cost = (this.#cost ?? 0n) + amount;
  }

  get isEstimated(): boolean {
    return this.#estimated > 0;
  }

  toUse(isReportedTogether: boolean): ModelUse {
    const estimated = isReportedTogether ? 0 : this.#estimated;
    return {
      provider: this.#provider,
      model: this.#model,
      calls: this.#calls,
      usage: this.#usage.toUsage(),
      usageSource: estimated === 0 ? 'reported' : this.#reported === 0 ? 'estimated' : 'mixed',
      costUsd: knownCost(this.#cost === null ? null : toUsd(this.#cost), this.#unpriced),
      unpricedCalls: this.#unpriced,
    };
  }
}
