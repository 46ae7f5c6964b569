export interface PulseOptions {
  /** Asks the thread to answer; its answer is told to `answered`. */
  readonly ask: () => void;
  readonly stallMs: number;
  /** Called once for each silence that grows longer than `stallMs`. */
  readonly onStall: (silentMs: number) => void;
  /** Called when such a silence has ended. */
  readonly onBack: (silentMs: number) => void;
}

const ASK_EVERY_MS = 1_000;

/** Knows whether the event loop of a thread turns, by asking it. */
export class Pulse {
  readonly #options: PulseOptions;
  #timer: NodeJS.Timeout | null = null;
  #askedAt: number | null = null;
  #isStallTold = false;
  #listeners = new Set<() => void>();

  constructor(options: PulseOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#timer) return;
    const { stallMs } = this.#options;
    this.#ask();
    this.#timer = setInterval(() => void this.#look(), Math.min(ASK_EVERY_MS, Math.max(10, stallMs / 2)));
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  answered(): void {
    const silentMs = this.#askedAt === null ? 0 : performance.now() - this.#askedAt;
    this.#askedAt = null;
    if (this.#isStallTold) this.#options.onBack(silentMs);
    this.#isStallTold = false;
    for (const listener of this.#listeners) listener();
  }

  /** Does it answer within that time? */
  async probe(withinMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (isAlive: boolean): void => {
        clearTimeout(timer);
        this.#listeners.delete(onAnswer);
        resolve(isAlive);
      };
      const onAnswer = (): void => end(true);
      this.#listeners.add(onAnswer);
      const timer = setTimeout(() => void ownTurn().then(() => end(false)), withinMs);
      this.#ask();
    });
  }

  #ask(): void {
    if (this.#askedAt !== null) return;
    this.#askedAt = performance.now();
    this.#options.ask();
  }

  async #look(): Promise<void> {
    await ownTurn();
    if (this.#askedAt === null) return this.#ask();
    const silentMs = performance.now() - this.#askedAt;
    if (silentMs < this.#options.stallMs || this.#isStallTold) return;
    this.#isStallTold = true;
    this.#options.onStall(silentMs);
  }
}

/** If it was this very loop that stood still, answers have been waiting for it: they are read first. */
function ownTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
