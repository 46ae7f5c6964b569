import { type Sqlite, WriteFailedError } from '@tracepost/sqlite';
import type { Telemetry } from '@tracepost/telemetry';
import {
  type Broker,
  BrokerClosedError,
  type BrokerState,
  type Consumption,
  type OutgoingMessage,
  type PublishOutcome,
  type QueueSpec,
  type QueueState,
  type Subscription,
  type Topology,
} from '../broker.ts';
import { Availability } from './availability.ts';
import { Consumer } from './consumer.ts';
import { Contents } from './contents.ts';
import { DeadLetters } from './dead-letters.ts';
import { ttlOf } from './due.ts';
import { Journal } from './journal.ts';
import { dueAtOf, type Loaded, type LoadedEntry } from './load.ts';
import { Messages } from './messages.ts';
import { createPublisher, type Publisher } from './publisher.ts';
import { Queue } from './queue.ts';
import { Routes, topologyStatements } from './routes.ts';
import { tellLost } from './tell-lost.ts';

const MEMORY_LIMIT_BYTES = 64 * 1024 * 1024;
const CONFIRM_TIMEOUT_MS = 5_000;
const MAX_UNCONFIRMED = 10_000;
const CLOSE_DEADLINE_MS = 10_000;

export interface EmbeddedBrokerParts {
  readonly database: Sqlite;
  readonly telemetry: Telemetry;
  readonly loaded: Loaded;
  readonly memoryLimitBytes?: number;
  readonly confirmTimeoutMs?: number;
  readonly maxUnconfirmed?: number;
}

/** The port on one database: this class knows the names, the parts that it wires do the work. */
export class EmbeddedBroker implements Broker {
  readonly #database: Sqlite;
  readonly #telemetry: Telemetry;
  readonly #routes = new Routes();
  readonly #queues = new Map<string, Queue>();
  readonly #availability: Availability;
  readonly #journal: Journal;
  readonly #messages: Messages;
  readonly #deadLetters: DeadLetters;
  readonly #publisher: Publisher;
  readonly #consumptions = new Set<Consumption>();
  /** What is in queues that have to be declared again first, by their ids. */
  readonly #undescribed = new Map<number, LoadedEntry[]>();
  /** Declarations take turns: each looks at what is there and then adds to it. */
  #declaring: Promise<void> = Promise.resolve();
  #declared = Promise.withResolvers<void>();
  #isClosing = false;
  #closed: Promise<void> | null = null;

