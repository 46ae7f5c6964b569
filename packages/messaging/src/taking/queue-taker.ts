import { setTimeout as sleep } from 'node:timers/promises';
import type { Telemetry } from '@tracepost/telemetry';
import type { Broker, Consumption, Delivery, IncomingMessage, Topology } from '../broker.ts';
import { MESSAGING_SYSTEM } from '../messaging-system.ts';
import { Batcher } from './batcher.ts';
import { type ParkReason, park } from './park.ts';
import type { StoreHealth } from './store-health.ts';
import { waitForStore } from './wait-for-store.ts';

/** How messages of one queue are read and stored. */
export interface Taking<T> {
  readonly queue: string;
  /** Where a message is put aside that nobody can read or store. */
  readonly parkedQueue: string;
  /** Both queues, and what leads to the first. */
  readonly topology: Topology;
  /** What a message says; never throws. */
  read(message: IncomingMessage): { readonly item: T } | { readonly unreadable: string };
  /** Resolves when all of it is stored; storing something again changes nothing. */
  store(items: readonly T[]): Promise<void>;
  /** Of an error of `store`: something among them can never be stored, so that trying again is of no use. */
  isRefused(error: unknown): boolean;
  /** Rejects while the store cannot answer. */
  ping(): Promise<void>;
  /** How much of one `store` an item is; 1 when it is not said. */
  sizeOf?(item: T): number;
  /** Most of one `store`; an item that is larger goes alone. Without it, a batch. */
  readonly maxSize?: number;
  /** What of a refused item can be saved, before its message is put aside. */
  salvage?(item: T): Promise<void>;
  onParked?(reason: ParkReason, item: T | null): void;
}

export interface QueueTakerOptions<T> {
  readonly broker: Broker;
  readonly telemetry: Telemetry;
  readonly health: StoreHealth;
  readonly taking: Taking<T>;
  /** Most messages of one batch. */
  readonly batchSize: number;
  /** How long the first message of a batch waits for company. */
  readonly lingerMs: number;
  /** Most deliveries in hand at a time. */
  readonly prefetch: number;
  /** How long `close()` waits for what is in hand. */
  readonly drainMs: number;
}

interface Taken<T> {
  readonly delivery: Delivery;
  readonly item: T;
}

const SETTLE_MS = 2_000;
const NOT_PUT_ASIDE = new Error('the broker did not take a message that has to be put aside');

/**
 * Takes messages from a queue into a store, batch by batch. A message is acknowledged after the write that holds it; one that can never be
 * read or stored is put aside and holds up no other; while the store is away everything goes back. So whenever the process dies, nothing
 * is lost, and what comes twice is the store's to tell.
 */
export class QueueTaker<T> {
  readonly #options: QueueTakerOptions<T>;
  readonly #batcher: Batcher<Delivery>;
  readonly #closing = new AbortController();
  #starting: Promise<void> | undefined;
  #ending: Promise<void> | undefined;
  #consumption: Consumption | undefined;
  /** The last that the health heard from here is that something could not be put aside. */
  #isParkingInTrouble = false;

  constructor(options: QueueTakerOptions<T>) {
    this.#options = options;
    const { batchSize, lingerMs } = options;
    this.#batcher = new Batcher({ maxItems: batchSize, lingerMs, handle: (batch) => this.#take(batch) });
  }

