import { NO_USAGE } from '@tracepost/contracts';
import { CancelledError } from '../failures.ts';
import type { AttemptControls, AttemptOutcome, ReceivedAttempt } from '../runner.ts';

export interface HostedRunOptions {
  readonly number: number;
  readonly received: ReceivedAttempt;
  readonly controls: AttemptControls;
  /** Of this attempt, milliseconds. */
  readonly timeoutMs: number;
  /** Passes an abort on to the thread. */
  readonly onAbort: (cancelledBy: string | null) => void;
  /** The thread should have told an outcome by now; what it is if it does not. */
  readonly onOverdue: (run: HostedRun, verdict: AttemptOutcome) => void;
}

/** The thread's own timer comes first, when its loop turns. */
const OVERDUE_AFTER_MS = 250;
/** A handler that was cancelled has this long inside the thread. */
const CANCEL_GRACE_MS = 5_000;
/** A longer timer fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** One attempt in a thread, seen from outside: it ends once, by the thread's word or without it. */
export class HostedRun {
  readonly number: number;
  readonly notificationType: string;
  readonly controls: AttemptControls;
  readonly outcome: Promise<AttemptOutcome>;
  /** What becomes of it when its thread does not say. */
  verdict: AttemptOutcome | null = null;
  readonly #options: HostedRunOptions;
  readonly #timers: NodeJS.Timeout[] = [];
  #resolve: (outcome: AttemptOutcome) => void = () => {};
  #isOver = false;

  constructor(options: HostedRunOptions) {
    this.#options = options;
    this.number = options.number;
    this.controls = options.controls;
    this.notificationType = options.received.notification.notificationType;
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    const { timeoutMs, controls } = options;
    const error = { code: 'timed_out', message: `the attempt took longer than ${timeoutMs} ms` };
    this.#expect(timeoutMs, { status: 'timed_out', error, usage: { ...NO_USAGE } });
    controls.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  end(outcome: AttemptOutcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.controls.signal.removeEventListener('abort', this.#onAbort);
    this.#resolve(outcome);
  }

  readonly #onAbort = (): void => {
    const { reason } = this.controls.signal;
    const isCancelled = reason instanceof CancelledError;
    this.#options.onAbort(isCancelled ? reason.by : null);
    if (isCancelled) this.#expect(CANCEL_GRACE_MS, { status: 'cancelled', usage: { ...NO_USAGE } });
    else this.#expect(0, { status: 'stopped' });
  };

  #expect(afterMs: number, verdict: AttemptOutcome): void {
    const overdue = () => this.#options.onOverdue(this, verdict);
    this.#timers.push(setTimeout(overdue, Math.min(afterMs + OVERDUE_AFTER_MS, LONGEST_TIMER_MS)));
  }
}
