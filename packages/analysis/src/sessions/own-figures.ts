import type { CallCost, Evidence, SessionAnalysis, SessionDocument, SessionModelCall } from '@tracepost/contracts';
import { findPatterns, recommend } from '../findings/index.ts';
import { stepsOf } from '../findings/steps.ts';
import { linesOf } from './lines.ts';
import { ownReportedTotals } from './own-reported-totals.ts';
import { partialOutputs, withUsages } from './partial-outputs.ts';
import { repeatedCalls } from './repeated-calls.ts';
import { findRetries } from './retries.ts';
import { timesOf } from './times.ts';
import { type OwnToolCategories, toolCategories } from './tool-categories.ts';
import { toolSequences } from './tool-sequences.ts';
import { toolUses } from './tool-uses.ts';
import { totalsOf } from './totals.ts';

export type OwnFigures = Pick<
  SessionAnalysis,
  | 'totals'
  | 'tools'
  | 'sequences'
  | 'sequencesLeftOut'
  | 'repeated'
  | 'patterns'
  | 'times'
  | 'anomalies'
  | 'recommendations'
>;

export interface AnalysedSession {
  readonly document: SessionDocument;
  readonly analysis: SessionAnalysis;
}

/**
 * What of a fork or a copy is its own, so that over many sessions each call counts once: its figures without the model calls of these ids,
 * the tools that they called, and what stands before the last of them. Anomalies are those of the whole session that have an own call to
 * show; when it began and ended, how it ended and how full its context was is said of the whole session.
 */
export function ownFigures(
  { document: given, analysis }: AnalysedSession,
  countedElsewhere: ReadonlySet<string>,
  options: { readonly toolCategories?: OwnToolCategories } = {},
): OwnFigures {
  const document = withUsages(given, partialOutputs(given));
  const estimatedOf = new Map(analysis.estimates.map(({ callId, usage }) => [callId, usage]));
  const own = withoutCalls(document, countedElsewhere, ({ callId, usage }) => {
    const known = usage ?? estimatedOf.get(callId);
    return known ? known.input + known.output : 0;
  });
  const categoryOf = toolCategories(options.toolCategories);
  const lines = linesOf(own);
  const retries = findRetries(lines);
  const { sequences, leftOut } = toolSequences(lines);
  const isOwn = ({ callId }: { readonly callId: string }): boolean => !countedElsewhere.has(callId);
  const [costs, estimates] = [analysis.costs.filter(isOwn), analysis.estimates.filter(isOwn)];
  const figures = {
    totals: {
      ...totalsOf({
        ...{ document: own, lines, retries, costs, categoryOf },
        estimates: new Map(
          own.calls.flatMap(({ callId, usage }) => {
            const estimate = usage === null ? estimatedOf.get(callId) : undefined;
            return estimate ? [[callId, estimate]] : [];
          }),
        ),
        contextWindowOf: () => null,
      }),
      ...ofTheWhole(analysis, own.calls.length > 0),
    },
    tools: toolUses(own, categoryOf),
    sequences,
    sequencesLeftOut: leftOut,
    repeated: repeatedCalls({ sessionId: own.sessionId, lines, categoryOf }),
    patterns: findPatterns(own, categoryOf, { steps: stepsOf(own), retries }),
    times: timesOf(own),
    anomalies: withEvidence(analysis.anomalies, own),
  };
  const priceOf = pricesOf(document, analysis);
  const recommendations = recommend({
    document: own,
    analysis: { ...analysis, ...figures, costs, estimates },
    retries,
    priceOf,
  });
  return { ...figures, recommendations };
}

function ofTheWhole(
  { totals }: SessionAnalysis,
  hasCalls: boolean,
): Pick<SessionAnalysis['totals'], 'startedAtMs' | 'endedAtMs' | 'durationSeconds' | 'endedWell' | 'contextUse'> {
  const { startedAtMs, endedAtMs, durationSeconds, endedWell, contextUse } = totals;
  return { startedAtMs, endedAtMs, durationSeconds, endedWell, contextUse: hasCalls ? contextUse : null };
}

