import type { TaskEvent } from '@tracepost/contracts';
import type { Piece } from '../output.ts';
import { styled } from '../output.ts';
import { formatMs } from '../time-span.ts';
import { statusPiece } from './status-piece.ts';

/** One event of the live feed on one line: time, agent, what happened, to which task, and the number that goes with it. */
export function eventLine({ at, kind, task, attempt, error, step, retryInMs, partial, by }: TaskEvent): Piece[] {
  const number = attempt === undefined || attempt.number === 1 ? '' : ` · attempt ${attempt.number}`;
  const facts: Piece[] = [];
  if (kind === 'started' && attempt) facts.push(` · waited ${formatMs(attempt.queueWaitMs)}`);
  if (attempt?.runMs !== undefined) facts.push(` · ran ${formatMs(attempt.runMs)}`);
  if (step !== undefined) facts.push(` · ${step}`);
  if (partial) facts.push(' · partial');
  if (retryInMs !== undefined) facts.push(` · again in ${formatMs(retryInMs)}`);
  if (kind === 'cancelled') facts.push(` · by ${by}`);
  if (error) facts.push(styled('red', ` · ${error.code}`), `: ${error.message}`);
  return [
    styled('dim', at.slice(11)),
    `  ${task.agentId.padEnd(12)}  `,
    statusPiece(kind, 14),
    `  ${task.taskId}  ${task.notificationType}${number}`,
    ...facts,
  ];
}
