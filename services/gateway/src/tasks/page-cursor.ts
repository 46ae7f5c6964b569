import { InvalidCursorError } from '@tracepost/stores';
import type { TaskPlace } from './task-filter.ts';

/** Where a page of the list ended: the store's own cursor, and the last task that was shown. */
export interface PageCursor {
  /** Null: the store is read from its beginning. */
  readonly store: string | null;
  readonly after: TaskPlace;
}

export function encodePageCursor({ store, after }: PageCursor): string {
  return Buffer.from(JSON.stringify([store, after.acceptedAt, after.taskId])).toString('base64url');
}

/** Throws `InvalidCursorError` for what no page gave. */
export function decodePageCursor(text: string): PageCursor {
  const [store, acceptedAt, taskId] = parse(text);
  const isStoreCursor = store === null || typeof store === 'string';
  if (!isStoreCursor || typeof acceptedAt !== 'string' || typeof taskId !== 'string')
    throw new InvalidCursorError('The cursor was not given by this list, so there is no place to go on from.');
  return { store, after: { acceptedAt, taskId } };
}

function parse(text: string): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    return Array.isArray(parts) && parts.length === 3 ? parts : [];
  } catch {
    return [];
  }
}
