import {
  type CallCost,
  NO_TOKENS,
  type SessionAnalysis,
  type SessionDocument,
  type SessionModelCall,
  type TokenUsage,
} from '@tracepost/contracts';
import type { PriceBook } from '@tracepost/pricing';
import { findAnomalies, findPatterns, recommend } from '../findings/index.ts';
import { stepsOf } from '../findings/steps.ts';
import { scoreComplexity } from './complexity.ts';
import { estimateUsage } from './estimate-usage.ts';
import { linesOf } from './lines.ts';
import { modelUses } from './model-uses.ts';
import { partialOutputs, withUsages } from './partial-outputs.ts';
import { repeatedCalls } from './repeated-calls.ts';
import { findRetries } from './retries.ts';
import { timesOf } from './times.ts';
import { type OwnToolCategories, toolCategories } from './tool-categories.ts';
import { toolSequences } from './tool-sequences.ts';
import { toolUses } from './tool-uses.ts';
import { totalsOf } from './totals.ts';

export interface AnalysisOptions {
  /** `createPriceBook` of pricing makes one; without `contextWindow` only windows count that the transcript tells; a `version` is told. */
  readonly priceBook: Pick<PriceBook, 'price'> & Partial<Pick<PriceBook, 'contextWindow' | 'version'>>;
  /** Names of tools (`*` at the end or the beginning stands for anything) and what they do; they go before the table of the house. */
  readonly toolCategories?: OwnToolCategories;
}

/**
 * Everything that can be said of one session. The same document gives the same analysis; nothing is read, written or asked elsewhere, and
 * the time it takes grows no faster than the number of entries.
 */
export function analyseSession(given: SessionDocument, options: AnalysisOptions): SessionAnalysis {
  const completed = partialOutputs(given);
  const document = withUsages(given, completed);
  const { priceBook } = options;
  const { sessionId, format, agentId, calls } = document;
  const categoryOf = toolCategories(options.toolCategories);
  const lines = linesOf(document);
  const steps = stepsOf(document);
  const retries = findRetries(lines);
  const contextWindowOf = (call: SessionModelCall): number | null =>
    call.contextWindow ?? priceBook.contextWindow?.(call) ?? null;
  const total = document.reportedTotals?.usage ?? null;
  const estimates = estimateUsage(lines, { format, total, contextWindowOf, compactions: document.compactions ?? [] });
  const priceOf = (call: SessionModelCall): CallCost => priceBook.price(withUsage(call, estimates));
  const costs = calls.map(priceOf);
  const totals = totalsOf({ document, lines, retries, estimates, costs, contextWindowOf, categoryOf });
  const tools = toolUses(document, categoryOf);
  const { sequences, leftOut } = toolSequences(lines);
  const { messages, errorRate, durationSeconds } = totals;
  const analysis = {
    sessionId,
    format,
    agentId,
    totals,
    models: modelUses({ document, estimates, costs, priceOf }),
    estimates: Array.from([...completed, ...estimates], ([callId, usage]) => ({ callId, usage })),
    costs,
    tools,
    sequences,
    sequencesLeftOut: leftOut,
    repeated: repeatedCalls({ sessionId, lines, categoryOf }),
    patterns: findPatterns(document, categoryOf, { steps, retries }),
    complexity: scoreComplexity({ messages, uniqueTools: tools.length, errorRate, durationSeconds }),
    times: timesOf(document),
    anomalies: findAnomalies(document, { steps, estimates }),
  };
  return {
    ...analysis,
    recommendations: recommend({ document, analysis, retries, priceOf }),
    ...(priceBook.version === undefined ? {} : { prices: priceBook.version }),
  };
}

/** A call that failed before anybody counted took nothing: that is known, and not the same as unpriced. */
function withUsage(call: SessionModelCall, estimates: ReadonlyMap<string, TokenUsage>): SessionModelCall {
  if (call.usage !== null) return call;
  const usage = estimates.get(call.callId) ?? (call.status === 'failed' ? NO_TOKENS : null);
  return usage ? { ...call, usage } : call;
}
