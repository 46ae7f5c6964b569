import { setImmediate as breathe } from 'node:timers/promises';
import {
  type Accumulator,
  type CallSums,
  forecast,
  liveNumbers,
  mergeAnomalies,
  mergeCosts,
  mergePatterns,
  mergeRecommendations,
  mergeSequences,
  mergeTimes,
  mergeTools,
  trends,
} from '@tracepost/analysis';
import type { AnalysisQuestion, SessionAnalysis } from '@tracepost/contracts';
import type { CallGrouping, CallQuery } from '@tracepost/stores';
import type { Forks } from './forks.ts';
import { ofModel } from './of-model.ts';
import { readIfWhole } from './read-if-whole.ts';
import type { SessionReads } from './session-reader.ts';
import type { AskedSessions, SessionFilters } from './window-asked.ts';

const TENANT = 'default';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A window longer than this is told by days: fewer groups, and more to see. */
const BY_HOUR_UNTIL_MS = 7 * DAY_MS;
const LIVE_MS = 5 * 60_000;
/** Whoever is active now is among these, unless a great many are. */
const MOST_LIVE = 500;

export interface Counted {
  readonly sessions: number;
  readonly isCut: boolean;
  /** Left out because they are damaged where they are kept. */
  readonly unreadable: number;
  /** Some of them. */
  readonly unreadableSessions: string[];
  /** Forks and copies of which nothing is in the answer, since it would have taken too long to read them all. */
  readonly forksLeftOut: number;
}

interface Asked {
  readonly question: AnalysisQuestion;
  readonly asked: AskedSessions;
  readonly forks: Forks;
}

/** One question about many sessions, answered page by page: memory does not grow with their number, and others get their turn between pages. */
export async function answerAnalysis(
  store: SessionReads,
  { question, asked, forks }: Asked,
): Promise<Counted & { readonly answer: object }> {
  const { fromMs, toMs, filters } = asked;
  const calls = { tenantId: TENANT, fromMs, toMs, ...filters };
  const time: CallGrouping = toMs - fromMs <= BY_HOUR_UNTIL_MS ? 'hour' : 'day';
  if (question === 'costs') return answerCosts(store, calls, time);
  if (question === 'forecast') {
    const found = forecast({ fromMs, nowMs: toMs, step: time });
    for (const sums of await store.sumCalls(calls, [time])) found.addCalls(sums);
    return answerWith(store, found, { ...asked, forks });
  }
  return answerWith(store, ACCUMULATORS[question](), { ...asked, forks });
}

const ACCUMULATORS: Readonly<
  Record<Exclude<AnalysisQuestion, 'costs' | 'forecast'>, () => Accumulator<SessionAnalysis, object>>
> = {
  tools: mergeTools,
  sequences: mergeSequences,
  patterns: mergePatterns,
  anomalies: mergeAnomalies,
  recommendations: mergeRecommendations,
  times: mergeTimes,
};

async function answerWith(
  store: SessionReads,
  accumulator: Accumulator<SessionAnalysis, object>,
  asked: Reading,
): Promise<Counted & { readonly answer: object }> {
  const counted = await readAll(store, [accumulator], asked);
  return { ...counted, answer: accumulator.result() };
}

type Reading = Pick<AskedSessions, 'fromMs' | 'toMs' | 'filters'> & { readonly forks: Forks };

/** Sessions that are named in an answer because they are damaged. */
const MOST_NAMED = 20;

async function readAll(
  store: SessionReads,
  accumulators: readonly Accumulator<SessionAnalysis, unknown>[],
  { fromMs, toMs, filters, forks }: Reading,
): Promise<Counted> {
  let sessions = 0;
  let isCut = false;
  let forksLeftOut = 0;
  const unreadable = new Set<string>();
  const countedOnce = forks.reading(store);
  for await (const page of store.analyses({ tenantId: TENANT, fromMs, toMs, ...filters })) {
    for (const item of page.items) {
      const analysis = await countedOnce(item);
      if (analysis === null) forksLeftOut++;
      else for (const accumulator of accumulators) accumulator.add(analysis);
    }
    sessions += page.items.length;
    isCut = page.isCut;
    for (const id of page.unreadable) unreadable.add(id);
    await breathe();
  }
  return { sessions, isCut, ...named(unreadable), forksLeftOut };
}

