import { CannotOpenError, SqliteUnavailableError, WriteFailedError } from './errors.ts';
import { Line } from './line.ts';
import type { Looked, ThreadOptions } from './protocol.ts';
import { Reader } from './reader.ts';
import type {
  Sqlite,
  SqliteOptions,
  SqliteSession,
  SqliteState,
  SqliteValue,
  Statement,
  StatementResult,
} from './sqlite.ts';

const MAX_IN_FLIGHT = 20_000;
const SESSION_IDLE_MS = 30_000;
const READER_RESTS_AFTER_MS = 15_000;
/** With more requests than these before it, a look would wait for long: then it is worth a thread. */
const FEW_WAITING = 20;
/** A look that took longer held up writes: for a minute the reading thread is asked instead. */
const SLOW_LOOK_MS = 20;
const SLOW_FOR_MS = 60_000;

/** Opens the file, brings its schema up to date and resolves when it takes writes. Rejects with `CannotOpenError`. */
export async function openSqlite(options: SqliteOptions): Promise<Sqlite> {
  const database = new Database(options);
  await database.opened();
  return database;
}

class Database implements Sqlite {
  readonly path: string;
  readonly #maxInFlight: number;
  readonly #threadOptions: ThreadOptions;
  readonly #writer: Line;
  readonly #reader: Reader;
  /** Until when the reading thread is asked, by the text of the statement. */
  readonly #slowUntilMs = new Map<string, number>();
  #state: SqliteState = 'open';
  #closed: Promise<void> | null = null;

  constructor(options: SqliteOptions) {
    const { path, synchronous, schema, pragmas = [], exclusive = false, sessionIdleMs = SESSION_IDLE_MS } = options;
    this.path = path;
    this.#maxInFlight = options.maxInFlight ?? MAX_IN_FLIGHT;
    this.#threadOptions = { path, synchronous, schema, pragmas, exclusive, sessionIdleMs };
    const onFailed = () => {
      if (this.#state === 'open') this.#state = 'failed';
    };
    this.#writer = this.#openLine('./writer-thread.ts', onFailed);
    this.#reader = new Reader({
      path,
      openLine: (onEnded) => this.#openLine('./reader-thread.ts', onEnded),
      restAfterMs: options.readerRestsAfterMs ?? READER_RESTS_AFTER_MS,
      onFailed,
    });
  }

  get state(): SqliteState {
    return this.#state;
  }

  async opened(): Promise<void> {
    try {
      await this.#writer.opened;
    } catch (error) {
      await this.#writer.close();
      const reason = error instanceof Error ? error.message : String(error);
      const isDamaged = error instanceof WriteFailedError && error.isDamaged;
      const message = `The database ${this.path} cannot be opened: ${reason}.`;
      throw new CannotOpenError(this.path, message, { isDamaged, cause: error });
    }
  }

  async write(unit: readonly Statement[]): Promise<StatementResult[]> {
    this.#refuseWhenClosed();
    if (unit.length === 0) return [];
    return (await this.#writer.request({ kind: 'write', statements: unit.map(ownStatement) })) as StatementResult[];
  }

  async read<T>(sql: string, params: readonly SqliteValue[] = []): Promise<T[]> {
    this.#refuseWhenClosed();
    const own = params.map(ownValue);
    if (!this.#threadOptions.exclusive) return (await this.#reader.read(sql, own)) as T[];
    return (await this.#writer.request({ kind: 'read', sql, params: own })) as T[];
  }

  async look<T>(sql: string, params: readonly SqliteValue[] = []): Promise<T[]> {
    this.#refuseWhenClosed();
    if (!this.#threadOptions.exclusive) {
      const own = params.map(ownValue);
      if (this.#reader.isAwake) return (await this.#reader.read(sql, own, { isLook: true })) as T[];
      if (this.#writer.waiting > FEW_WAITING || this.#isSlow(sql)) return (await this.#reader.read(sql, own)) as T[];
    }
    const request = { kind: 'look', sql, params: params.map(ownValue) } as const;
    const { rows, tookMs } = (await this.#writer.request(request)) as Looked;
    if (tookMs > SLOW_LOOK_MS) this.#slowUntilMs.set(sql, performance.now() + SLOW_FOR_MS);
    return rows as T[];
  }

  async acquire(): Promise<SqliteSession> {
    this.#refuseWhenClosed();
    const session = (await this.#writer.request({ kind: 'acquire' })) as number;
    return {
      execute: async (sql, params = []) => {
        const statement = ownStatement({ sql, params });
        return (await this.#writer.request({ kind: 'execute', session, statement })) as StatementResult;
      },
      // A thread that is gone has released everything.
      release: async () => void (await this.#writer.request({ kind: 'release', session }).catch(() => {})),
    };
  }

  close(): Promise<void> {
    this.#closed ??= this.#closeLines();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #closeLines(): Promise<void> {
    if (this.#state === 'open') this.#state = 'closed';
    // Last of all the writer: the last connection copies the log into the file and removes it.
    await this.#reader.close();
    await this.#writer.close();
  }

  #isSlow(sql: string): boolean {
    const untilMs = this.#slowUntilMs.get(sql);
    if (untilMs === undefined) return false;
    if (performance.now() < untilMs) return true;
    this.#slowUntilMs.delete(sql);
    return false;
  }

  #openLine(script: string, onFailed: () => void): Line {
    return new Line({
      script: new URL(script, import.meta.url),
      threadOptions: this.#threadOptions,
      maxInFlight: this.#maxInFlight,
      onFailed,
    });
  }

  #refuseWhenClosed(): void {
    if (this.#state !== 'open') throw new SqliteUnavailableError(`The database ${this.path} is ${this.#state}.`);
  }
}

function ownStatement({ sql, params, batch }: Statement): Statement {
  if (batch) return { sql, batch: batch.map(ownEntry) };
  return params ? { sql, params: ownEntry(params) } : { sql };
}

/** The same when there are no bytes in it: nothing else can change meanwhile. */
function ownEntry(entry: readonly SqliteValue[]): readonly SqliteValue[] {
  return entry.some((value) => value instanceof Uint8Array) ? entry.map(ownValue) : entry;
}

/** A small Buffer is a view of a large one that would travel whole; and the caller may write into it before it is sent. */
function ownValue(value: SqliteValue): SqliteValue {
  return value instanceof Uint8Array ? new Uint8Array(value) : value;
}
