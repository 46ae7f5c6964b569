import type { SqliteRow } from '@tracepost/sqlite';
import { StoreUnavailableError } from '@tracepost/stores';

/** One row cannot be used; others can. SQLite does not notice a bit that has turned over within a text. */
export class RowError extends StoreUnavailableError {
  constructor(what: string, options?: ErrorOptions) {
    super('sqlite', `The telemetry database has a row that cannot be used: ${what}`, options);
  }
}

/** Ids are kept as their bytes: half of what their hex digits take. */
export function bytesOf(id: string): Buffer {
  return Buffer.from(id, 'hex');
}

export function textOf(row: SqliteRow, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new RowError(`column ${column} holds no text`);
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
  if (typeof value !== 'bigint' && typeof value !== 'number') throw new RowError(`column ${column} holds no time`);
  return BigInt(value);
}

/** What this package has written itself as JSON: the cast is its promise to itself. */
export function jsonOf<T>(row: SqliteRow, column: string): T {
  const text = textOf(row, column);
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new RowError(`column ${column} holds no JSON`, { cause });
  }
}
