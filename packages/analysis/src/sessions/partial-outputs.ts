import type { SessionDocument, SessionModelCall, TokenUsage } from '@tracepost/contracts';

/**
 * Usage of the calls whose output was counted while they were still answering, by call id: what they read as reported, what they gave as the
 * house estimates it, or their share of what the transcript says of all calls together. Never less than what was counted.
 */
export function partialOutputs({
  calls,
  messages,
  reportedTotals,
}: Pick<SessionDocument, 'calls' | 'messages' | 'reportedTotals'>): Map<string, TokenUsage> {
  const partial = calls.filter((call): call is Partial => call.isPartial === true && call.usage !== null);
  if (partial.length === 0) return new Map();
  const said = new Map(partial.map(({ callId }) => [callId, 0]));
  for (const { callId, estimatedTokens } of messages) {
    const before = callId === null ? undefined : said.get(callId);
    if (callId !== null && before !== undefined) said.set(callId, before + estimatedTokens);
  }
  const estimates = partial.map(({ callId, usage }) => Math.max(usage.output, Math.round(said.get(callId) ?? 0)));
  const outputs =
    reportedTotals?.output == null ? estimates : shares(leftOf(calls, reportedTotals.output), estimates, partial);
  return new Map(partial.map(({ callId, usage }, at) => [callId, { ...usage, output: outputs[at] ?? usage.output }]));
}

type Partial = SessionModelCall & { readonly usage: TokenUsage };

/** The document as if these had been reported. */
export function withUsages(document: SessionDocument, usages: ReadonlyMap<string, TokenUsage>): SessionDocument {
  if (usages.size === 0) return document;
  return {
    ...document,
    calls: document.calls.map((call) => ({ ...call, usage: usages.get(call.callId) ?? call.usage })),
  };
}

/** Of a count of all calls what is left for those whose own is not whole. */
function leftOf(calls: readonly SessionModelCall[], total: number): number {
  const known = calls.reduce((sum, { isPartial, usage }) => sum + (isPartial ? 0 : (usage?.output ?? 0)), 0);
  return Math.max(0, total - known);
}

/** Whole tokens whose sum is exact; each call has first what was counted of it. */
function shares(total: number, estimates: readonly number[], partial: readonly Partial[]): number[] {
  const counted = partial.map(({ usage }) => usage.output);
  const sure = counted.reduce((sum, count) => sum + count, 0);
  if (total <= sure) return counted;
  const weights = estimates.map((estimate, at) => estimate - (counted[at] ?? 0));
  const weight = weights.reduce((sum, one) => sum + one, 0);
  let upTo = 0;
  let given = 0;
  return counted.map((count, at) => {
    upTo += weight > 0 ? (weights[at] ?? 0) / weight : 1 / counted.length;
    const share = Math.round((total - sure) * Math.min(1, upTo)) - given;
    given += share;
    return count + share;
  });
}
