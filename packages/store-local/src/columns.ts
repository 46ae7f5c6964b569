import type { SqliteRow } from '@tracepost/sqlite';

/** Ids are kept as their bytes: half of what their hex digits take. */
export function bytesOf(id: string): Buffer {
  return Buffer.from(id, 'hex');
}

export function textOf(row: SqliteRow, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new TypeError(`column ${column} holds no text`);
  return value;
}

export function textOrNull(row: SqliteRow, column: string): string | null {
  const value = row[column];
  return typeof value === 'string' ? value : null;
}

export function hexOrNull(row: SqliteRow, column: string): string | null {
  const value = row[column];
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : null;
}

export function nanosOf(row: SqliteRow, column: string): bigint {
  const value = row[column];
  if (typeof value !== 'bigint' && typeof value !== 'number') throw new TypeError(`column ${column} holds no time`);
  return BigInt(value);
}

/** What this package has written itself as JSON: the cast is its promise to itself. */
export function jsonOf<T>(row: SqliteRow, column: string): T {
  return JSON.parse(textOf(row, column)) as T;
}
