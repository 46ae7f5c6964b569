import type { ReportedTotals, SessionModelCall } from '@tracepost/contracts';

export interface OwnCalls {
  readonly all: readonly SessionModelCall[];
  /** Those of them that count here. */
  readonly own: readonly SessionModelCall[];
  /** What a call took, in and out, as reported or estimated. */
  readonly tokensOf: (call: SessionModelCall) => number;
}

/**
 * What a transcript reports of all calls together, as far as it is of those that count here: money in proportion to tokens, and calls that
 * the transcript does not hold in proportion to those that it does. Tokens are left to the estimates of single calls, which share the
 * reported sum out already. Null: no call counts here.
 */
export function ownReportedTotals(
  totals: ReportedTotals | null,
  { all, own, tokensOf }: OwnCalls,
): ReportedTotals | null {
  if (totals === null || own.length === all.length) return totals;
  if (own.length === 0) return null;
  const { modelCalls, costUsd } = totals;
  return {
    modelCalls: modelCalls === null ? null : Math.round((modelCalls * own.length) / all.length),
    usage: null,
    costUsd:
      costUsd === null ? null : (Number(costUsd) * shareOfCost({ all, own, tokensOf })).toFixed(PICODOLLAR_DIGITS),
  };
}

const PICODOLLAR_DIGITS = 12;

/** Of the calls without a cost of their own, which alone the reported sum is of. Each the same where nobody knows what they took. */
function shareOfCost({ all, own, tokensOf }: OwnCalls): number {
  const [sum, ownSum] = [all, own].map((calls) => {
    const unpriced = calls.filter(({ reportedCostUsd }) => reportedCostUsd === null);
    return { count: unpriced.length, tokens: unpriced.reduce((tokens, call) => tokens + tokensOf(call), 0) };
  });
  if (!sum || !ownSum) return 0;
  if (sum.tokens > 0) return ownSum.tokens / sum.tokens;
  return sum.count > 0 ? ownSum.count / sum.count : own.length / all.length;
}
