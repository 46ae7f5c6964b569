import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentAnnouncement, TaskEvent } from '@tracepost/contracts';
import {
  Batcher,
  type Broker,
  type Consumption,
  type Delivery,
  MESSAGING_SYSTEM,
  type ParkReason,
  park,
  RECORDER_QUEUE,
  readEvent,
} from '@tracepost/messaging';
import { type DeadLetterStore, type InboxStore, type RecordStore, RecordsRefusedError } from '@tracepost/stores';
import type { Telemetry } from '@tracepost/telemetry';
import { DeadLetterTaker } from './dead-letter-taker.ts';
import { StoreHealth } from './store-health.ts';
import { PARKED_QUEUE, recorderTopology } from './topology.ts';
import { waitForStore } from './wait-for-store.ts';

export interface RecorderOptions {
  readonly broker: Broker;
  readonly records: RecordStore;
  readonly inbox: Pick<InboxStore, 'end'>;
  readonly deadLetters: Pick<DeadLetterStore, 'add'>;
  readonly telemetry: Telemetry;
  /** Most events of one write; default 200. */
  readonly batchSize?: number;
  /** How long the first event of a batch waits for company; default 20. */
  readonly lingerMs?: number;
  /** Most deliveries in hand at a time; default 500. */
  readonly prefetch?: number;
  /** How long `close()` waits for what is in hand; default 8,000. */
  readonly drainMs?: number;
}

/**
 * Takes task events and announcements from the queue `recorder` and writes them, batch by batch, into the records; takes the dead
 * letters of every agent that it has heard of, and tells the ending of those tasks that nobody else could tell of.
 */
export interface Recorder {
  /** False, with a reason, while nothing can be recorded. */
  readonly state: { readonly isReady: boolean; readonly message: string };
  /** Resolves once it consumes; waits while the broker is unreachable. Safe to call twice. */
  start(): Promise<void>;
  /** Takes nothing new and records what is in hand; what cannot be recorded goes back to the queue. Safe to call twice. */
  close(): Promise<void>;
}

export function createRecorder(options: RecorderOptions): Recorder {
  return new QueueRecorder(options);
}

type Told =
  | { readonly delivery: Delivery; readonly kind: 'tasks'; readonly events: readonly TaskEvent[] }
  | { readonly delivery: Delivery; readonly kind: 'announcement'; readonly announcement: AgentAnnouncement };

const SETTLE_MS = 2_000;
const KNOWN_AGENTS_PAUSE_MS = 1_000;
const NOT_PUT_ASIDE = new Error('the broker did not take a message that has to be put aside');

