import { InvalidCursorError } from '@tracepost/stores';
import type { TasksTable } from './schema.ts';

/** Where a page ended: the place in the order of the list, so that tasks that come or go beside it do not move it. */
export interface TaskCursor {
  readonly acceptedAtMs: number;
  readonly taskId: string;
}

export function encodeCursor({ accepted_at_ms, task_id }: Pick<TasksTable, 'accepted_at_ms' | 'task_id'>): string {
  return Buffer.from(`${accepted_at_ms}/${task_id}`).toString('base64url');
}

export function decodeCursor(cursor: string): TaskCursor {
  const [, ms, taskId] = /^(-?\d{1,15})\/(.{1,400})$/su.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (ms === undefined || taskId === undefined || taskId.includes('\0')) {
    throw new InvalidCursorError('The cursor was not given by this list, so there is no place to go on from.');
  }
  return { acceptedAtMs: Number(ms), taskId };
}
