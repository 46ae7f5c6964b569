import type {
  CallCost,
  SessionDocument,
  SessionModelCall,
  SessionTotals,
  TokenUsage,
  ToolCategory,
} from '@tracepost/contracts';
import { sumUsd, toPicodollars, toUsd } from '@tracepost/pricing';
import { knownCost } from '../known-cost.ts';
import { endedWell } from './ended-well.ts';
import { lastRead } from './last-read.ts';
import type { ConversationLine } from './lines.ts';
import { findRetries, type Retry } from './retries.ts';
import { TokenSums } from './token-sums.ts';

export interface TotalsInput {
  readonly document: SessionDocument;
  readonly lines: readonly ConversationLine[];
  /** Those of the lines, where somebody has looked for them already. */
  readonly retries?: readonly Retry[];
  /** By call id, for calls without usage of their own. */
  readonly estimates: ReadonlyMap<string, TokenUsage>;
  readonly costs: readonly CallCost[];
  /** Tokens that the model of a call can read; null: not known. */
  readonly contextWindowOf: (call: SessionModelCall) => number | null;
  readonly categoryOf: (tool: string) => ToolCategory;
}

/** The figures of a session as a whole, its subagents included, everything counted once. */
export function totalsOf({
  document,
  lines,
  retries = findRetries(lines),
  estimates,
  costs,
  contextWindowOf,
  categoryOf,
}: TotalsInput): SessionTotals {
  const { messages, calls, tools, reportedTotals } = document;
  const usage = usageOf(document, estimates);
  const modelCalls = Math.max(calls.length, reportedTotals?.modelCalls ?? 0);
  const failedModelCalls = countOf(calls, ({ status }) => status === 'failed');
  const failedToolCalls = countOf(tools, ({ status }) => status === 'failed');
  const attempts = modelCalls + tools.length;
  const errorRate = attempts === 0 ? 0 : (failedModelCalls + failedToolCalls) / attempts;
  const { startedAtMs, endedAtMs } = spanOf(document);
  const unpricedCalls = countOf(costs, ({ status }) => status === 'unpriced');
  const standardPriceCalls = countOf(costs, ({ price }) => price?.unknownTier !== undefined);
  return {
    messages: messages.length,
    modelCalls,
    failedModelCalls,
    toolCalls: tools.length,
    failedToolCalls,
    refusedToolCalls: countOf(tools, ({ status }) => status === 'refused'),
    retries: retries.length,
    errorRate,
    successRate: 1 - errorRate,
    usageSource: sourceOf(document, estimates),
    usage,
    costUsd: knownCost(sumOrNull(costs.map(({ totalUsd }) => totalUsd)), unpricedCalls),
    unpricedCalls,
    ...(standardPriceCalls > 0 ? { standardPriceCalls } : {}),
    reportedCostUsd: sumOrNull([...costs.map(({ reportedUsd }) => reportedUsd), usdOf(reportedTotals?.costUsd)]),
    startedAtMs,
    endedAtMs,
    durationSeconds: startedAtMs === null || endedAtMs === null ? null : (endedAtMs - startedAtMs) / 1_000,
    endedWell: endedWell(lines, categoryOf),
    tokenEfficiency: usage.input > 0 ? usage.output / usage.input : null,
    cacheReadShare: usage.input > 0 ? usage.cacheRead / usage.input : null,
    contextUse: contextUse(lines, estimates, contextWindowOf),
  };
}

function usageOf({ calls, reportedTotals }: SessionDocument, estimates: ReadonlyMap<string, TokenUsage>): TokenUsage {
  const sums = new TokenSums();
  for (const { usage, besides } of calls) {
    if (usage) sums.add(usage);
    for (const beside of besides) sums.add(beside.usage);
  }
  if (reportedTotals?.usage) sums.add(reportedTotals.usage);
  else for (const usage of estimates.values()) sums.add(usage);
  return sums.toUsage();
}

function sourceOf(
  { calls, reportedTotals }: SessionDocument,
  estimates: ReadonlyMap<string, TokenUsage>,
): SessionTotals['usageSource'] {
  if (reportedTotals?.usage) return 'reported';
  const isReported = calls.some(({ usage, besides }) => usage !== null || besides.length > 0);
  // What they read is reported, what they gave is not.
  if (calls.some(({ isPartial }) => isPartial)) return 'mixed';
  if (estimates.size === 0) return isReported ? 'reported' : 'none';
  return isReported ? 'mixed' : 'estimated';
}

/** Exact; null when there is none to add. */
function sumOrNull(amounts: readonly (number | null)[]): number | null {
  const known = amounts.filter((amount) => amount !== null);
  return known.length === 0 ? null : sumUsd(known);
}

function usdOf(text: string | null | undefined): number | null {
  return text == null ? null : toUsd(toPicodollars(text));
}

/** From the first to the last time that any entry names. */
function spanOf({ messages, calls, tools }: SessionDocument): { startedAtMs: number | null; endedAtMs: number | null } {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const see = (atMs: number | null): void => {
    if (atMs === null) return;
    if (atMs < first) first = atMs;
    if (atMs > last) last = atMs;
  };
  for (const { atMs } of messages) see(atMs);
  for (const { atMs, askedAtMs } of calls) {
    see(atMs);
    see(askedAtMs);
  }
  for (const { atMs, startedAtMs, endedAtMs } of tools) {
    see(atMs);
    see(startedAtMs);
    see(endedAtMs);
  }
  return first > last ? { startedAtMs: null, endedAtMs: null } : { startedAtMs: first, endedAtMs: last };
}

/** How full the model's window was when the main agent asked for the last time. */
function contextUse(
  lines: readonly ConversationLine[],
  estimates: ReadonlyMap<string, TokenUsage>,
  contextWindowOf: TotalsInput['contextWindowOf'],
): number | null {
  const last = lastRead(lines, estimates);
  const window = last ? contextWindowOf(last.call) : null;
  return last && window ? last.input / window : null;
}

function countOf<Entry>(entries: readonly Entry[], holds: (entry: Entry) => boolean): number {
  let count = 0;
  for (const entry of entries) if (holds(entry)) count++;
  return count;
}
