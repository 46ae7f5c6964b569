import type { Entry } from './entry.ts';
import type { ReadyList } from './ready-list.ts';

/** At a time: after a long stop everything may be due, and it is all read into memory on its way. */
const BATCH = 256;
/** A longer timer fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Watches one queue for messages that have waited long enough, with one timer for all. */
export class Expiry {
  readonly #ready: ReadyList;
  readonly #expire: (entries: readonly Entry[]) => Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #armedFor = Number.POSITIVE_INFINITY;
  #isMoving = false;
  #isClosed = false;

  /** `expire` takes them away and never rejects. */
  constructor(ready: ReadyList, expire: (entries: readonly Entry[]) => Promise<void>) {
    this.#ready = ready;
    this.#expire = expire;
  }

  /** To be called whenever something has come into the queue. */
  arm(): void {
    const dueAt = this.#ready.nextDueAt;
    if (dueAt === null || this.#isMoving || this.#isClosed || dueAt >= this.#armedFor) return;
    clearTimeout(this.#timer);
    this.#armedFor = dueAt;
    const waitMs = Math.max(0, Math.ceil(dueAt - performance.now()));
    this.#timer = setTimeout(() => void this.#moveDue(), Math.min(waitMs, LONGEST_TIMER_MS));
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #moveDue(): Promise<void> {
    this.#armedFor = Number.POSITIVE_INFINITY;
    this.#isMoving = true;
    const due = this.#ready.takeDue(performance.now(), BATCH);
    if (due.length > 0) await this.#expire(due);
    this.#isMoving = false;
    this.arm();
  }
}
