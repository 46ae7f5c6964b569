import type { Logger } from '@tracepost/telemetry';
import type { BrokerState } from '../broker.ts';

const PROBE_INTERVAL_MS = 500;

export interface AvailabilityOptions {
  /** Resolves when writing works. */
  readonly probe: () => Promise<void>;
  /** Nothing will ever be written again: trying makes no sense. */
  readonly isLost: () => boolean;
  readonly onChange: (state: BrokerState, cause: unknown) => void;
  readonly logger: Logger;
}

/** `ready` until something cannot be written; then tries again and again until it can. */
export class Availability {
  readonly #options: AvailabilityOptions;
  readonly #listeners = new Set<(state: BrokerState) => void>();
  #state: BrokerState = 'ready';
  #reason = '';
  #timer: NodeJS.Timeout | undefined;
  #change = Promise.withResolvers<void>();

  constructor(options: AvailabilityOptions) {
    this.#options = options;
  }

  get state(): BrokerState {
    return this.#state;
  }

  /** Why it is not ready. */
  get reason(): string {
    return this.#reason;
  }

  onChange(listener: (state: BrokerState) => void): () => void {
    // Of its own, so that the same function given twice is two listeners.
    const own = (state: BrokerState): void => listener(state);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  fail(cause: unknown): void {
    if (this.#state !== 'ready') return;
    this.#reason = cause instanceof Error ? cause.message : String(cause);
    this.#set('unreachable', cause);
    this.#probeLater();
  }

  /** Resolves with every change of state. */
  changed(): Promise<void> {
    return this.#change.promise;
  }

  close(): void {
    clearTimeout(this.#timer);
    if (this.#state === 'closed') return;
    this.#reason = 'the broker is closed';
    this.#set('closed', undefined);
  }

  #set(state: BrokerState, cause: unknown): void {
    this.#state = state;
    this.#options.onChange(state, cause);
    for (const listener of this.#listeners) this.#tell(listener, state);
    this.#change.resolve();
    this.#change = Promise.withResolvers<void>();
  }

  #tell(listener: (state: BrokerState) => void, state: BrokerState): void {
    try {
      listener(state);
    } catch (error) {
      this.#options.logger.error({ layer: 'queue', error }, "a listener of the broker's state threw");
    }
  }

  #probeLater(): void {
    if (this.#options.isLost()) return;
    this.#timer = setTimeout(async () => {
      const works = await this.#options.probe().then(
        () => true,
        () => false,
      );
      if (this.#state !== 'unreachable') return;
      if (works) this.#set('ready', undefined);
      else this.#probeLater();
    }, PROBE_INTERVAL_MS);
  }
}
