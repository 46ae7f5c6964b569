import { SqliteUnavailableError } from './errors.ts';
import type { Line } from './line.ts';
import type { SqliteValue } from './sqlite.ts';

export interface ReaderOptions {
  readonly path: string;
  readonly openLine: (onEnded: () => void) => Line;
  readonly restAfterMs: number;
  /** A thread that read is gone without having been asked to go. */
  readonly onFailed: () => void;
}

/** How long reads are refused after a thread could not be started: each try takes a thread. */
const TRY_AGAIN_MS = 1_000;

/**
 * The thread that reads. It takes 10 MB, so that it is started by the first read, ended when none has come for a while, and started again by the
 * next. One that cannot be started or cannot open the file fails those who wait for it, and nothing else: there may be no descriptors left at the moment.
 */
export class Reader {
  readonly #options: ReaderOptions;
  #line: Line | null = null;
  readonly #ending = new Set<Promise<void>>();
  #lastReadMs = 0;
  #refusedUntilMs = 0;
  #resting: NodeJS.Timeout | undefined;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  get isAwake(): boolean {
    return this.#line !== null;
  }

  /** `isLook`: what does not keep it from resting. */
  read(sql: string, params: readonly SqliteValue[], { isLook = false } = {}): Promise<unknown> {
    if (!isLook) this.#lastReadMs = performance.now();
    const line = this.#line ?? this.#start();
    return line.request({ kind: 'read', sql, params });
  }

  async close(): Promise<void> {
    this.#end();
    await Promise.all(this.#ending);
  }

  #start(): Line {
    if (performance.now() < this.#refusedUntilMs) throw this.#unavailable();
    const onEnded = (): void => {
      if (this.#line === line) this.#line = null;
      if (line.hasOpened) this.#options.onFailed();
      else this.#refuse();
    };
    const line = this.#open(onEnded);
    // Told to every read that waits for it, by the end of the thread.
    line.opened.catch(() => {});
    this.#line = line;
    this.#lastReadMs = performance.now();
    this.#restIn(this.#options.restAfterMs);
    return line;
  }

  #open(onEnded: () => void): Line {
    try {
      return this.#options.openLine(onEnded);
    } catch (error) {
      this.#refuse();
      throw this.#unavailable(error);
    }
  }

  #refuse(): void {
    clearTimeout(this.#resting);
    this.#refusedUntilMs = performance.now() + TRY_AGAIN_MS;
  }

  #unavailable(cause?: unknown): SqliteUnavailableError {
    const message = `The database ${this.#options.path} cannot be read now: its thread could not be started.`;
    return new SqliteUnavailableError(message, { cause });
  }

  #restIn(ms: number): void {
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => this.#rest(), ms).unref();
  }

  #rest(): void {
    const leftMs = this.#lastReadMs + this.#options.restAfterMs - performance.now();
    if (leftMs > 0) this.#restIn(leftMs);
    else if (this.#line !== null && this.#line.waiting > 0) this.#restIn(this.#options.restAfterMs);
    else this.#end();
  }

  /** Whatever it was asked is answered first. */
  #end(): void {
    clearTimeout(this.#resting);
    const line = this.#line;
    this.#line = null;
    if (line === null) return;
    const ended = line.close().finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }
}