  constructor({ database, telemetry, loaded, ...options }: EmbeddedBrokerParts) {
    this.#database = database;
    this.#telemetry = telemetry;
    this.#availability = new Availability({
      probe: () => this.#journal.probe(),
      isLost: () => database.state !== 'open',
      onChange: (state, cause) => this.#stateChanged(state, cause),
      logger: telemetry.logger,
    });
    const onFailure = (error: unknown) => this.#availability.fail(error);
    this.#journal = new Journal({ database, onFailure });
    const contents = new Contents({ database, limitBytes: options.memoryLimitBytes ?? MEMORY_LIMIT_BYTES });
    this.#deadLetters = new DeadLetters({
      contents,
      messages: () => this.#messages,
      findQueue: (name) => this.#queues.get(name),
      onGone: (queue, count) => tellLost(telemetry, queue.name, count),
    });
    this.#messages = new Messages({
      journal: this.#journal,
      contents,
      onFailure,
      onGone: (queue, count) => tellLost(telemetry, queue.name, count),
      onPastLimit: (queue, entry) => void this.#deadLetters.take(queue, [entry], 'delivery_limit'),
      lastEntryId: loaded.entries.at(-1)?.entry.id ?? 0,
      lastContentId: loaded.lastContentId,
    });
    this.#publisher = createPublisher({
      routes: this.#routes,
      messages: this.#messages,
      availability: this.#availability,
      findQueue: (name) => this.#queues.get(name),
      confirmTimeoutMs: options.confirmTimeoutMs ?? CONFIRM_TIMEOUT_MS,
      maxUnconfirmed: options.maxUnconfirmed ?? MAX_UNCONFIRMED,
    });
    this.#restore(loaded);
  }

  get state(): BrokerState {
    return this.#availability.state;
  }

  get stateReason(): string | null {
    return this.state === 'unreachable' ? this.#availability.reason : null;
  }

  onStateChange(listener: (state: BrokerState) => void): () => void {
    return this.#availability.onChange(listener);
  }

  declare(topology: Topology): Promise<void> {
    const declared = this.#declaring.then(() => this.#declare(topology));
    this.#declaring = declared.catch(() => {});
    return declared;
  }

  publish(message: OutgoingMessage): Promise<PublishOutcome> {
    return this.#publisher.publish(message);
  }

  async consume(subscription: Subscription): Promise<Consumption> {
    const queue = await this.#waitForQueue(subscription.queue);
    const consumer = new Consumer({
      subscription,
      onSettled: (entry, settlement, hold) => this.#messages.settle(queue, entry, settlement, hold),
      onHandlerError: (error) => this.#logHandlerError(queue, error),
    });
    queue.addConsumer(consumer);
    let closed: Promise<void> | null = null;
    const isConsuming = (): boolean => closed === null && this.state === 'ready';
    const consumption: Consumption = {
      get isConsuming() {
        return isConsuming();
      },
      close: ({ deadlineMs = CLOSE_DEADLINE_MS } = {}) => {
        if (closed) return closed;
        closed = consumer.close(deadlineMs).finally(() => this.#consumptions.delete(consumption));
        queue.removeConsumer(consumer, closed);
        return closed;
      },
    };
    this.#consumptions.add(consumption);
    return consumption;
  }

  async inspect(queue: string): Promise<QueueState | null> {
    return this.state === 'closed' ? null : (this.#queues.get(queue)?.state ?? null);
  }

  close(): Promise<void> {
    this.#closed ??= this.#drain();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #declare(topology: Topology): Promise<void> {
    const missing = this.#routes.missing(topology);
    const ids = await this.#writeTopology(missing);
    for (const spec of missing.queues) this.#fill(this.#addQueue(spec, ids.get(spec.name) ?? null));
    this.#routes.add(missing);
    this.#deadLetters.retry();
    this.#declared.resolve();
    this.#declared = Promise.withResolvers<void>();
  }

  /** Waits while nothing can be written. The ids of the new durable queues, by name. */
  async #writeTopology(missing: Required<Topology>): Promise<ReadonlyMap<string, number>> {
    const statements = topologyStatements(missing, this.#routes);
    for (;;) {
      if (this.#availability.state === 'closed') throw new BrokerClosedError();
      try {
        const results = await this.#database.write(statements);
        return new Map(results.flatMap(({ rows }) => rows).map(({ id, name }) => [String(name), Number(id)]));
      } catch (error) {
        if (!(error instanceof WriteFailedError)) throw error;
        this.#availability.fail(error);
        await this.#availability.changed();
      }
    }
  }

  #addQueue(spec: QueueSpec, id: number | null): Queue {
    const queue: Queue = new Queue({
      spec,
      id,
      prepare: (entries, next) => this.#messages.prepare(queue, entries, next),
      expire: (entries) => this.#deadLetters.take(queue, entries, 'expired'),
      isPaused: () => this.#availability.state === 'unreachable',
    });
    this.#queues.set(spec.name, queue);
    return queue;
  }

  #restore({ exchanges, queues, undescribed, bindings, entries }: Loaded): void {
    this.#routes.add({ exchanges, queues: queues.map(({ spec }) => spec), bindings });
    const byId = new Map(queues.map(({ id, spec }) => [id, this.#addQueue(spec, id)]));
    for (const { id } of undescribed) this.#undescribed.set(id, []);
    for (const loaded of entries) {
      const queue = byId.get(loaded.queue);
      if (queue) this.#messages.putBack(queue, loaded.entry);
      else this.#undescribed.get(loaded.queue)?.push(loaded);
    }
    for (const { id, name } of undescribed) this.#tellUndescribed(name, this.#undescribed.get(id)?.length ?? 0);
  }

  /** With what waited for its description. */
  #fill(queue: Queue): void {
    const waiting = (queue.id !== null && this.#undescribed.get(queue.id)) || [];
    if (queue.id !== null) this.#undescribed.delete(queue.id);
    const ttlMs = ttlOf(queue.spec);
    for (const { entry, dueAtClock } of waiting) {
      this.#messages.putBack(queue, { ...entry, dueAt: dueAtOf(dueAtClock, ttlMs) });
    }
  }

  async #waitForQueue(name: string): Promise<Queue> {
    for (;;) {
      if (this.#isClosing) throw new BrokerClosedError();
      const queue = this.#queues.get(name);
      if (queue) return queue;
      await this.#declared.promise;
    }
  }

  async #drain(): Promise<void> {
    this.#isClosing = true;
    this.#declared.resolve();
    // Handlers that are still at work may publish until they are done.
    await Promise.all([...this.#consumptions].map((consumption) => consumption.close()));
    for (const queue of this.#queues.values()) queue.close();
    this.#availability.close();
    await this.#deadLetters.settled();
    await this.#journal.barrier().catch(() => {});
    await this.#database.close();
  }

  #stateChanged(state: BrokerState, cause: unknown): void {
    const { logger } = this.#telemetry;
    if (state === 'unreachable') logger.error({ layer: 'queue', error: cause }, 'the queue file takes no writes');
    if (state !== 'ready') return;
    logger.info({ layer: 'queue' }, 'the queue file takes writes again');
    this.#deadLetters.retry();
    for (const queue of this.#queues.values()) queue.pump();
  }

  #tellUndescribed(queue: string, count: number): void {
    this.#telemetry.logger.warn(
      { layer: 'queue', queue, count },
      `What the queue file said of ${queue} cannot be read any more: ${count} messages in it wait until it is declared`,
    );
  }

  #logHandlerError(queue: Queue, error: unknown): void {
    this.#telemetry.logger.error({ layer: 'queue', error }, `a consumer of ${queue.name} failed with a message`);
  }
}
