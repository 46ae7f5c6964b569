import { setTimeout as sleep } from 'node:timers/promises';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import type { SignalName } from '@tracepost/contracts';
import type { Filling, Parcel, SendOutcome } from './filling.ts';
import type { SignalLedger } from './signal-ledger.ts';

export interface BatchQueueOptions<T> {
  readonly signal: SignalName;
  readonly ledger: SignalLedger;
  /** Gathers items into batches; a full one leaves without waiting. */
  readonly filling: Filling<T>;
  /** How many signals one item is; 1 when nothing is said. A collection of metrics is as many as it has points. */
  readonly sizeOf?: (item: T) => number;
  /** Full batches that may wait; past it the oldest is dropped and counted as `queue_full`. */
  readonly waitingBatches: number;
  /** How long an item waits for company, in milliseconds. */
  readonly delayMs: number;
}

interface Batch {
  readonly parcel: Parcel;
  failures: number;
  strikes: number;
  lastFailureAt: number;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
/** The receiver may ask for a longer one, up to here. */
const LONGEST_ASKED_PAUSE_MS = 60_000;
/** After so many failures in a row a batch lets those behind it try. */
const FAILURES_BEFORE_THE_NEXT = 5;
/** Failures while others got through: then it is the batch, not the receiver. */
const STRIKES = 3;

/**
 * Between the code that makes telemetry and whoever takes it: `push` is cheap and never throws, the rest happens beside it, one batch
 * at a time, retried with pauses that grow and differ. Always bounded; what does not fit is counted.
 */
export class BatchQueue<T> {
  readonly #options: BatchQueueOptions<T>;
  readonly #timer: NodeJS.Timeout;
  readonly #abort = new AbortController();
  #waiting: Batch[] = [];
  #underWay: Batch | null = null;
  #pumping: Promise<void> | null = null;
  #failuresInARow = 0;
  #lastSuccessAt = 0;
  #wake = new AbortController();
  #isPartialDue = false;
  #isClosing = false;
  #isClosed = false;

  constructor(options: BatchQueueOptions<T>) {
    this.#options = options;
    this.#timer = setInterval(() => this.#sendPartial(), options.delayMs);
    this.#timer.unref();
  }

  push(item: T): void {
    const { filling, ledger, signal, sizeOf } = this.#options;
    const size = sizeOf ? sizeOf(item) : 1;
    ledger.made(signal, size);
    if (this.#isClosed) {
      this.#drop('after_stop', size);
      return;
    }
    const fault = addTo(filling, item);
    if (fault) this.#drop(fault, size);
    if (filling.isFull) this.#seal();
  }

