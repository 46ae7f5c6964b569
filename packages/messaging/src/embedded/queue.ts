import type { IncomingMessage, QueueSpec, QueueState } from '../broker.ts';
import type { Consumer } from './consumer.ts';
import { ttlOf } from './due.ts';
import type { Content, Entry } from './entry.ts';
import { Expiry } from './expiry.ts';
import { Rate } from './rate.ts';
import { ReadyList } from './ready-list.ts';

/** What a transient queue may hold; past it the oldest go, since nobody looked at them in time. */
const TRANSIENT_LIMIT_BYTES = 16 * 1024 * 1024;
/** How many of the next ones may be read along with those that are delivered now. */
const READ_AHEAD = 64;

export interface QueueOptions {
  readonly spec: QueueSpec;
  /** Row of a durable queue; null for a transient one, which is in memory only. */
  readonly id: number | null;
  /** Makes entries fit to be delivered: marked in the file, contents at hand. Null when they have to wait. */
  readonly prepare: (
    entries: readonly Entry[],
    next: () => readonly Entry[],
  ) => Promise<ReadonlyMap<Content, IncomingMessage> | null>;
  /** Takes away what has waited long enough. */
  readonly expire: (entries: readonly Entry[]) => Promise<void>;
  /** Nothing can be delivered at present; whoever says so pumps again when it can. */
  readonly isPaused: () => boolean;
}

/** One queue in memory: what is ready, and who gets it. */
export class Queue {
  readonly spec: QueueSpec;
  readonly id: number | null;
  /** Counts what was published to it, and not what came from another queue. */
  readonly published = new Rate();
  readonly #delivered = new Rate();
  readonly #options: QueueOptions;
  readonly #ready = new ReadyList();
  readonly #consumers: Consumer[] = [];
  /** Consumers that close are still working on what they hold. */
  readonly #leaving = new Set<Consumer>();
  #turn = 0;
  /** Published and not committed yet: they count towards the limit, and are not there yet. */
  #coming = 0;
  #isScheduled = false;
  #delivering: Promise<void> = Promise.resolve();
  /** Null where messages may wait for ever. */
  readonly #expiry: Expiry | null;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.spec = options.spec;
    this.id = options.id;
    this.#expiry = ttlOf(options.spec) === null ? null : new Expiry(this.#ready, options.expire);
  }

  get name(): string {
    return this.spec.name;
  }

  get ready(): number {
    return this.#ready.size;
  }

  get state(): QueueState {
    return {
      ready: this.ready,
      consumers: this.#consumers.length,
      unacknowledged: this.unacknowledged,
      publishRate: this.published.perSecond,
      deliverRate: this.#delivered.perSecond,
    };
  }

  get unacknowledged(): number {
    return [...this.#consumers, ...this.#leaving].reduce((sum, consumer) => sum + consumer.heldCount, 0);
  }

  /** A durable queue refuses when it is full; a transient one drops the oldest instead. */
  get isFull(): boolean {
    const { kind, maxLength } = this.spec;
    return kind === 'durable' && maxLength !== undefined && this.#ready.size + this.#coming >= maxLength;
  }

  expect(): void {
    this.#coming += 1;
  }

  /** What was expected has come, or never will. */
  unexpect(): void {
    this.#coming -= 1;
  }

  add(entry: Entry): void {
    this.#ready.add(entry);
    if (this.spec.kind === 'transient') this.#dropOldest(this.spec.maxLength);
    this.#expiry?.arm();
    this.pump();
  }

  addConsumer(consumer: Consumer): void {
    this.#consumers.push(consumer);
    this.pump();
  }

  /** The consumer gets nothing more; `done` is the end of what it holds. */
  removeConsumer(consumer: Consumer, done: Promise<void>): void {
    const index = this.#consumers.indexOf(consumer);
    if (index !== -1) this.#consumers.splice(index, 1);
    this.#leaving.add(consumer);
    void done.then(() => this.#leaving.delete(consumer));
  }

  /** No more timers; what is due later is found due by the next process. */
  close(): void {
    this.#expiry?.close();
  }

  /** Delivers what can be delivered, once this turn's settlements are all in. */
  pump(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    if (this.#options.isPaused()) return;
    const hands = this.#reserve();
    if (hands.length === 0) return;
    const entries = hands.map(({ entry }) => entry);
    const prepared = this.#options.prepare(entries, () => this.#ready.peek(READ_AHEAD));
    // One after the other, so that a slow read does not let later messages pass.
    this.#delivering = this.#delivering.then(async () => this.#deliver(hands, await prepared));
  }

  #reserve(): Hand[] {
    const hands: Hand[] = [];
    while (this.#ready.size > 0) {
      const consumer = this.#nextWithCredit();
      const entry = consumer && this.#ready.take();
      if (!consumer || !entry) break;
      consumer.reserve(entry);
      hands.push({ consumer, entry });
    }
    return hands;
  }

  #nextWithCredit(): Consumer | undefined {
    for (let tried = 0; tried < this.#consumers.length; tried += 1) {
      this.#turn = (this.#turn + 1) % this.#consumers.length;
      const consumer = this.#consumers[this.#turn];
      if (consumer?.hasCredit) return consumer;
    }
    return undefined;
  }

  #deliver(hands: readonly Hand[], messages: ReadonlyMap<Content, IncomingMessage> | null): void {
    for (const { consumer, entry } of hands) {
      const message = messages?.get(entry.content);
      if (message) {
        this.#delivered.add();
        consumer.deliver(entry, message);
      } else if (messages) consumer.discard(entry);
      else consumer.cancel(entry);
    }
  }

  #dropOldest(maxLength = Number.POSITIVE_INFINITY): void {
    while (this.#ready.size > maxLength || (this.#ready.size > 1 && this.#ready.bytes > TRANSIENT_LIMIT_BYTES)) {
      this.#ready.take();
    }
  }
}

interface Hand {
  readonly consumer: Consumer;
  readonly entry: Entry;
}
