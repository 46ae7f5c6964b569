/** Work of the house itself that comes again and again and that nobody waits for. */
export interface Housekeeping {
  /** Once is enough; a second time changes nothing. */
  start(): void;
  /** Aborted when it closes. */
  readonly signal: AbortSignal;
  /** Safe to call twice; work that is under way is waited for. */
  close(): Promise<void>;
}

export interface HousekeepingOptions {
  /** Never rejects; it ends soon once `signal` is aborted. */
  readonly work: () => Promise<void>;
  /** From the end of one run to the beginning of the next, milliseconds. */
  readonly everyMs: number;
  /** Before the first: a start has other things to do. */
  readonly firstAfterMs: number;
}

/** Runs `work` over and over, never twice at a time. It holds no process. */
export function createHousekeeping({ work, everyMs, firstAfterMs }: HousekeepingOptions): Housekeeping {
  const closing = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();

  const schedule = (delayMs: number): void => {
    if (closing.signal.aborted) return;
    timer = setTimeout(() => {
      running = work().then(() => schedule(everyMs));
    }, delayMs);
    timer.unref();
  };

  return {
    signal: closing.signal,
    start() {
      if (timer === undefined) schedule(firstAfterMs);
    },
    async close() {
      closing.abort();
      clearTimeout(timer);
      await running;
    },
  };
}