  /** Aborted when it is closing. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** False, with a reason, while nothing can be taken. */
  get state(): { readonly isReady: boolean; readonly message: string } {
    if (this.#closing.signal.aborted) return { isReady: false, message: 'stopping' };
    if (!this.#consumption) return { isReady: false, message: 'not consuming yet' };
    if (!this.#consumption.isConsuming) return { isReady: false, message: 'the queue cannot be consumed from now' };
    return this.#options.health.state;
  }

  /** Resolves once it consumes; waits while the broker is unreachable. Safe to call twice. */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** Takes nothing new and stores what is in hand; what cannot be stored goes back to the queue. Safe to call twice. */
  close(): Promise<void> {
    this.#ending ??= this.#close();
    return this.#ending;
  }

  async #start(): Promise<void> {
    const { broker, prefetch, taking } = this.#options;
    await broker.declare(taking.topology);
    const consumption = await broker.consume({
      queue: taking.queue,
      prefetch,
      onDelivery: (delivery) => this.#batcher.add(delivery),
    });
    // The wait for the broker may outlast the wish to consume.
    if (this.#closing.signal.aborted) await consumption.close({ deadlineMs: 0 });
    else this.#consumption = consumption;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    this.#batcher.hurry();
    await this.#consumption?.close({ deadlineMs: this.#options.drainMs });
    // What the broker gave back at the deadline is no longer ours to settle.
    this.#batcher.takeWaiting();
    // A store that never answers must not keep the process; its batch was given back and comes again.
    await Promise.race([this.#batcher.settled(), sleep(SETTLE_MS, undefined, { ref: false })]);
  }

  /** Never rejects. */
  async #take(batch: readonly Delivery[]): Promise<void> {
    const { telemetry, taking } = this.#options;
    telemetry.metrics.add('messaging.client.consumed.messages', batch.length, {
      'messaging.system': MESSAGING_SYSTEM,
      'messaging.destination.name': taking.queue,
      'messaging.operation.name': 'consume',
    });
    const taken: Taken<T>[] = [];
    const parking: Promise<boolean>[] = [];
    for (const delivery of batch) {
      const read = taking.read(delivery.message);
      if ('item' in read) taken.push({ delivery, item: read.item });
      else parking.push(this.#park(delivery, 'unreadable', read.unreadable));
    }
    const parts = this.#inParts(taken);
    for (const [index, part] of parts.entries()) {
      if (!(await this.#store(part, parts.slice(index + 1).flat()))) break;
    }
    await this.#endParking(await Promise.all(parking), []);
  }

  /** Stores, then acknowledges. False when nothing can be stored or put aside now: these and those `behind` them went back. */
  async #store(taken: readonly Taken<T>[], behind: readonly Taken<T>[]): Promise<boolean> {
    const { taking } = this.#options;
    try {
      await taking.store(taken.map(({ item }) => item));
    } catch (error) {
      if (taking.isRefused(error)) return this.#storeOneByOne(taken, behind, error);
      await this.#pause(error, [...taken, ...behind]);
      return false;
    }
    for (const { delivery } of taken) delivery.ack();
    this.#worked();
    return true;
  }

  /** One of them can never be stored: it is put aside, so that it holds up no other. */
  async #storeOneByOne(taken: readonly Taken<T>[], behind: readonly Taken<T>[], refusal: unknown): Promise<boolean> {
    const [only] = taken;
    if (only && taken.length === 1) return this.#giveUp(only, behind, refusal);
    for (const [index, one] of taken.entries()) {
      if (!(await this.#store([one], [...taken.slice(index + 1), ...behind]))) return false;
    }
    return true;
  }

  async #giveUp(one: Taken<T>, behind: readonly Taken<T>[], refusal: unknown): Promise<boolean> {
    try {
      await this.#options.taking.salvage?.(one.item);
    } catch (error) {
      await this.#pause(error, [one, ...behind]);
      return false;
    }
    return this.#endParking([await this.#park(one.delivery, 'store_refused', messageOf(refusal), one.item)], behind);
  }

  async #park(delivery: Delivery, reason: ParkReason, detail: string, item: T | null = null): Promise<boolean> {
    const { broker, telemetry, taking } = this.#options;
    const { queue, parkedQueue } = taking;
    const isParked = await park({ broker, telemetry, message: delivery.message, queue, parkedQueue, reason, detail });
    if (isParked) {
      delivery.ack();
      taking.onParked?.(reason, item);
    } else delivery.requeue();
    return isParked;
  }

  /** False, after a pause, when something could not be put aside: it went back, and so did those `behind`. */
  async #endParking(isParked: readonly boolean[], behind: readonly Taken<T>[]): Promise<boolean> {
    if (isParked.includes(false)) {
      this.#isParkingInTrouble = true;
      await this.#pause(NOT_PUT_ASIDE, behind);
      return false;
    }
    // For long nothing may be stored that would tell that this trouble is over.
    if (isParked.length > 0 && this.#isParkingInTrouble) this.#worked();
    return true;
  }

  #worked(): void {
    this.#isParkingInTrouble = false;
    this.#options.health.worked();
  }

  /** What is in hand goes back, and so does what is delivered until the store answers. */
  async #pause(error: unknown, inHand: readonly Taken<T>[]): Promise<void> {
    const { taking, health } = this.#options;
    const held = inHand.map(({ delivery }) => delivery);
    const giveBack = () => {
      for (const delivery of [...held.splice(0), ...this.#batcher.takeWaiting()]) delivery.requeue();
    };
    await waitForStore({ health, ping: () => taking.ping(), signal: this.#closing.signal, error, giveBack });
  }

  /** Whole messages, as many as one `store` takes. */
  #inParts(taken: readonly Taken<T>[]): Taken<T>[][] {
    const { sizeOf, maxSize = Number.POSITIVE_INFINITY } = this.#options.taking;
    const parts: Taken<T>[][] = [];
    let size = 0;
    for (const one of taken) {
      const more = sizeOf?.(one.item) ?? 1;
      const last = parts.at(-1);
      if (last && size + more <= maxSize) {
        last.push(one);
        size += more;
      } else {
        parts.push([one]);
        size = more;
      }
    }
    return parts;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
