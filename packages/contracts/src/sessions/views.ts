import Type, { type Static } from 'typebox';
import { IsoTime } from '../patterns.ts';
import { COMPLEXITIES } from './analysis.ts';
import { TRANSCRIPT_FORMATS } from './document.ts';

const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Count = Type.Integer();
/** Whose every field the contract of the analysis tells; see `docs/guide/what-the-numbers-mean.md`. */
const Open = <T>(description: string) => Type.Unsafe<T>({ type: 'object', additionalProperties: true, description });
const OpenList = (description: string) => Type.Array(Open<object>(description));

/** Tokens of one kind in one shape for every provider; caches are parts of `input`, reasoning of `output`. */
export const TokenUsageView = Type.Object({
  input: Count,
  cacheRead: Count,
  cacheWrite5m: Count,
  cacheWrite1h: Count,
  output: Count,
  reasoning: Count,
});

export const SessionTotalsView = Type.Object({
  messages: Count,
  modelCalls: Count,
  failedModelCalls: Count,
  toolCalls: Count,
  failedToolCalls: Count,
  refusedToolCalls: Count,
  retries: Count,
  errorRate: Type.Number(),
  successRate: Type.Number(),
  usageSource: Type.Enum(['reported', 'estimated', 'mixed', 'none']),
  usage: TokenUsageView,
  costUsd: nullable(Type.Number()),
  unpricedCalls: Count,
  /** Calls of a service tier whose price is not known, in `costUsd` at the standard price. */
  standardPriceCalls: Type.Optional(Count),
  reportedCostUsd: nullable(Type.Number()),
  startedAt: nullable(IsoTime),
  endedAt: nullable(IsoTime),
  durationSeconds: nullable(Type.Number()),
  endedWell: Type.Boolean(),
  tokenEfficiency: nullable(Type.Number()),
  cacheReadShare: nullable(Type.Number()),
  contextUse: nullable(Type.Number()),
});

const Links = Type.Object({ session: Type.String() });

/** One of `GET /api/v1/sessions`. */
export const SessionSummaryView = Type.Object({
  sessionId: Type.String(),
  format: Type.Enum([...TRANSCRIPT_FORMATS]),
  agentId: Type.String(),
  parentSessionId: nullable(Type.String()),
  title: nullable(Type.String()),
  outcome: nullable(Type.Object({ succeeded: nullable(Type.Boolean()), detail: nullable(Type.String()) })),
  providers: Type.Array(Type.String()),
  models: Type.Array(Type.String()),
  complexity: Type.Enum([...COMPLEXITIES]),
  totals: SessionTotalsView,
  takenAt: IsoTime,
  changedAt: IsoTime,
  links: Links,
});
export type SessionSummaryView = Static<typeof SessionSummaryView>;

export const SessionListView = Type.Object({
  items: Type.Array(SessionSummaryView),
  nextCursor: nullable(Type.String()),
  /** Sessions of this page that are left out because what is kept of them is damaged. */
  unreadable: Type.Array(Type.String()),
});
export type SessionListView = Static<typeof SessionListView>;

/** `GET /api/v1/sessions/{id}`. */
export const SessionView = Type.Object({
  sessionId: Type.String(),
  format: Type.Enum([...TRANSCRIPT_FORMATS]),
  agentId: Type.String(),
  parentSessionId: nullable(Type.String()),
  title: nullable(Type.String()),
  outcome: nullable(Type.Object({ succeeded: nullable(Type.Boolean()), detail: nullable(Type.String()) })),
  facts: Type.Record(Type.String(), Type.String()),
  totals: SessionTotalsView,
  models: OpenList('Calls, tokens and cost of one model'),
  tools: OpenList('What one tool was used for: calls, failures, times, sizes, category'),
  sequences: OpenList('Tools that followed each other, and how often; the most frequent first'),
  repeated: OpenList('The same tool with the same arguments again and again'),
  patterns: OpenList('An error pattern or a behaviour, with the entries that show it'),
  complexity: Open<object>('The word, its score, and the points of each part'),
  times: Open<object>('Response, queue and processing times in milliseconds'),
  anomalies: OpenList('What was out of the ordinary, with its baseline and the robust variant'),
  recommendations: OpenList('Advice with the entries and figures that it rests on, what would save most first'),
  /** Cost of each call with its arithmetic; in the order of `calls`. */
  costs: OpenList('Cost of one call: parts as tokens times price, the price entry, what the transcript said'),
  previousCosts: OpenList('What it cost before prices changed'),
  messages: OpenList('A user, assistant or tool-result entry; text is its beginning'),
  calls: OpenList('A call of a model, with the usage as reported or, in `estimates`, as estimated'),
  toolCalls: OpenList('A call of a tool'),
  estimates: OpenList('What a call took whose usage was not reported'),
  /** Calls of this session that also stand in another one and are counted there. */
  countedElsewhere: Type.Array(Type.Object({ callId: Type.String(), sessionId: Type.String() })),
  /** Entries beyond the limit of the answer, by list. */
  leftOut: Type.Object({ messages: Count, calls: Count, toolCalls: Count, sequences: Count }),
  version: Count,
  takenAt: IsoTime,
  changedAt: IsoTime,
  links: Links,
});
export type SessionView = Static<typeof SessionView>;

export const SessionComparisonView = Type.Object({
  a: Open<object>('One run: whether it succeeded, and its steps'),
  b: Open<object>('The other'),
  commonSteps: Count,
  divergence: nullable(Open<object>('The first step that differs, on both sides, with its evidence')),
  commonToolCalls: Count,
  toolDivergence: nullable(Open<object>('The first call of a tool that differs, whatever was said in between')),
  lesserDifferences: OpenList('What differed before without changing the steps'),
  figures: OpenList('One figure of both, and their difference'),
  tools: OpenList('Calls of one tool in both'),
});
export type SessionComparisonView = Static<typeof SessionComparisonView>;

/** Of `GET /api/v1/analysis/…`: what was asked about, beside the answer. */
export const ANALYSIS_QUESTIONS = [
  'tools',
  'sequences',
  'patterns',
  'anomalies',
  'recommendations',
  'times',
  'costs',
  'forecast',
] as const;
export type AnalysisQuestion = (typeof ANALYSIS_QUESTIONS)[number];

export const AnalysisView = Type.Object(
  {
    window: nullable(Type.String()),
    timeRange: Type.Object({ start: IsoTime, end: IsoTime }),
    /** How many sessions were looked at; `isCut`: there were more, and the newest of them were taken; `unreadable`: damaged ones left out. */
    sessions: Count,
    isCut: Type.Boolean(),
    unreadable: Count,
    /** Some of those. */
    unreadableSessions: Type.Array(Type.String()),
    /** Forks of which nothing is in the answer, since there was no time to read them: ask again. */
    forksLeftOut: Count,
  },
  { additionalProperties: true },
);
export type AnalysisView = Static<typeof AnalysisView>;

export const LiveAnalysisView = Type.Object({
  live: Open<object>(
    'Of the last five minutes: active sessions, requests a minute, response time, error rate, tokens a minute',
  ),
  trends: Open<object>(
    'Tokens and error rate by hour, complexity and tools by day, each with a line and its uncertainty',
  ),
  findings: OpenList('Anomalies of the last day, newest first'),
  recommendations: OpenList('Advice of the last day, what would save most first'),
  sessions: Count,
  isCut: Type.Boolean(),
  unreadable: Count,
  unreadableSessions: Type.Array(Type.String()),
  forksLeftOut: Count,
});
export type LiveAnalysisView = Static<typeof LiveAnalysisView>;
