import { InvalidCursorError } from '@tracepost/stores';

/** A place in the order of a list, so that what comes or goes beside it does not move it. */
export interface Place {
  readonly ms: number;
  readonly id: string;
}

export function encodeCursor({ ms, id }: Place): string {
  return Buffer.from(`${ms}/${id}`).toString('base64url');
}

export function decodeCursor(cursor: string): Place {
  const [, ms, id] = /^(-?\d{1,16})\/(.{1,400})$/su.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (ms === undefined || id === undefined || id.includes('\0')) {
    throw new InvalidCursorError('The cursor was not given by this list, so there is no place to go on from.');
  }
  return { ms: Number(ms), id };
}

const MAX_PAGE = 1_000;

export function pageSize(limit: number): number {
  return Math.min(Math.max(1, limit), MAX_PAGE);
}

/** One row more than the page was read: it tells whether there is a next one. */
export function cutPage<Row>(
  rows: readonly Row[],
  size: number,
  placeOf: (row: Row) => Place,
): { page: Row[]; nextCursor: string | null } {
  const last = rows[size - 1];
  return { page: rows.slice(0, size), nextCursor: rows.length > size && last ? encodeCursor(placeOf(last)) : null };
}
