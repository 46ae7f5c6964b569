import { AsyncLocalStorage } from 'node:async_hooks';
import { type Delivery, DeliveryLostError, type IncomingMessage, type Subscription } from '../broker.ts';
import { type Entry, GIVEN_BACK } from './entry.ts';

export type Settlement = 'ack' | 'requeue' | 'reject';

interface ConsumerOptions {
  readonly subscription: Subscription;
  /** Told once for each entry that was reserved; `isDelivered` says whether the consumer has ever seen it. */
  readonly onSettled: (entry: Entry, settlement: Settlement, hold: Hold) => void;
  readonly onHandlerError: (error: unknown) => void;
}

export interface Hold {
  readonly wasRedelivered: boolean;
  isDelivered: boolean;
  /** Tells whoever works on it that it was taken back; set once anybody wants to know. */
  lose?: () => void;
}

/** One subscription: what it holds, never more than its prefetch. */
export class Consumer {
  readonly #options: ConsumerOptions;
  readonly #held = new Map<Entry, Hold>();
  /** Deliveries run where the consumer was made, not in the context of whoever happened to publish. */
  readonly #inOwnContext = AsyncLocalStorage.snapshot();
  #handlersAtWork = 0;
  #isOpen = true;
  #onIdle: (() => void) | null = null;

  constructor(options: ConsumerOptions) {
    this.#options = options;
  }

  get hasCredit(): boolean {
    return this.#isOpen && this.#held.size < this.#options.subscription.prefetch;
  }

  get heldCount(): number {
    return this.#held.size;
  }

  reserve(entry: Entry): void {
    this.#held.set(entry, { wasRedelivered: entry.state === GIVEN_BACK, isDelivered: false });
  }

  /** Gives a reserved entry back when it cannot be delivered now. */
  cancel(entry: Entry): void {
    this.#settle(entry, 'requeue');
  }

  /** Forgets a reserved entry whose content is gone. */
  discard(entry: Entry): void {
    this.#settle(entry, 'ack');
  }

  deliver(entry: Entry, message: IncomingMessage): void {
    const hold = this.#held.get(entry);
    if (!hold) return;
    hold.isDelivered = true;
    const delivery = this.#createDelivery(entry, hold, message);
    this.#inOwnContext(() => void this.#handle(delivery));
  }

  /** No more deliveries; resolves when handlers and deliveries are done, or when the deadline has given back what was left. */
  async close(deadlineMs: number): Promise<void> {
    this.#isOpen = false;
    for (const [entry, hold] of this.#held) if (!hold.isDelivered) this.#settle(entry, 'requeue');
    if (deadlineMs > 0) await this.#idleWithin(deadlineMs);
    for (const [entry, { lose }] of this.#held) {
      this.#settle(entry, 'requeue');
      lose?.();
    }
  }

  async #idleWithin(deadlineMs: number): Promise<void> {
    if (this.#isIdle) return;
    const idle = Promise.withResolvers<void>();
    this.#onIdle = idle.resolve;
    const timer = setTimeout(idle.resolve, deadlineMs);
    await idle.promise;
    clearTimeout(timer);
  }

  get #isIdle(): boolean {
    return this.#held.size === 0 && this.#handlersAtWork === 0;
  }

  #createDelivery(entry: Entry, hold: Hold, message: IncomingMessage): Delivery {
    const isHeld = () => this.#held.get(entry) === hold;
    let isSettled = false;
    let lost: AbortController | undefined;
    const settle = (settlement: Settlement) => {
      if (isSettled) return;
      isSettled = true;
      this.#settle(entry, settlement);
    };
    return {
      message,
      redelivered: hold.wasRedelivered,
      get isSettled() {
        return isSettled || !isHeld();
      },
      deliveryCount: entry.failures,
      /** Made for those who ask: most deliveries are settled before anybody does. */
      get lost() {
        if (lost) return lost.signal;
        const created = new AbortController();
        lost = created;
        hold.lose = () => created.abort(new DeliveryLostError());
        if (!isSettled && !isHeld()) hold.lose();
        return created.signal;
      },
      ack: () => settle('ack'),
      requeue: () => settle('requeue'),
      reject: () => settle('reject'),
    };
  }

  async #handle(delivery: Delivery): Promise<void> {
    this.#handlersAtWork += 1;
    try {
      await this.#options.subscription.onDelivery(delivery);
    } catch (error) {
      this.#options.onHandlerError(error);
      delivery.reject();
    }
    this.#handlersAtWork -= 1;
    this.#tellIdle();
  }

  #settle(entry: Entry, settlement: Settlement): void {
    const hold = this.#held.get(entry);
    if (!hold) return;
    this.#held.delete(entry);
    this.#options.onSettled(entry, settlement, hold);
    this.#tellIdle();
  }

  #tellIdle(): void {
    if (this.#isIdle) this.#onIdle?.();
  }
}
