import {
  type CallCost,
  NO_TOKENS,
  type SessionAnalysis,
  type SessionDocument,
  type SessionModelCall,
  type TokenUsage,
} from '@tracepost/contracts';
import { type Picodollars, type PriceBook, toPicodollars } from '@tracepost/pricing';
import type { KeptCall } from '@tracepost/stores';

/** What is summed of a session's calls: tokens as reported or estimated, and cost, each under the model that they belong to. */
export function keptCalls(document: SessionDocument, analysis: SessionAnalysis, priceBook: PriceBook): KeptCall[] {
  const estimates = new Map(analysis.estimates.map(({ callId, usage }) => [callId, usage]));
  const costs = new Map(analysis.costs.map((cost) => [cost.callId, cost]));
  return document.calls.flatMap((call) =>
    partsOf(call, { estimate: estimates.get(call.callId), cost: costs.get(call.callId), priceBook }),
  );
}

interface About {
  readonly estimate: TokenUsage | undefined;
  readonly cost: CallCost | undefined;
  readonly priceBook: PriceBook;
}

/** The call itself, then its attempts on other models. */
function partsOf(call: SessionModelCall, { estimate, cost, priceBook }: About): KeptCall[] {
  const { callId, provider, model, atMs, status } = call;
  let own = cost?.totalUsd == null ? null : toPicodollars(cost.totalUsd);
  const besides = call.besides.map((beside, at): KeptCall => {
    const part = own === null ? null : costOf(call, beside, priceBook);
    if (own !== null && part !== null) own -= part;
    return {
      ...{ callId, part: at + 1, provider, model: beside.model, atMs, status },
      usage: beside.usage,
      usageSource: 'reported',
      costPicodollars: part,
    };
  });
  // One beside a reported usage is of a call whose output was not counted to its end.
  const usage = estimate ?? call.usage ?? NO_TOKENS;
  const usageSource = estimate ? 'estimated' : 'reported';
  return [{ callId, part: 0, provider, model, atMs, status, usage, usageSource, costPicodollars: own }, ...besides];
}

function costOf(
  call: SessionModelCall,
  beside: SessionModelCall['besides'][number],
  priceBook: PriceBook,
): Picodollars {
  return toPicodollars(priceBook.price({ ...call, usage: NO_TOKENS, besides: [beside] }).totalUsd ?? 0);
}
