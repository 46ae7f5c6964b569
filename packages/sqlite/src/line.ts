import { getCompileCacheDir } from 'node:module';
import { setImmediate } from 'node:timers';
import { Worker } from 'node:worker_threads';
import { OverloadedError, SqliteUnavailableError, StatementRefusedError, WriteFailedError } from './errors.ts';
import { OPENED, type Reply, type ReplyError, type Request, type ThreadOptions } from './protocol.ts';

const CLOSE_DEADLINE_MS = 10_000;
/** Far more than it ever needs. Where V8 may use more than that, it takes 2 MB more for each thread from the start. */
const HEAP_LIMIT_MB = 1_024;

export interface LineOptions {
  readonly script: URL;
  readonly threadOptions: ThreadOptions;
  readonly maxInFlight: number;
  /** The thread is gone without having been asked to go; everything pending has been rejected. */
  readonly onFailed: () => void;
}

type WithoutId<T> = T extends { readonly id: number } ? Omit<T, 'id'> : never;

/**
 * Emptied when it is answered: where entries come and go that fast, V8 keeps old tables of a map until the next full collection, and with each
 * entry in them everything that waited for its answer, such as the rows of a batch.
 */
interface Pending {
  asker: { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void } | null;
}

/** The calling thread's side of a database thread: numbers the requests and sends those of one turn in one message. */
export class Line {
  /** Resolves when the thread has opened the file; rejects with what kept it from that. */
  readonly opened: Promise<unknown>;
  readonly #options: LineOptions;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  readonly #pending = new Map<number, Pending>();
  #outgoing: Request[] = [];
  #lastId = OPENED;
  #failure: SqliteUnavailableError | null = null;
  #closed: Promise<void> | null = null;
  #hasOpened = false;

  constructor(options: LineOptions) {
    this.#options = options;
    // Flags are not passed on: `--import` of an SDK would load it into every database thread.
    this.#worker = new Worker(options.script, {
      workerData: options.threadOptions,
      execArgv: [],
      env: threadEnvironment(),
      resourceLimits: { maxOldGenerationSizeMb: HEAP_LIMIT_MB },
    });
    this.opened = new Promise((resolve, reject) => this.#pending.set(OPENED, { asker: { resolve, reject } }));
    this.#worker.on('message', (replies: Reply[]) => this.#settle(replies));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#fail(undefined);
        resolve();
      });
    });
  }

  request(request: WithoutId<Request>): Promise<unknown> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#isFull(request.kind)) {
      const { maxInFlight, threadOptions } = this.#options;
      return Promise.reject(new OverloadedError(`${maxInFlight} requests wait for ${threadOptions.path} already.`));
    }
    this.#lastId += 1;
    const id = this.#lastId;
    if (this.#outgoing.push({ ...request, id } as Request) === 1) setImmediate(() => this.#flush());
    return new Promise((resolve, reject) => this.#pending.set(id, { asker: { resolve, reject } }));
  }

  /** As `opened` says, but at once: a thread may open the file and end within one turn. */
  get hasOpened(): boolean {
    return this.#hasOpened;
  }

  /** Requests that have no answer yet. */
  get waiting(): number {
    return this.#pending.size;
  }

  close(): Promise<void> {
    this.#closed ??= this.#drain();
    return this.#closed;
  }

  /** A session that is under way must be able to end. */
  #isFull(kind: Request['kind']): boolean {
    const isNew = kind === 'write' || kind === 'read' || kind === 'look' || kind === 'acquire';
    return isNew && this.#pending.size >= this.#options.maxInFlight;
  }

  #flush(): void {
    if (!this.#failure) this.#worker.postMessage(this.#outgoing);
    this.#outgoing = [];
  }

  #settle(replies: readonly Reply[]): void {
    for (const reply of replies) {
      const pending = this.#pending.get(reply.id);
      this.#pending.delete(reply.id);
      if (!pending) continue;
      if (reply.id === OPENED) this.#hasOpened = !('error' in reply);
      if ('error' in reply) pending.asker?.reject(toError(reply.error));
      else pending.asker?.resolve(reply.value);
      pending.asker = null;
    }
  }

  #fail(cause: unknown): void {
    if (this.#failure) return;
    const { path } = this.#options.threadOptions;
    const what = this.#closed ? 'was closed' : 'failed: its thread has ended';
    this.#failure = new SqliteUnavailableError(`The database ${path} ${what}.`, { cause });
    for (const { asker } of this.#pending.values()) asker?.reject(this.#failure);
    this.#pending.clear();
    if (!this.#closed) this.#options.onFailed();
  }

  async #drain(): Promise<void> {
    const deadline = setTimeout(() => void this.#worker.terminate(), CLOSE_DEADLINE_MS);
    // The thread may be gone already; then there is nothing left to drain.
    await this.request({ kind: 'close' }).catch(() => {});
    await this.#exited;
    clearTimeout(deadline);
  }
}

function toError({ kind, message, sqliteCode }: ReplyError): Error {
  if (kind === 'refused') return new StatementRefusedError(message, sqliteCode);
  if (kind === 'failed' || kind === 'cannot-open') return new WriteFailedError(message, sqliteCode);
  return new SqliteUnavailableError(message);
}

/** Nothing of the process's own but where compiled code lies: without it each thread loads a compiler of its own, 15 MB. */
function threadEnvironment(): NodeJS.ProcessEnv {
  const folder = getCompileCacheDir();
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };
}
