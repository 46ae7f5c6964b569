import type { Refusal, SignalName, SinkAnswer } from '@tracepost/contracts';
import {
  type Sqlite,
  type SqliteRow,
  type SqliteValue,
  type Statement,
  StatementRefusedError,
  WriteFailedError,
} from '@tracepost/sqlite';
import { measureStore, StoreUnavailableError } from '@tracepost/stores';
import type { Telemetry } from '@tracepost/telemetry';
import type { DiskReserve } from './disk-reserve.ts';

/** The file as the three stores see it: writes answer like a sink, reads reject with `StoreUnavailableError`. */
export interface Database {
  write(batch: WriteBatch): Promise<SinkAnswer>;
  /** For what nobody sent: how many rows it changed. Rejects with `StoreUnavailableError`. */
  change(operation: string, statements: readonly Statement[]): Promise<number>;
  read(operation: string, sql: string, params: readonly SqliteValue[]): Promise<SqliteRow[]>;
  /** The same for what is small and asked again and again: it lets the thread that reads rest. */
  look(operation: string, sql: string, params: readonly SqliteValue[]): Promise<SqliteRow[]>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface WriteBatch {
  readonly signal: SignalName;
  readonly statements: readonly Statement[];
  /** How many signals the statements carry. */
  readonly count: number;
  readonly refused: readonly Refusal[];
}

const RETRY_AFTER_MS = 2_000;

export interface DatabaseOptions {
  readonly sqlite: Sqlite;
  readonly telemetry: Telemetry;
  readonly reserve: DiskReserve;
  /** Makes a whole file of a damaged one, which is closed by then, and opens it. */
  readonly rescue: (reason: unknown) => Promise<Sqlite>;
}

export function createDatabase(options: DatabaseOptions): Database {
  const { telemetry, reserve } = options;
  let { sqlite } = options;
  let isClosed = false;
  let rescuing: Promise<void> | null = null;

  const rescue = async (reason: unknown): Promise<void> => {
    await sqlite.close();
    try {
      sqlite = await options.rescue(reason);
      if (isClosed) await sqlite.close();
      rescuing = null;
    } catch (error) {
      // It stays closed: a second try would find what the first one found.
      telemetry.logger.error({ layer: 'store', error }, 'The telemetry database was damaged and cannot be made anew');
    }
  };
  /** Whoever meets the damage first starts it; until it is done nothing is taken, and senders keep what they have. */
  const noteDamage = (error: unknown): void => {
    if (error instanceof WriteFailedError && error.isDamaged && !isClosed) rescuing ??= rescue(error);
  };
  const measured = <T>(operation: string, work: () => Promise<T>) =>
    measureStore(telemetry, { system: 'sqlite', operation, logger: telemetry.logger }, work);

  const reading = async (operation: string, work: () => Promise<SqliteRow[]>): Promise<SqliteRow[]> => {
    try {
      return await measured(operation, work);
    } catch (error) {
      noteDamage(error);
      throw new StoreUnavailableError('sqlite', `The telemetry database cannot be read: ${messageOf(error)}`, {
        cause: error,
      });
    }
  };

  return {
    async write({ signal, statements, count, refused }) {
      if (count === 0) return { status: 'taken', refused };
      const refusal = await reserve.refusal();
      if (refusal !== null) return { status: 'later', reason: refusal, retryAfterMs: RETRY_AFTER_MS };
      try {
        await measured(`write_${signal}`, () => sqlite.write(statements));
        return { status: 'taken', refused };
      } catch (error) {
        noteDamage(error);
        if (!(error instanceof StatementRefusedError)) return later(error);
        // No retry can mend what SQLite itself refuses; asking again would only hold up everything behind it.
        telemetry.logger.error({ layer: 'store', error }, `SQLite refused a batch of ${count} ${signal}`);
        return { status: 'taken', refused: [...refused, { signal, reason: 'refused_by_store', count }] };
      }
    },
    async change(operation, statements) {
      try {
        const results = await measured(operation, () => sqlite.write(statements));
        return results.reduce((sum, { changes }) => sum + changes, 0);
      } catch (error) {
        noteDamage(error);
        throw new StoreUnavailableError('sqlite', `The telemetry database cannot be written: ${messageOf(error)}`, {
          cause: error,
        });
      }
    },
    read: (operation, sql, params) => reading(operation, () => sqlite.read<SqliteRow>(sql, params)),
    look: (operation, sql, params) => reading(operation, () => sqlite.look<SqliteRow>(sql, params)),
    async ping() {
      await this.look('ping', 'SELECT 1', []);
    },
    async close() {
      isClosed = true;
      await rescuing;
      await sqlite.close();
    },
  };
}

function later(error: unknown): SinkAnswer {
  return {
    status: 'later',
    reason: `the telemetry database cannot be written: ${messageOf(error)}`,
    retryAfterMs: RETRY_AFTER_MS,
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