class QueueRecorder implements Recorder {
  readonly #options: RecorderOptions;
  readonly #health: StoreHealth;
  readonly #batcher: Batcher<Delivery>;
  readonly #deadLetters: DeadLetterTaker;
  readonly #closing = new AbortController();
  #starting: Promise<void> | undefined;
  #ending: Promise<void> | undefined;
  #consumption: Consumption | undefined;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#health = new StoreHealth(options.telemetry);
    this.#deadLetters = new DeadLetterTaker({ ...options, health: this.#health, closing: this.#closing.signal });
    const { batchSize = 200, lingerMs = 20 } = options;
    this.#batcher = new Batcher({ maxItems: batchSize, lingerMs, handle: (batch) => this.#take(batch) });
  }

  get state(): Recorder['state'] {
    if (this.#closing.signal.aborted) return { isReady: false, message: 'the recorder is stopping' };
    if (!this.#consumption) return { isReady: false, message: 'not consuming yet' };
    if (!this.#consumption.isConsuming) return { isReady: false, message: 'the queue cannot be consumed from now' };
    return this.#health.state;
  }

  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  close(): Promise<void> {
    this.#ending ??= this.#close();
    return this.#ending;
  }

  async #start(): Promise<void> {
    const { broker, prefetch = 500 } = this.#options;
    await broker.declare(recorderTopology());
    const consumption = await broker.consume({
      queue: RECORDER_QUEUE,
      prefetch,
      onDelivery: (delivery) => this.#batcher.add(delivery),
    });
    // The wait for the broker may outlast the wish to consume.
    if (this.#closing.signal.aborted) await consumption.close({ deadlineMs: 0 });
    else this.#consumption = consumption;
    void this.#watchKnownAgents();
  }

  /** Those that are down announce nothing, and their dead letters may lie there. */
  async #watchKnownAgents(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        const known = await this.#options.records.listAnnouncements();
        for (const { agentId } of known) this.#deadLetters.watch(agentId);
        return;
      } catch {
        // What is wrong with the store shows when something is written to it.
        await sleep(KNOWN_AGENTS_PAUSE_MS, undefined, { signal }).catch(() => {});
      }
    }
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    this.#batcher.hurry();
    const { drainMs = 8_000 } = this.#options;
    await Promise.all([this.#consumption?.close({ deadlineMs: drainMs }), this.#deadLetters.close(drainMs)]);
    // What the broker gave back at the deadline is no longer ours to settle.
    this.#batcher.takeWaiting();
    // A store that never answers must not keep the process; its batch was given back and comes again.
    await Promise.race([this.#batcher.settled(), sleep(SETTLE_MS, undefined, { ref: false })]);
  }

  async #take(batch: readonly Delivery[]): Promise<void> {
    const { metrics } = this.#options.telemetry;
    metrics.add('messaging.client.consumed.messages', batch.length, {
      'messaging.system': MESSAGING_SYSTEM,
      'messaging.destination.name': RECORDER_QUEUE,
      'messaging.operation.name': 'consume',
    });
    const told: Told[] = [];
    const parking: Promise<boolean>[] = [];
    for (const delivery of batch) {
      const read = readEvent(delivery.message);
      if (read.kind === 'unreadable') parking.push(this.#park(delivery, 'unreadable', read.reason));
      else told.push({ delivery, ...read });
    }
    await this.#record(told);
    const isParked = await Promise.all(parking);
    if (isParked.includes(false)) await this.#pause(NOT_PUT_ASIDE, []);
  }

  /** Writes, then acknowledges. False when the store cannot take anything now and everything went back. */
  async #record(told: readonly Told[]): Promise<boolean> {
    if (told.length === 0) return true;
    try {
      await this.#write(told);
      for (const { delivery } of told) delivery.ack();
      this.#health.worked();
      return true;
    } catch (error) {
      if (error instanceof RecordsRefusedError) return this.#recordOneByOne(told, error);
      await this.#pause(
        error,
        told.map(({ delivery }) => delivery),
      );
      return false;
    }
  }

  async #write(told: readonly Told[]): Promise<void> {
    const { records } = this.#options;
    const events = told.flatMap((one) => (one.kind === 'tasks' ? one.events : []));
    const announcements = told.flatMap((one) => (one.kind === 'announcement' ? [one.announcement] : []));
    if (events.length > 0) await records.applyTaskEvents(events);
    if (announcements.length > 0) await records.applyAnnouncements(announcements);
    for (const { agentId } of announcements) this.#deadLetters.watch(agentId);
  }

  /** One of them can never be stored: it is put aside, so that it holds up no other. */
  async #recordOneByOne(told: readonly Told[], refusal: RecordsRefusedError): Promise<boolean> {
    const [only] = told;
    if (told.length === 1 && only) {
      // Its other events are as good as any; taking one twice changes nothing, should it come again.
      if (only.kind === 'tasks' && only.events.length > 1) await this.#writeOneByOne(only.events);
      const isParked = await this.#park(only.delivery, 'store_refused', refusal.message);
      if (!isParked) await this.#pause(NOT_PUT_ASIDE, []);
      return isParked;
    }
    for (const [index, one] of told.entries()) {
      if (await this.#record([one])) continue;
      for (const { delivery } of told.slice(index + 1)) delivery.requeue();
      return false;
    }
    return true;
  }

  async #writeOneByOne(events: readonly TaskEvent[]): Promise<void> {
    for (const event of events) {
      try {
        await this.#options.records.applyTaskEvents([event]);
      } catch (error) {
        if (!(error instanceof RecordsRefusedError)) throw error;
      }
    }
  }

  async #park(delivery: Delivery, reason: ParkReason, detail: string): Promise<boolean> {
    const { broker, telemetry } = this.#options;
    const isParked = await park({
      broker,
      telemetry,
      message: delivery.message,
      queue: RECORDER_QUEUE,
      parkedQueue: PARKED_QUEUE,
      reason,
      detail,
    });
    if (isParked) delivery.ack();
    else delivery.requeue();
    return isParked;
  }

  /** What is in hand goes back, and so does what is delivered until the store answers. */
  async #pause(error: unknown, deliveries: readonly Delivery[]): Promise<void> {
    const { records } = this.#options;
    const held = [...deliveries];
    const giveBack = () => {
      for (const delivery of [...held.splice(0), ...this.#batcher.takeWaiting()]) delivery.requeue();
    };
    await waitForStore({ health: this.#health, records, signal: this.#closing.signal, error, giveBack });
  }
}
