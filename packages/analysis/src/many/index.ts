export { type Accumulator, accumulate } from './accumulator.ts';
export type { CallSums } from './call-sums.ts';
export { type ForecastAccumulator, type ForecastInput, type Forecasts, forecast } from './forecast.ts';
export { type Forecast, type ForecastOptions, type ForecastPoint, forecastOf } from './forecast-of.ts';
export { LIVE_MINUTES, type LiveNumbers, type LiveSession, liveNumbers } from './live-numbers.ts';
export { type MergedAnomalies, mergeAnomalies } from './merged-anomalies.ts';
export { type CostFigures, type MergedCosts, mergeCosts } from './merged-costs.ts';
export { type MergedPattern, type MergedPatterns, mergePatterns } from './merged-patterns.ts';
export {
  type MergedRecommendation,
  type MergedRecommendations,
  mergeRecommendations,
} from './merged-recommendations.ts';
export { type MergedSequences, mergeSequences } from './merged-sequences.ts';
export { mergeTimes } from './merged-times.ts';
export { type MergedTools, type MergedToolUse, mergeTools } from './merged-tools.ts';
export { type Point, type TrendLine, trendLine } from './trend-line.ts';
export { type Trend, type Trends, type TrendsAccumulator, trends } from './trends.ts';
