import { isEnded, type SpanView, type TaskRecord, type TraceView } from '@tracepost/contracts';
import { MAX_SPANS_OF_TRACE } from '@tracepost/stores';

export interface TraceFacts {
  readonly traceId: string;
  readonly spans: readonly SpanView[];
  /** The known tasks of this trace. */
  readonly tasks: readonly TaskRecord[];
  readonly now: number;
}

/** What has not arrived this long after the last end will not: its process was killed, or it was never ours. */
const SETTLED_AFTER_MS = 60_000;

export function describeTrace({ traceId, spans: all, tasks, now }: TraceFacts): TraceView {
  const spans = all.slice(0, MAX_SPANS_OF_TRACE);
  const startedMs = minimum(spans.map((span) => Date.parse(span.startedAt)));
  const endedMs = maximum(spans.map((span) => Date.parse(span.startedAt) + span.durationMs));
  return {
    traceId,
    startedAt: startedMs === null ? null : new Date(startedMs).toISOString(),
    durationMs: startedMs === null || endedMs === null ? 0 : endedMs - startedMs,
    services: [...new Set(spans.map((span) => span.service))],
    errorCount: spans.filter((span) => span.status.code === 'error').length,
    spans,
    truncated: all.length > spans.length,
    complete: isComplete({ spans: all, tasks, now, endedMs }),
  };
}

/**
 * Every task has ended, the span of each of its attempts is there, and every span's parent is there too. A server span may have
 * its parent outside: the caller's.
 */
function isComplete(facts: Pick<TraceFacts, 'spans' | 'tasks' | 'now'> & { readonly endedMs: number | null }): boolean {
  const { spans, tasks, now, endedMs } = facts;
  if (!tasks.every((task) => isEnded(task.status))) return false;
  const lastEnd = maximum([endedMs, ...tasks.map((task) => (task.endedAt === null ? null : Date.parse(task.endedAt)))]);
  if (lastEnd !== null && now - lastEnd > SETTLED_AFTER_MS) return true;
  const ids = new Set(spans.map((span) => span.spanId));
  const attempts = tasks.flatMap((task) => task.attempts);
  const areAttemptsThere = attempts.every((attempt) => attempt.spanId === null || ids.has(attempt.spanId));
  const areParentsThere = spans.every(
    (span) => span.parentSpanId === null || ids.has(span.parentSpanId) || span.kind === 'server',
  );
  return spans.length > 0 && areAttemptsThere && areParentsThere;
}

function minimum(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((least, value) => Math.min(least, value));
}

function maximum(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((most, value) => Math.max(most, value));
}
