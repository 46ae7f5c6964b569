import type { SpanView, TaskRecord, TraceView } from '@tracepost/contracts';
import type { Output, Piece } from '../output.ts';
import { styled } from '../output.ts';
import { formatMoment, formatMs } from '../time-span.ts';
import { statusPiece } from './status-piece.ts';
import { printAttempts } from './task-view.ts';
import { buildTraceTree } from './trace-tree.ts';

/** First what became of its tasks and where their time went, then every span under its parent. */
export function printTrace(output: Output, trace: TraceView, tasks: readonly TaskRecord[]): void {
  const { traceId, startedAt, durationMs, spans, services, errorCount } = trace;
  const errors = errorCount === 0 ? '' : ` · ${errorCount} failed`;
  output.line(['trace ', styled('bold', traceId), startedAt ? ` · ${formatMoment(startedAt)}` : '']);
  output.line(
    `      ${formatMs(durationMs)} · ${spans.length} spans of ${services.join(', ') || 'nobody'}${errors}${openEnd(trace)}`,
  );
  for (const task of tasks) {
    const { taskId, agentId, notificationType, status } = task;
    const took = task.durationMs === null ? '' : ` · ${formatMs(task.durationMs)}`;
    output.line('');
    output.line([`${agentId} ${notificationType} `, statusPiece(status), took, styled('dim', ` · task ${taskId}`)]);
    printAttempts(output, task.attempts, '  ');
  }
  output.line('');
  printSpans(output, trace);
}

/** Said of what is known: a span that nobody names is not missed. */
function openEnd({ complete, missing }: TraceView): string {
  if (complete) return '';
  if (missing.length === 0) return ' · more to come';
  return missing.length === 1 ? ' · a span has not arrived' : ` · ${missing.length} spans have not arrived`;
}

function printSpans(output: Output, { spans, startedAt }: TraceView): void {
  const begin = startedAt === null ? 0 : Date.parse(startedAt);
  const rows = buildTraceTree(spans).map(({ span, branch }) => ({
    span,
    branch,
    at: `+${formatMs(Math.max(0, Date.parse(span.startedAt) - begin))}`,
    took: formatMs(span.durationMs),
  }));
  const atWidth = Math.max(2, ...rows.map(({ at }) => at.length));
  const tookWidth = Math.max(4, ...rows.map(({ took }) => took.length));
  if (rows.length > 0) output.line(styled('dim', `${'at'.padStart(atWidth)}  ${'took'.padStart(tookWidth)}`));
  for (const { span, branch, at, took } of rows) {
    const name: Piece = span.status.code === 'error' ? styled('red', span.name) : span.name;
    output.line([
      styled('dim', at.padStart(atWidth)),
      `  ${took.padStart(tookWidth)}  `,
      styled('dim', branch),
      name,
      styled('dim', ` · ${span.service.replace(/^tracepost-/, '')}`),
      ...factsOf(span),
    ]);
  }
}

/** What a person would ask next: which attempt, how long it lay there, why it failed. */
function factsOf({ attributes, status }: SpanView): Piece[] {
  const facts: Piece[] = [];
  const attempt = attributes['tracepost.task.attempt'];
  const waitMs = attributes['tracepost.queue.wait_ms'];
  const httpStatus = attributes['http.response.status_code'];
  if (typeof attempt === 'number') facts.push(` · attempt ${attempt}`);
  if (typeof waitMs === 'number') facts.push(styled('yellow', ` · waited ${formatMs(waitMs)}`));
  if (typeof httpStatus === 'number') facts.push(` · ${httpStatus}`);
  if (status.code === 'error')
    facts.push(styled('red', ` · ${status.message || String(attributes['error.type'] ?? 'failed')}`));
  return facts;
}
