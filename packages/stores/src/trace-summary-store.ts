import type { SinkAnswer, SpanSignal, TraceStatus, TraceSummary } from '@tracepost/contracts';

/** A summary of every trace, kept from its spans: what traces are found by. Kept for 30 days after the last span. */
export interface TraceSummaryStore {
  /**
   * Adds what the spans tell of their traces, in whatever order and however often they come: writing a batch twice changes nothing.
   * Answers like a sink. `nowMs` is when they came.
   */
  addSpans(spans: readonly SpanSignal[], nowMs: number): Promise<SinkAnswer>;
  /**
   * Newest first, at most 1,000 a page. A page may hold fewer than were asked for, even none, and still have a next one: only so many
   * traces are looked through at a time. Rejects with `InvalidCursorError` on a cursor that no page gave.
   */
  list(query: TraceQuery): Promise<{ items: TraceSummary[]; nextCursor: string | null }>;
  /** Forgets traces of which nothing came for longer, some thousands at a time; 30 days when nothing is said. Gives how many. */
  purge(nowMs: number, olderThanMs?: number): Promise<number>;
}

/**
 * Conditions are joined by and, over the whole trace: each attribute may stand on another span. `from` is the first instant, `to` the first
 * one after; both of `startedAt`. Every text means nothing but itself.
 */
export interface TraceQuery {
  /** One of its services. */
  readonly service?: string;
  /** The name of one of its spans. */
  readonly name?: string;
  readonly agentId?: string;
  readonly taskId?: string;
  readonly status?: TraceStatus;
  readonly minDurationMs?: number;
  readonly maxDurationMs?: number;
  readonly attributes?: readonly TraceAttribute[];
  readonly from?: string;
  readonly to?: string;
  readonly limit: number;
  readonly cursor?: string;
}

/** Of a span, one of its events or its resource; numbers and booleans as their text. */
export interface TraceAttribute {
  readonly key: string;
  readonly value: string;
}
