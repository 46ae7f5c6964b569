import { setTimeout as sleep } from 'node:timers/promises';
import {
  ANALYST_PARKED_QUEUE,
  ANALYST_QUEUE,
  Batcher,
  type Broker,
  type Consumption,
  type Delivery,
  MESSAGING_SYSTEM,
  type ParkReason,
  park,
  readRecorded,
  recordingTopology,
} from '@tracepost/messaging';
import { type EventEntry, type EventStore, type RecordStore, RecordsRefusedError } from '@tracepost/stores';
import type { Telemetry } from '@tracepost/telemetry';
import { createOverflowReport } from './overflow-report.ts';
import { toEntries } from './to-entries.ts';

export interface EventTakerOptions {
  readonly broker: Broker;
  readonly records: Pick<RecordStore, 'ping'> & { readonly events: Pick<EventStore, 'record'> };
  readonly telemetry: Telemetry;
  /** Most messages of one batch; default 200. */
  readonly batchSize?: number;
  /** How long the first message of a batch waits for company; default 10. */
  readonly lingerMs?: number;
  /** Most deliveries in hand at a time; default 500. */
  readonly prefetch?: number;
  /** How long `close()` waits for what is in hand; default 8,000. */
  readonly drainMs?: number;
}

/**
 * Takes what others told (`record.event`, `record.metric`) from the queue `analyst` into the records, batch by batch. A message is
 * acknowledged after the commit that holds it, and an id that was stored is never stored again: whenever this process dies,
 * nothing is lost and nothing is there twice.
 */
export interface EventTaker {
  /** False, with a reason, while nothing can be recorded. */
  readonly state: { readonly isReady: boolean; readonly message: string };
  /** Resolves once it consumes; waits while the broker is unreachable. Safe to call twice. */
  start(): Promise<void>;
  /** Takes nothing new and records what is in hand; what cannot be recorded goes back to the queue. Safe to call twice. */
  close(): Promise<void>;
}

export function createEventTaker(options: EventTakerOptions): EventTaker {
  return new QueueEventTaker(options);
}

interface Read {
  readonly delivery: Delivery;
  readonly entries: readonly EventEntry[];
}

/** Of one transaction; a message of a full array is one such by itself. */
const ENTRIES_PER_WRITE = 2_000;
const SETTLE_MS = 2_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

class QueueEventTaker implements EventTaker {
  readonly #options: EventTakerOptions;
  readonly #batcher: Batcher<Delivery>;
  readonly #tellOverflow: ReturnType<typeof createOverflowReport>;
  readonly #closing = new AbortController();
  #starting: Promise<void> | undefined;
  #ending: Promise<void> | undefined;
  #consumption: Consumption | undefined;
  /** Why the store takes nothing now; null while it does. */
  #trouble: string | null = null;

  constructor(options: EventTakerOptions) {
    this.#options = options;
    this.#tellOverflow = createOverflowReport(options.telemetry);
    const { batchSize = 200, lingerMs = 10 } = options;
    this.#batcher = new Batcher({ maxItems: batchSize, lingerMs, handle: (batch) => this.#take(batch) });
  }

