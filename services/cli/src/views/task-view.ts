import type { Attempt, TaskRecord } from '@tracepost/contracts';
import type { Output, Piece } from '../output.ts';
import { styled } from '../output.ts';
import { formatMoment, formatMs } from '../time-span.ts';
import { statusPiece } from './status-piece.ts';

/** One record as a person wants it: what became of it, every attempt, then what it gave or why it gave nothing. */
export function printTask(output: Output, task: TaskRecord): void {
  const { taskId, agentId, notificationType, status, error, attempts } = task;
  const step = task.step ? ` · ${task.step}` : '';
  const partial = task.partial ? ' (partial)' : '';
  output.line(['task     ', styled('bold', taskId)]);
  output.line(['status   ', statusPiece(status), partial, task.stopReason ? ` · ${task.stopReason}` : '', step]);
  output.line([
    'agent    ',
    `${agentId} · ${notificationType}`,
    task.priority === 'normal' ? '' : ` · ${task.priority}`,
  ]);
  output.line(`accepted ${formatMoment(task.acceptedAt)}${task.source ? ` · from ${task.source}` : ''}`);
  if (task.durationMs !== null) output.line(`took     ${formatMs(task.durationMs)}${partsOf(task)}`);
  for (const [word, text] of linksOf(task)) output.line(`${word.padEnd(8)} ${text}`);
  printAttempts(output, attempts);
  if (error) {
    output.line([styled('red', `error    ${error.code}`), `: ${error.message}`]);
    if (error.stack) output.block(error.stack, '         ');
  }
  const { costUsd, toolCalls, modelCalls } = task.usage;
  if (costUsd > 0 || toolCalls > 0 || modelCalls > 0) {
    output.line(`usage    ${countOf(toolCalls, 'tool call')} · ${countOf(modelCalls, 'model call')} · ${costUsd} USD`);
  }
  if (task.result !== null) {
    output.line('result');
    output.block(JSON.stringify(task.result, null, 2), '  ');
  }
}

export function printAttempts(output: Output, attempts: readonly Attempt[], indent = ''): void {
  for (const attempt of attempts) output.line([indent, ...attemptPieces(attempt)]);
}

/** Number, ending, where its time went, who did it, and why it failed. */
export function attemptPieces(attempt: Attempt): Piece[] {
  const { number, status, backOffMs, queueWaitMs, runMs, workerId, error } = attempt;
  const times = [
    ...(backOffMs === undefined ? [] : [`put aside ${formatMs(backOffMs)}`]),
    `waited ${formatMs(queueWaitMs)}`,
    ...(runMs === null ? [] : [`ran ${formatMs(runMs)}`]),
  ];
  return [
    `attempt ${number} `,
    statusPiece(status, 9),
    ` ${times.join(' · ')} · `,
    styled('dim', workerId),
    ...(error ? [styled('red', `  ${error.code}`), `: ${error.message}`] : []),
  ];
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function partsOf({ queueWaitMs, runMs, attempts }: TaskRecord): string {
  const backOffMs = attempts.reduce((sum, attempt) => sum + (attempt.backOffMs ?? 0), 0);
  const parts = [
    ...(queueWaitMs === null ? [] : [`waited ${formatMs(queueWaitMs)}`]),
    ...(backOffMs > 0 ? [`put aside ${formatMs(backOffMs)}`] : []),
    ...(runMs === null ? [] : [`ran ${formatMs(runMs)}`]),
  ];
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

function linksOf(task: TaskRecord): readonly (readonly [string, string])[] {
  const { retryOf, parentTaskId, childTaskIds, sessionId, correlationId, traceId } = task;
  const links: readonly (readonly [string, string | null])[] = [
    ['repeats', retryOf],
    ['parent', parentTaskId],
    ['children', childTaskIds.length === 0 ? null : childTaskIds.join(', ')],
    ['session', sessionId],
    ['correlation', correlationId],
    ['trace', traceId],
  ];
  return links.filter((link): link is readonly [string, string] => link[1] !== null);
}