function named(unreadable: ReadonlySet<string>): Pick<Counted, 'unreadable' | 'unreadableSessions'> {
  return { unreadable: unreadable.size, unreadableSessions: [...unreadable].slice(0, MOST_NAMED) };
}

async function callsElsewhere(store: SessionReads, sessionId: string): Promise<ReadonlySet<string>> {
  return new Set((await store.countedElsewhere(TENANT, sessionId)).map(({ callId }) => callId));
}

async function answerCosts(
  store: SessionReads,
  query: CallQuery,
  time: CallGrouping,
): Promise<Counted & { readonly answer: object }> {
  // Grouped one way at a time: all ways at once would be as many groups as models times agents times hours.
  const [byModel, byAgent, byTime] = await Promise.all([
    store.sumCalls(query, ['provider', 'model']),
    store.sumCalls(query, ['agent']),
    store.sumCalls(query, [time]),
  ]);
  const costsOf = (sums: readonly CallSums[]) => {
    const costs = mergeCosts();
    for (const each of sums) costs.add(each);
    return costs.result();
  };
  const models = costsOf(byModel);
  const sessions = byAgent.reduce((sum, each) => sum + each.sessions, 0);
  const answer = {
    total: models.total,
    byModel: models.byModel,
    byAgent: costsOf(byAgent).byAgent,
    step: time,
    byTime: costsOf(byTime).byTime,
    leftOut: models.leftOut,
  };
  return { sessions, isCut: false, ...named(new Set()), forksLeftOut: 0, answer };
}

/** The live numbers, how things go, and what was found within the last day. */
export async function answerLive(
  store: SessionReads,
  { nowMs, filters, forks }: { readonly nowMs: number; readonly filters: SessionFilters; readonly forks: Forks },
): Promise<Counted & { readonly answer: object }> {
  const live = liveNumbers(nowMs);
  const page = await store.list({ tenantId: TENANT, fromMs: nowMs - LIVE_MS, limit: MOST_LIVE, ...filters });
  const unreadable = new Set(page.unreadable);
  for (const { sessionId } of page.items) {
    const kept = await readIfWhole(store, { tenantId: TENANT, sessionId });
    if (kept === 'damaged') {
      unreadable.add(sessionId);
      continue;
    }
    const countedElsewhere = await callsElsewhere(store, sessionId);
    if (kept) live.add({ ...ofModel(kept.document, filters), estimates: kept.analysis.estimates, countedElsewhere });
    await breathe();
  }
  const [anomalies, recommendations] = [mergeAnomalies(), mergeRecommendations()];
  const week = { fromMs: nowMs - 7 * DAY_MS, toMs: nowMs };
  const going = trends({ fromMs: week.fromMs, nowMs });
  for (const sums of await store.sumCalls({ tenantId: TENANT, ...week, ...filters }, ['hour'])) going.addCalls(sums);
  const counted = await readAll(store, [going], { ...week, filters, forks });
  const found = { fromMs: nowMs - DAY_MS, toMs: nowMs, filters, forks };
  const { forksLeftOut } = await readAll(store, [anomalies, recommendations], found);
  for (const id of counted.unreadableSessions) unreadable.add(id);
  const answer = {
    live: live.result(),
    trends: going.result(),
    findings: anomalies.result().anomalies.slice(0, 100),
    recommendations: recommendations.result().recommendations.slice(0, 50),
  };
  return {
    ...counted,
    isCut: counted.isCut || page.nextCursor !== null,
    // Those of the week that are not named may be among those of now, but not so many.
    unreadable: Math.max(counted.unreadable, unreadable.size),
    unreadableSessions: [...unreadable].slice(0, MOST_NAMED),
    forksLeftOut: Math.max(counted.forksLeftOut, forksLeftOut),
    answer,
  };
}
