import { InvalidCursorError } from '@tracepost/stores';
import type { TaskPlace } from './task-filter.ts';

/** Where a page of the list ended: the store's own cursor, and the last task that was shown; each null at the beginning. */
export interface PageCursor {
  readonly store: string | null;
  readonly after: TaskPlace | null;
}

export function encodePageCursor({ store, after }: PageCursor): string {
  return Buffer.from(JSON.stringify([store, after?.acceptedAt ?? null, after?.taskId ?? null])).toString('base64url');
}

/** Throws `InvalidCursorError` for what no page gave. */
export function decodePageCursor(text: string): PageCursor {
  const [store, acceptedAt, taskId] = parse(text);
  if (store === null || typeof store === 'string') {
    if (typeof acceptedAt === 'string' && typeof taskId === 'string') return { store, after: { acceptedAt, taskId } };
    if (acceptedAt === null && taskId === null) return { store, after: null };
  }
  throw new InvalidCursorError('The cursor was not given by this list, so there is no place to go on from.');
}

function parse(text: string): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    return Array.isArray(parts) && parts.length === 3 ? parts : [];
  } catch {
    return [];
  }
}
