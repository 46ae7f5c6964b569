import type { Telemetry } from '@tracepost/telemetry';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
/** Without a new failure for so long the trouble counts as over, even when nothing was written since. */
const FORGIVEN_AFTER_MS = 10_000;
const TOLD_AGAIN_AFTER_MS = 10_000;

/** Remembers whether writing works: for readiness, for the length of the pause after a failure, and for the log. */
export class StoreHealth {
  readonly #logger: Telemetry['logger'];
  #failures = 0;
  #reason = '';
  #failedAtMs = 0;
  #toldAtMs = 0;

  constructor({ logger }: Pick<Telemetry, 'logger'>) {
    this.#logger = logger;
  }

  get state(): { readonly isReady: boolean; readonly message: string } {
    if (this.#failures === 0 || Date.now() - this.#failedAtMs > FORGIVEN_AFTER_MS) {
      return { isReady: true, message: 'records are written' };
    }
    return { isReady: false, message: `records cannot be written: ${this.#reason}` };
  }

  worked(): void {
    if (this.#failures === 0) return;
    this.#logger.info({ layer: 'store', result: 'success', failures: this.#failures }, 'Records are written again');
    this.#failures = 0;
    this.#toldAtMs = 0;
  }

  /** Gives how long to wait before the next try, in milliseconds: doubling, and never the same for two recorders. */
  failed(error: unknown): number {
    this.#failures++;
    this.#failedAtMs = Date.now();
    this.#reason = error instanceof Error ? error.message : String(error);
    if (this.#failedAtMs - this.#toldAtMs > TOLD_AGAIN_AFTER_MS) {
      this.#toldAtMs = this.#failedAtMs;
      this.#logger.error(
        { layer: 'store', result: 'error', failures: this.#failures, error },
        'Records cannot be written; what was delivered goes back to the queue',
      );
    }
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#failures - 1, 10));
    return pauseMs * (0.5 + Math.random() / 2);
  }
}
