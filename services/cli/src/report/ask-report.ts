import type {
  AnalysisQuestion,
  AnalysisView,
  Anomaly,
  MergedTimes,
  MetricWindow,
  PatternFinding,
  SessionListView,
  SessionSummaryView,
  TokenUsage,
  ToolSequence,
  ToolUse,
} from '@tracepost/contracts';
import type { CommandContext } from '../command.ts';
import { CommandFailure } from '../failures.ts';
import type { Shown, ShownRecommendation } from '../views/shown.ts';
import { askPatiently } from './ask-patiently.ts';

/** As many as a question about many sessions looks at. */
const MOST_SESSIONS = 10_000;
const PAGE = 500;
/** Sessions that are under way where a window begins, mostly. */
const AT_ONCE_MOST = 50;

export interface Report {
  readonly window: AnalysisView['window'];
  readonly timeRange: AnalysisView['timeRange'];
  readonly sessions: SessionCounts;
  /** When the newest session began that had ended before; null: there is none. */
  readonly earlierAt: string | null;
  /** Each the answer of `GET /api/v1/analysis/…`. */
  readonly costs: CostsAnswer;
  /** Null: the gateway is of a version that was not asked this yet. */
  readonly times: TimesAnswer | null;
  readonly tools: ToolsAnswer;
  readonly sequences: SequencesAnswer;
  readonly patterns: PatternsAnswer;
  readonly anomalies: AnomaliesAnswer;
  readonly recommendations: RecommendationsAnswer;
}

export interface SessionCounts {
  readonly count: number;
  /** There were more: these are those that began last. */
  readonly isCut: boolean;
  readonly endedWell: number;
  /** Of those whose transcripts say how they went. */
  readonly succeeded: number;
  readonly failed: number;
  readonly modelCalls: number;
  readonly failedModelCalls: number;
  readonly toolCalls: number;
  readonly failedToolCalls: number;
}

export interface CostFigures {
  readonly calls: number;
  readonly failedCalls: number;
  readonly estimatedCalls: number;
  readonly unpricedCalls: number;
  readonly usage: TokenUsage;
  readonly costUsd: number | null;
  readonly cacheReadShare: number | null;
}

type CostsAnswer = AnalysisView & {
  readonly total: CostFigures;
  readonly byModel: readonly (CostFigures & { readonly provider: string | null; readonly model: string | null })[];
  readonly byAgent: readonly (CostFigures & { readonly agentId: string })[];
};
export type TimesAnswer = AnalysisView & MergedTimes;
type ToolsAnswer = AnalysisView & {
  readonly tools: readonly (ToolUse & { readonly sessions: number; readonly errorRate: number })[];
};
type SequencesAnswer = AnalysisView & {
  readonly sequences: readonly (ToolSequence & { readonly sessions: number })[];
  readonly leftOut: number;
};
type PatternsAnswer = AnalysisView & {
  readonly patterns: readonly (Shown<PatternFinding> & { readonly sessions: number; readonly share: number })[];
};
type AnomaliesAnswer = AnalysisView & {
  readonly kinds: readonly {
    readonly kind: Anomaly['kind'];
    readonly count: number;
    readonly sessions: number;
    readonly disputed: number;
  }[];
  readonly anomalies: readonly (Shown<Anomaly> & { readonly sessionId: string })[];
};
type RecommendationsAnswer = AnalysisView & {
  readonly recommendations: readonly (ShownRecommendation & { readonly sessions: number })[];
};

export interface AskedReport {
  readonly window: MetricWindow | undefined;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly agentId: string | undefined;
  readonly provider: string | undefined;
  readonly model: string | undefined;
}

/** What sessions of a window come to: the API's own answers, all about the same time. */
export async function askReport(
  { api, output, signal }: Pick<CommandContext, 'api' | 'output' | 'signal'>,
  asked: AskedReport,
): Promise<Report> {
  const { window, from, to, ...filters } = asked;
  // One after the other: the gateway works on few such questions at a time.
  const ask = <T extends AnalysisView>(question: AnalysisQuestion, range: object): Promise<T> => {
    output.progress(`asking for ${question}`);
    const query = { ...filters, ...range };
    return askPatiently({ output, signal }, () => api.call<T>(`/api/v1/analysis/${question}`, { query }));
  };
  const costs = await ask<CostsAnswer>('costs', { window, from, to });
  const { start, end } = costs.timeRange;
  // The window goes on with the clock; what is told together is about one time.
  const range = { from: start, to: end };
  const times = await ask<TimesAnswer>('times', range).catch(nullIfUnknown);
  const tools = await ask<ToolsAnswer>('tools', range);
  const sequences = await ask<SequencesAnswer>('sequences', range);
  const patterns = await ask<PatternsAnswer>('patterns', range);
  const anomalies = await ask<AnomaliesAnswer>('anomalies', range);
  const recommendations = await ask<RecommendationsAnswer>('recommendations', range);

  let sessions = NONE;
  let cursor: string | undefined;
  do {
    const limit = Math.min(PAGE, MOST_SESSIONS - sessions.count);
    const page = await api.call<SessionListView>('/api/v1/sessions', {
      query: { ...filters, ...range, limit, cursor },
    });
    sessions = page.items.reduce(plus, sessions);
    cursor = page.nextCursor ?? undefined;
    output.progress(`${sessions.count} sessions`);
  } while (cursor !== undefined && sessions.count < MOST_SESSIONS);
  const before = await api.call<SessionListView>('/api/v1/sessions', {
    query: { ...filters, to: start, limit: AT_ONCE_MOST },
  });
  const earlier = before.items.find(({ totals: { endedAt } }) => endedAt !== null && endedAt < start);
  output.clear();
  const counted = { ...sessions, isCut: cursor !== undefined };
  const { timeRange } = costs;
  const answers = { costs, times, tools, sequences, patterns, anomalies, recommendations };
  return {
    window: costs.window,
    timeRange,
    sessions: counted,
    earlierAt: earlier?.totals.startedAt ?? null,
    ...answers,
  };
}

/** Of a question that this gateway has no route for; whatever else went wrong is thrown. */
function nullIfUnknown(error: unknown): null {
  if (error instanceof CommandFailure && error.reason === 'NOT_FOUND') return null;
  throw error;
}

const NONE: SessionCounts = {
  ...{ count: 0, isCut: false, endedWell: 0, succeeded: 0, failed: 0 },
  ...{ modelCalls: 0, failedModelCalls: 0, toolCalls: 0, failedToolCalls: 0 },
};

function plus(sum: SessionCounts, { totals, outcome }: SessionSummaryView): SessionCounts {
  return {
    count: sum.count + 1,
    isCut: false,
    endedWell: sum.endedWell + Number(totals.endedWell),
    succeeded: sum.succeeded + Number(outcome?.succeeded === true),
    failed: sum.failed + Number(outcome?.succeeded === false),
    modelCalls: sum.modelCalls + totals.modelCalls,
    failedModelCalls: sum.failedModelCalls + totals.failedModelCalls,
    toolCalls: sum.toolCalls + totals.toolCalls,
    failedToolCalls: sum.failedToolCalls + totals.failedToolCalls,
  };
}