  /** Signals that are neither taken nor lost yet: in the batch being filled, in those that wait, and in the one under way. */
  get waiting(): number {
    if (this.#isClosed) return 0;
    let count = this.#options.filling.count + (this.#underWay?.parcel.count ?? 0);
    for (const { parcel } of this.#waiting) count += parcel.count;
    return count;
  }

  /** Ends the pause between two tries: the receiver is known to be there now. */
  retryNow(): void {
    this.#wake.abort();
    this.#wake = new AbortController();
  }

  /** Waits until all that was pushed before has left, at most `timeoutMs`; false when it has not. */
  async flush(timeoutMs: number): Promise<boolean> {
    let isLate = false;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        isLate = true;
        resolve();
      }, timeoutMs);
    });
    this.#sendPartial();
    this.retryNow();
    while (this.#pumping && !isLate) {
      await Promise.race([this.#pumping, late]);
      this.#sendPartial();
    }
    clearTimeout(timer);
    return this.#pumping === null;
  }

  /** Flushes, then counts what is left as lost (`stopped`). Safe to call twice. */
  async close(timeoutMs: number): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    clearInterval(this.#timer);
    await this.flush(timeoutMs);
    this.#isClosed = true;
    this.#abort.abort();
    this.retryNow();
    for (const batch of [this.#underWay, ...this.#waiting]) this.#drop('stopped', batch?.parcel.count ?? 0);
    this.#drop('stopped', this.#options.filling.count);
    this.#waiting = [];
    this.#underWay = null;
  }

  /** A full batch waits for its turn; when too many do, the oldest goes. */
  #seal(): void {
    this.#waiting.push(batchOf(this.#options.filling.seal()));
    if (this.#waiting.length > this.#options.waitingBatches) {
      const oldest = this.#waiting.shift();
      this.#drop('queue_full', oldest?.parcel.count ?? 0);
    }
    this.#startPump();
  }

  /**
   * What is there may leave although it is no full batch. While nobody takes anything it goes on filling up instead: many small
   * batches would push out the oldest long before there is as much as may wait.
   */
  #sendPartial(): void {
    this.#isPartialDue = this.#options.filling.count > 0;
    if (this.#isPartialDue || this.#waiting.length > 0) this.#startPump();
  }

  #startPump(): void {
    if (this.#pumping) return;
    // Outside of every request: what the sink does must not carry the ids of the span that happened to fill the batch.
    this.#pumping = context
      .with(suppressTracing(ROOT_CONTEXT), () => this.#pump())
      .finally(() => {
        this.#pumping = null;
      });
  }

  async #pump(): Promise<void> {
    // The caller is in the middle of a request: let it end first.
    await new Promise((resolve) => setImmediate(resolve));
    for (let batch = this.#next(); batch; batch = this.#next()) {
      const outcome = await this.#trySend(batch);
      if (this.#isClosed) return;
      this.#underWay = null;
      if (outcome.status === 'taken') {
        this.#failuresInARow = 0;
        this.#lastSuccessAt = performance.now();
        for (const { reason, count } of outcome.refused)
          this.#options.ledger.count(this.#options.signal, reason, count);
      } else {
        this.#putBack(batch, outcome.reason);
        await this.#pause(outcome.retryAfterMs);
      }
    }
  }

  #next(): Batch | null {
    this.#underWay = this.#isClosed ? null : (this.#waiting.shift() ?? this.#takePartial());
    return this.#underWay;
  }

  #takePartial(): Batch | null {
    const { filling } = this.#options;
    if (!this.#isPartialDue || filling.count === 0) return null;
    this.#isPartialDue = false;
    return batchOf(filling.seal());
  }

  async #trySend({ parcel }: Batch): Promise<SendOutcome> {
    try {
      return await parcel.send(this.#abort.signal);
    } catch {
      return { status: 'later', reason: 'send_failed' };
    }
  }

  #putBack(batch: Batch, reason: string): void {
    if (this.#lastSuccessAt > batch.lastFailureAt && batch.failures > 0) batch.strikes += 1;
    batch.failures += 1;
    batch.lastFailureAt = performance.now();
    this.#failuresInARow += 1;
    if (batch.strikes >= STRIKES) this.#drop(reason, batch.parcel.count);
    else if (batch.failures % FAILURES_BEFORE_THE_NEXT === 0) this.#waiting.push(batch);
    else this.#waiting.unshift(batch);
  }

  async #pause(retryAfterMs: number | undefined): Promise<void> {
    const growing = FIRST_PAUSE_MS * 2 ** Math.min(10, this.#failuresInARow - 1) * (0.5 + Math.random() / 2);
    const wanted = retryAfterMs ?? Math.min(growing, LONGEST_PAUSE_MS);
    const ms = Math.min(wanted, this.#isClosing ? FIRST_PAUSE_MS : LONGEST_ASKED_PAUSE_MS);
    await sleep(ms, undefined, { signal: this.#wake.signal, ref: false }).catch(() => {});
  }

  #drop(reason: string, count: number): void {
    this.#options.ledger.count(this.#options.signal, reason, count);
  }
}

/** Telemetry must not break what it looks at: an item that cannot be read is a loss, not an error. */
function addTo<T>(filling: Filling<T>, item: T): string | null {
  try {
    return filling.add(item);
  } catch {
    return 'unreadable';
  }
}

function batchOf(parcel: Parcel): Batch {
  return { parcel, failures: 0, strikes: 0, lastFailureAt: 0 };
}
