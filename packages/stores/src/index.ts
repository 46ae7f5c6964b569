export { type ArtifactStore, ArtifactTooLargeError } from './artifact-store.ts';
export type { AuditStore } from './audit-store.ts';
export type { DeadLetter, DeadLetterStore } from './dead-letter-store.ts';
export type { EventEntry, EventQuery, EventStore, RecordOutcome, SeriesOverflow } from './event-store.ts';
export type { HouseStores } from './house-stores.ts';
export type {
  AttemptBeginning,
  CancelOutcome,
  ClaimOutcome,
  ClaimRequest,
  EffectKey,
  EffectOutcome,
  EndedOutcome,
  InboxStore,
  KeptPayload,
} from './inbox-store.ts';
export { type IdempotencyKeyStore, type KeyOutcome, MAX_KEYS } from './key-store.ts';
export { isStorableText, serviceOf } from './label.ts';
export { levelsFrom, logFingerprint, MAX_LOGS, toLogView } from './log-view.ts';
export { createMetricLayout, type LaidPoint, type Layout, MAX_POINTS } from './metric-layout.ts';
export { naturalAggregation, quantileOf } from './metrics/aggregations.ts';
export {
  type Answering,
  answerQuestion,
  windowSeconds,
  windowStart,
  windowStarts,
} from './metrics/answer-question.ts';
export { isAskedFor, isAttributeKey, SERVICE_KEY } from './metrics/attribute-keys.ts';
export { type CatalogEntry, createCatalogNews, floorDay } from './metrics/catalog-news.ts';
export { createFailedMetrics, type FailedMetrics } from './metrics/failed-metrics.ts';
export { DELTA_TAG, type Growth, growthOf, LOOK_BACK_NS, type SeriesPoint } from './metrics/growth.ts';
export { createLateBound, type LateBound, settledHour } from './metrics/late-bound.ts';
export {
  type AnsweredSeries,
  type MetricAnswer,
  type MetricCatalogItem,
  type MetricDescription,
  type MetricQuestion,
  QUESTION_LIMITS,
} from './metrics/question.ts';
export { createReadingBudget, type ReadingBudget, tooManySeries, UNLIMITED } from './metrics/reading-budget.ts';
export {
  canUseHours,
  floorHour,
  HOUR_MS,
  planReading,
  type ReadingPlan,
  type ReadStretch,
} from './metrics/reading-plan.ts';
export { addTally, type Tally } from './metrics/tally.ts';
export { type DateRange, isoFromNanos, isStorableTime, nanosFromDate, storableRange } from './nanoseconds.ts';
export {
  type AgentTaskCounts,
  InvalidCursorError,
  type RecordStore,
  RecordsRefusedError,
  type TaskQuery,
} from './record-store.ts';
export {
  MAX_RECORDED_METRICS,
  MAX_RECORDED_SERIES,
  OVERFLOW_ATTRIBUTE,
  OVERFLOW_METRIC,
  QueryTooLargeError,
  type RecordedMetricInfo,
  type RecordedMetricStore,
  type SamplePoint,
  type SampleQuery,
  type SampleSeries,
} from './recorded-metric-store.ts';
export {
  ROLLUP_UNIT_MS,
  ROLLUP_UNITS,
  type RolledUp,
  type RollupStore,
  type RollupUnit,
  type Window,
  type WindowQuery,
} from './rollup-store.ts';
export { MAX_SEARCH_TEXT, searchText, searchTextOf } from './search-text.ts';
export { SessionDamagedError } from './session-damaged-error.ts';
export {
  type CallGrouping,
  type CallQuery,
  type CallSum,
  type ClosedSession,
  type CountedElsewhere,
  type ElsewhereSum,
  type KeptCall,
  type KeptSession,
  MAX_SESSION_BYTES,
  type PreviousCosts,
  type SessionListQuery,
  type SessionPage,
  type SessionQuery,
  type SessionStore,
  type SessionSummary,
  type SessionToKeep,
  type UnreadableSession,
} from './session-store.ts';
export { MAX_SESSION_TEXT, sessionTextOf } from './session-text.ts';
export type {
  FailedRollUp,
  LogQuery,
  LogStore,
  MetricPoint,
  MetricPointQuery,
  MetricStore,
  RollUpReport,
  TraceReader,
  TraceWriter,
} from './signal-stores.ts';
export { compareSpans, MAX_SPANS_OF_TRACE, toTrace } from './span-view.ts';
export { StoreUnavailableError } from './store-error.ts';
export { measureStore, type StoreOperation } from './store-operation.ts';
export { applyTaskEvent } from './task-reducer.ts';
export type { TraceAttribute, TraceQuery, TraceSummaryStore } from './trace-summary-store.ts';
export { readSample, writeSample } from './traces/id-sample.ts';
export { digestSpans, mergeDigests, type RootSpan, type TraceDigest, toTraceSummary } from './traces/trace-digest.ts';
export { readTerms, taskIdsOf, termsWanted, writeTerms } from './traces/trace-terms.ts';
export { readWindow, type TimeRange, type WindowSource } from './windows/read-window.ts';
export {
  countTasks,
  emptyRollup,
  mergeRollups,
  type Rollup,
  type RollupTotals,
  withEnding,
  withoutEnding,
} from './windows/rollup.ts';
export { ENDINGS, type Ending, endingOfTask, type TaskEnding } from './windows/task-ending.ts';
export { figuresOf } from './windows/window-figures.ts';
