import type { ReplyError } from './protocol.ts';

/** Primary result codes that blame the world, not the statement: PERM, BUSY, NOMEM, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB. */
const WORLD_CODES = new Set([3, 5, 7, 8, 10, 11, 13, 14, 26]);

/** CORRUPT and NOTADB. */
export function isDamage(error: unknown): boolean {
  return [11, 26].includes(primaryCode(error));
}

/** BUSY, LOCKED and CANTOPEN: it may be readable in a moment. */
export function isHeldUp(error: unknown): boolean {
  return [5, 6, 14].includes(primaryCode(error));
}

/** What a database thread tells of an error; classes do not survive the way between threads. */
export function replyError(error: unknown, sql?: string): ReplyError {
  const { errcode = 0 } = error as { errcode?: number };
  const message = error instanceof Error ? error.message : String(error);
  return {
    kind: WORLD_CODES.has(primaryCode(error)) ? 'failed' : 'refused',
    message: sql === undefined ? message : `${message}, in: ${shorten(sql)}`,
    sqliteCode: errcode,
  };
}

/** An extended code carries the primary one in its low byte. */
function primaryCode(error: unknown): number {
  return ((error as { errcode?: number }).errcode ?? 0) & 0xff;
}

function shorten(sql: string): string {
  const oneLine = sql.replace(/\s+/g, ' ').trim();
  return oneLine.length > 120 ? `${oneLine.slice(0, 120)}…` : oneLine;
}
