import { isEnded, type MissingSpan, type SpanView, type TaskRecord, type TraceView } from '@tracepost/contracts';
import { MAX_SPANS_OF_TRACE } from '@tracepost/stores';

export interface TraceFacts {
  readonly traceId: string;
  readonly spans: readonly SpanView[];
  /** The known tasks of this trace. */
  readonly tasks: readonly TaskRecord[];
}

/** A trace may lack thousands of spans, each for the same reason. */
const MOST_MISSING = 100;

/** Judged by what is there and by nothing else: spans come late by as long as an outage lasts, and time says nothing about them. */
export function describeTrace({ traceId, spans: all, tasks }: TraceFacts): TraceView {
  const spans = all.slice(0, MAX_SPANS_OF_TRACE);
  const truncated = all.length > spans.length;
  const startedMs = minimum(spans.map((span) => Date.parse(span.startedAt)));
  const endedMs = maximum(spans.map((span) => Date.parse(span.startedAt) + span.durationMs));
  // Of a trace that is cut off nobody can tell which of its spans have not come.
  const missing = truncated ? [] : missingSpans(spans, tasks);
  return {
    traceId,
    startedAt: startedMs === null ? null : new Date(startedMs).toISOString(),
    durationMs: startedMs === null || endedMs === null ? 0 : endedMs - startedMs,
    services: [...new Set(spans.map((span) => span.service))],
    errorCount: spans.filter((span) => span.status.code === 'error').length,
    spans,
    truncated,
    complete: spans.length > 0 && missing.length === 0 && isOver(tasks),
    missing: missing.slice(0, MOST_MISSING),
  };
}

/**
 * The span of every attempt that is over and, once no task is under way, every span's parent, each told once. A server span may
 * have its parent outside: the caller's.
 */
function missingSpans(spans: readonly SpanView[], tasks: readonly TaskRecord[]): MissingSpan[] {
  const told = new Set(spans.map((span) => span.spanId));
  const missing: MissingSpan[] = [];
  const tell = (one: MissingSpan): void => {
    if (told.has(one.spanId)) return;
    told.add(one.spanId);
    missing.push(one);
  };
  for (const { taskId, attempts } of tasks)
    for (const { number: attempt, spanId, endedAt } of attempts)
      if (spanId !== null && endedAt !== null) tell({ spanId, is: 'attempt', taskId, attempt });
  // A parent ends after its children: while a task runs it is not missing.
  if (!isOver(tasks)) return missing;
  for (const { parentSpanId, kind } of spans)
    if (parentSpanId !== null && kind !== 'server')
      tell({ spanId: parentSpanId, is: 'parent', taskId: null, attempt: null });
  return missing;
}

function isOver(tasks: readonly TaskRecord[]): boolean {
  return tasks.every((task) => isEnded(task.status));
}

function minimum(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((least, value) => Math.min(least, value));
}

function maximum(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((most, value) => Math.max(most, value));
}