function withEvidence<Found extends { readonly evidence: readonly Evidence[] }>(
  all: readonly Found[],
  { messages, calls, tools }: SessionDocument,
): readonly Found[] {
  if (all.length === 0) return all;
  const ids = {
    message: new Set(messages.map(({ messageId }) => messageId)),
    call: new Set(calls.map(({ callId }) => callId)),
    tool: new Set(tools.map(({ toolCallId }) => toolCallId)),
  };
  return all.flatMap((found) => {
    const evidence = found.evidence.filter(({ kind, id }) => ids[kind].has(id));
    return evidence.length === 0 ? [] : [{ ...found, evidence }];
  });
}

/**
 * What calls cost, and would have cost otherwise, without a price book: as the recommendations for the whole session reckoned it, in
 * proportion. Nothing is said of a model that they say nothing of.
 */
function pricesOf(document: SessionDocument, analysis: SessionAnalysis): (call: SessionModelCall) => CallCost {
  const calls = new Map(document.calls.map((call) => [call.callId, call]));
  const costs = new Map(analysis.costs.map((cost) => [cost.callId, cost]));
  const given = new Map(analysis.recommendations.map((one) => [`${one.kind} ${one.subject ?? ''}`, one]));
  const totalOf = (call: SessionModelCall, paid: number): number | null => {
    const before = calls.get(call.callId);
    if (before?.model !== call.model) {
      const { paidUsd, cheaperUsd } = given.get(`expensive_model ${before?.model ?? ''}`)?.figures ?? {};
      return typeof paidUsd === 'number' && typeof cheaperUsd === 'number' && paidUsd > 0
        ? (paid * cheaperUsd) / paidUsd
        : null;
    }
    const isAsItWas = call.usage?.cacheRead === before?.usage?.cacheRead;
    if (isAsItWas) return paid;
    const unread = given.get(`cache_never_read ${call.model ?? ''}`);
    if (!unread) return paid;
    const { tokensSentAgain } = unread.figures;
    if (unread.saves.usd === null || typeof tokensSentAgain !== 'number' || tokensSentAgain === 0) return null;
    return paid - (unread.saves.usd / tokensSentAgain) * (call.usage?.cacheRead ?? 0);
  };
  return (call) => {
    const cost = costs.get(call.callId) ?? unpriced(call.callId);
    return cost.totalUsd === null ? cost : { ...cost, totalUsd: totalOf(call, cost.totalUsd) };
  };
}

function unpriced(callId: string): CallCost {
  return { callId, status: 'unpriced', totalUsd: null, parts: [], price: null, reportedUsd: null, reason: null };
}

/** What is copied is a beginning: what is of no call belongs to it where it stands before the last call that is. */
function withoutCalls(
  document: SessionDocument,
  callIds: ReadonlySet<string>,
  tokensOf: (call: SessionModelCall) => number,
): SessionDocument {
  if (callIds.size === 0) return document;
  const isElsewhere = ({ callId }: Called): boolean => callId !== null && callIds.has(callId);
  const tools = own(document.tools, isElsewhere);
  const left = new Set(tools.map(({ toolCallId }) => toolCallId));
  const gone = new Set(document.tools.map(({ toolCallId }) => toolCallId).filter((id) => !left.has(id)));
  const calls = document.calls.filter((call) => !isElsewhere(call));
  const messages = own(
    document.messages,
    (message) => isElsewhere(message) || (message.toolCallId !== null && gone.has(message.toolCallId)),
  );
  const reportedTotals = ownReportedTotals(document.reportedTotals ?? null, {
    all: document.calls,
    own: calls,
    tokensOf,
  });
  return { ...document, calls, tools, messages, reportedTotals };
}

interface Called {
  readonly callId: string | null;
}

function own<Entry extends Called>(entries: readonly Entry[], isElsewhere: (entry: Entry) => boolean): Entry[] {
  const last = entries.findLastIndex(isElsewhere);
  return entries.filter((entry, at) => !isElsewhere(entry) && (entry.callId !== null || at > last));
}