  get state(): EventTaker['state'] {
    if (this.#closing.signal.aborted) return { isReady: false, message: 'the analyst is stopping' };
    if (!this.#consumption) return { isReady: false, message: 'not consuming yet' };
    if (!this.#consumption.isConsuming) return { isReady: false, message: 'the queue cannot be consumed from now' };
    if (this.#trouble === null) return { isReady: true, message: 'recorded events are stored' };
    return { isReady: false, message: `recorded events cannot be stored: ${this.#trouble}` };
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
    await broker.declare(recordingTopology());
    const consumption = await broker.consume({
      queue: ANALYST_QUEUE,
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
    await this.#consumption?.close({ deadlineMs: this.#options.drainMs ?? 8_000 });
    // What the broker gave back at the deadline is no longer ours to settle.
    this.#batcher.takeWaiting();
    // A store that never answers must not keep the process; its batch was given back and comes again.
    await Promise.race([this.#batcher.settled(), sleep(SETTLE_MS, undefined, { ref: false })]);
  }

  /** Never rejects. */
  async #take(batch: readonly Delivery[]): Promise<void> {
    this.#options.telemetry.metrics.add('messaging.client.consumed.messages', batch.length, {
      'messaging.system': MESSAGING_SYSTEM,
      'messaging.destination.name': ANALYST_QUEUE,
      'messaging.operation.name': 'consume',
    });
    const readable: Read[] = [];
    const parking: Promise<boolean>[] = [];
    for (const delivery of batch) {
      const read = readRecorded(delivery.message);
      if (read.kind === 'unreadable') parking.push(this.#park(delivery, 'unreadable', read.reason));
      else readable.push({ delivery, entries: toEntries(read) });
    }
    for (const [index, part] of inParts(readable).entries()) {
      if (await this.#record(part)) continue;
      // Behind one that the store could not take, nothing else is tried before it answers again.
      const rest = inParts(readable)
        .slice(index + 1)
        .flat();
      for (const { delivery } of rest) delivery.requeue();
      break;
    }
    const isParked = await Promise.all(parking);
    if (isParked.includes(false)) await this.#pause(new Error('the broker did not take what has to be put aside'), []);
  }

  /** Stores, then acknowledges. False when the store cannot take anything now and everything went back. */
  async #record(read: readonly Read[]): Promise<boolean> {
    try {
      await this.#store(read.flatMap(({ entries }) => entries));
    } catch (error) {
      if (error instanceof RecordsRefusedError) return this.#recordOneByOne(read, error);
      await this.#pause(
        error,
        read.map(({ delivery }) => delivery),
      );
      return false;
    }
    for (const { delivery } of read) delivery.ack();
    this.#worked();
    return true;
  }

  async #store(entries: readonly EventEntry[]): Promise<void> {
    const { records, telemetry } = this.#options;
    const { recorded, overflowed } = await records.events.record(entries);
    if (recorded > 0) telemetry.metrics.add('tracepost.ingest.stored', recorded, { 'tracepost.signal': 'events' });
    this.#tellOverflow(overflowed);
  }

  /** One of them can never be stored: it is put aside, so that it holds up no other. */
  async #recordOneByOne(read: readonly Read[], refusal: RecordsRefusedError): Promise<boolean> {
    const [only] = read;
    if (only && read.length === 1) {
      const isParked = await this.#park(only.delivery, 'store_refused', refusal.message);
      if (!isParked) await this.#pause(refusal, []);
      return isParked;
    }
    for (const [index, one] of read.entries()) {
      if (await this.#record([one])) continue;
      for (const { delivery } of read.slice(index + 1)) delivery.requeue();
      return false;
    }
    return true;
  }

  async #park(delivery: Delivery, reason: ParkReason, detail: string): Promise<boolean> {
    const { broker, telemetry } = this.#options;
    const isParked = await park({
      broker,
      telemetry,
      message: delivery.message,
      queue: ANALYST_QUEUE,
      parkedQueue: ANALYST_PARKED_QUEUE,
      reason,
      detail,
    });
    if (isParked) {
      delivery.ack();
      telemetry.metrics.add('tracepost.ingest.refused', 1, {
        'tracepost.signal': 'events',
        'tracepost.reason': reason,
      });
    } else delivery.requeue();
    return isParked;
  }

  /**
   * The pause comes first: what was given back is delivered again at once. It goes back all the same, since another analyst may be
   * better off; taking it twice changes nothing.
   */
  async #pause(error: unknown, deliveries: readonly Delivery[]): Promise<void> {
    const { signal } = this.#closing;
    this.#failed(error);
    const held = [...deliveries];
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      await sleep(pauseMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {});
      for (const delivery of [...held.splice(0), ...this.#batcher.takeWaiting()]) delivery.requeue();
      if (signal.aborted) return;
      try {
        return await this.#options.records.ping();
      } catch (again) {
        this.#trouble = messageOf(again);
      }
    }
  }

  #failed(error: unknown): void {
    if (this.#trouble === null)
      this.#options.telemetry.logger.error(
        { layer: 'store', result: 'error', error },
        'Recorded events cannot be stored; what was delivered goes back to the queue',
      );
    this.#trouble = messageOf(error);
  }

  #worked(): void {
    if (this.#trouble === null) return;
    this.#trouble = null;
    this.#options.telemetry.logger.info({ layer: 'store', result: 'success' }, 'Recorded events are stored again');
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whole messages, as many as one transaction takes. */
function inParts(read: readonly Read[]): Read[][] {
  const parts: Read[][] = [];
  let size = ENTRIES_PER_WRITE;
  for (const one of read) {
    if (size + one.entries.length > ENTRIES_PER_WRITE) {
      parts.push([]);
      size = 0;
    }
    size += one.entries.length;
    parts.at(-1)?.push(one);
  }
  return parts;
}
