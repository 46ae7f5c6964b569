export { MAX_RELATIVE_ERROR } from './buckets.ts';
export { DamagedSketchError } from './damaged-sketch-error.ts';
export { findAnomalies, findPatterns, type RecommendInput, rankRecommendations, recommend } from './findings/index.ts';
export {
  type Accumulator,
  accumulate,
  type CallSums,
  type CostFigures,
  type Forecast,
  type ForecastAccumulator,
  type ForecastInput,
  type ForecastPoint,
  type Forecasts,
  forecast,
  type LiveNumbers,
  type LiveSession,
  liveNumbers,
  type MergedAnomalies,
  type MergedCosts,
  type MergedPattern,
  type MergedPatterns,
  type MergedRecommendation,
  type MergedRecommendations,
  type MergedSequences,
  type MergedTools,
  type MergedToolUse,
  mergeAnomalies,
  mergeCosts,
  mergePatterns,
  mergeRecommendations,
  mergeSequences,
  mergeTimes,
  mergeTools,
  type Point,
  type Trend,
  type TrendLine,
  type Trends,
  type TrendsAccumulator,
  trends,
} from './many/index.ts';
export { type AnalysisOptions, analyseSession } from './sessions/analyse-session.ts';
export { compareSessions, type SessionToCompare } from './sessions/compare-sessions.ts';
export { type OwnFigures, ownFigures } from './sessions/own-figures.ts';
export type { OwnToolCategories } from './sessions/tool-categories.ts';
export { createSketch, rankOf, readSketch, type Sketch } from './sketch.ts';
