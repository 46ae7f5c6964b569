import { isDeepStrictEqual } from 'node:util';
import type { SessionAnalysis, SessionDocument, TokenUsage } from '@tracepost/contracts';
import type { KeptSession, PreviousCosts } from '@tracepost/stores';

/** So many times that prices changed are remembered. */
const MAX_REMEMBERED = 5;

/**
 * What is to be kept of earlier costs: those that were kept before, and in front of them what calls cost until now whose price became
 * another one. A call that costs something else because more is known of its tokens has no price that changed.
 */
export function replacedCosts(
  kept: Pick<KeptSession, 'document' | 'analysis' | 'previousCosts'>,
  next: { readonly document: SessionDocument; readonly analysis: SessionAnalysis; readonly nowMs: number },
): readonly PreviousCosts[] {
  const usages = usagesOf(kept.document, kept.analysis);
  const nextUsages = usagesOf(next.document, next.analysis);
  const nextCosts = new Map(next.analysis.costs.map((cost) => [cost.callId, cost]));
  const calls = kept.analysis.costs.filter((cost) => {
    const nextCost = nextCosts.get(cost.callId);
    if (!nextCost || (cost.status === nextCost.status && cost.totalUsd === nextCost.totalUsd)) return false;
    return isDeepStrictEqual(usages.get(cost.callId), nextUsages.get(cost.callId));
  });
  if (calls.length === 0) return kept.previousCosts;
  const { costUsd, unpricedCalls } = kept.analysis.totals;
  const replaced = { replacedAtMs: next.nowMs, costUsd, unpricedCalls, calls };
  return [replaced, ...kept.previousCosts].slice(0, MAX_REMEMBERED);
}

function usagesOf(
  { calls }: SessionDocument,
  { estimates }: SessionAnalysis,
): Map<string, readonly (TokenUsage | null)[]> {
  const estimated = new Map(estimates.map(({ callId, usage }) => [callId, usage]));
  return new Map(
    calls.map(({ callId, usage, besides }) => [
      callId,
      [estimated.get(callId) ?? usage ?? null, ...besides.map((beside) => beside.usage)],
    ]),
  );
}
