import Type, { type Static } from 'typebox';
import { AgentId, IsoTime } from './patterns.ts';

const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

export const METRIC_WINDOWS = ['1h', '24h', '7d', '30d'] as const;
/** A window that ends now. */
export type MetricWindow = (typeof METRIC_WINDOWS)[number];
export const MetricWindow = Type.Unsafe<MetricWindow>(Type.Union(METRIC_WINDOWS.map((window) => Type.Literal(window))));

/** How the tasks went that ended within a window. Counts and sums are exact; of nothing there is no mean: null. */
export const WindowFigures = Type.Object({
  /** All that ended: also those cancelled, which count as neither successful nor failed. */
  totalTasks: Type.Integer(),
  successfulTasks: Type.Integer(),
  /** Failed, timed out or dead. */
  failedTasks: Type.Integer(),
  /** Of all tasks, from 0 to 1. */
  successRate: nullable(Type.Number()),
  performance: Type.Object({
    /** From the acceptance of a task to its end. */
    averageResponseTimeMs: nullable(Type.Number()),
    /** Percentiles are at most 0.8 % of the value away from the right one. */
    p50ResponseTimeMs: nullable(Type.Number()),
    p95ResponseTimeMs: nullable(Type.Number()),
    p99ResponseTimeMs: nullable(Type.Number()),
  }),
  costs: Type.Object({
    totalCostUsd: Type.Number(),
    averageCostPerTaskUsd: nullable(Type.Number()),
    /** Tasks with calls of a model whose price is not known: their cost is higher than is told here. */
    unpricedTasks: Type.Integer(),
  }),
});
export type WindowFigures = Static<typeof WindowFigures>;

/** Answer of `GET /api/v1/agents/{agentId}/metrics`. */
export const AgentMetrics = Type.Object({
  agentId: AgentId,
  /** Null when `from` was given. */
  window: nullable(MetricWindow),
  /** What was counted; its end is not part of it. */
  timeRange: Type.Object({ start: IsoTime, end: IsoTime }),
  ...WindowFigures.properties,
});
export type AgentMetrics = Static<typeof AgentMetrics>;
