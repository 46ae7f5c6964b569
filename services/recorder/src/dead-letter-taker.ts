import { setTimeout as sleep } from 'node:timers/promises';
import { type TaskEvent, taskEventId } from '@tracepost/contracts';
import {
  agentTopology,
  Batcher,
  type Broker,
  type Consumption,
  createEventPublisher,
  type Delivery,
  deadLetterQueueName,
  type EventPublisher,
  MESSAGING_SYSTEM,
  park,
  type StoreHealth,
  waitForStore,
} from '@tracepost/messaging';
import {
  type DeadLetter,
  type DeadLetterStore,
  type EndedOutcome,
  type InboxStore,
  type RecordStore,
  RecordsRefusedError,
} from '@tracepost/stores';
import type { Telemetry } from '@tracepost/telemetry';
import { type ReadDeadLetter, readDeadLetter } from './read-dead-letter.ts';
import { PARKED_QUEUE } from './topology.ts';

export interface DeadLetterTakerOptions {
  readonly broker: Broker;
  readonly records: Pick<RecordStore, 'ping'>;
  readonly inbox: Pick<InboxStore, 'end'>;
  readonly deadLetters: Pick<DeadLetterStore, 'add'>;
  readonly health: StoreHealth;
  readonly telemetry: Telemetry;
  readonly closing: AbortSignal;
}

interface Taken extends ReadDeadLetter {
  readonly delivery: Delivery;
}

/** As many as a gateway knows; each has a consumer of its own. */
const MAX_AGENTS = 1_000;
/** Of each queue; bodies may be large. */
const PREFETCH = 10;
const BATCH = 50;
const LINGER_MS = 20;
const SETTLE_MS = 2_000;

/**
 * Empties the dead-letter queues of all known agents into the store. The order keeps every promise through a crash at any point: first the
 * task has ended (inbox), then everybody hears of it (events), then the letter is kept, then the message goes.
 */
export class DeadLetterTaker {
  readonly #options: DeadLetterTakerOptions;
  readonly #events: EventPublisher;
  readonly #batcher: Batcher<{ readonly agentId: string; readonly delivery: Delivery }>;
  readonly #watched = new Map<string, Consumption | null>();

  constructor(options: DeadLetterTakerOptions) {
    this.#options = options;
    this.#events = createEventPublisher({ broker: options.broker });
    this.#batcher = new Batcher({
      maxItems: BATCH,
      lingerMs: LINGER_MS,
      handle: (batch) =>
        this.#take(
          batch.map(({ agentId, delivery }) => ({
            delivery,
            ...readDeadLetter(delivery.message, { agentId, nowMs: Date.now() }),
          })),
        ),
    });
  }

  /** From now on the dead letters of this agent are taken. Returns at once; asking again does nothing. */
  watch(agentId: string): void {
    const isTooMany = this.#watched.size >= MAX_AGENTS;
    if (isTooMany || this.#options.closing.aborted || this.#watched.has(agentId)) return;
    this.#watched.set(agentId, null);
    void this.#consume(agentId);
  }

  /** `closing` has been aborted before. */
  async close(deadlineMs: number): Promise<void> {
    this.#batcher.hurry();
    await Promise.all([...this.#watched.values()].map((consumption) => consumption?.close({ deadlineMs })));
    // What the broker gave back at the deadline is no longer ours to settle.
    this.#batcher.takeWaiting();
    await Promise.race([this.#batcher.settled(), sleep(SETTLE_MS, undefined, { ref: false })]);
  }

  async #consume(agentId: string): Promise<void> {
    const { broker, closing, telemetry } = this.#options;
    try {
      await broker.declare(agentTopology(agentId));
      const consumption = await broker.consume({
        queue: deadLetterQueueName(agentId),
        prefetch: PREFETCH,
        onDelivery: (delivery) => this.#batcher.add({ agentId, delivery }),
      });
      if (closing.aborted) await consumption.close({ deadlineMs: 0 });
      else this.#watched.set(agentId, consumption);
    } catch (error) {
      // Tried again when the agent announces itself the next time.
      this.#watched.delete(agentId);
      if (closing.aborted) return;
      telemetry.logger.error({ layer: 'queue', result: 'error', agentId, error }, 'Its dead letters cannot be taken');
    }
  }

  async #take(batch: readonly Taken[]): Promise<void> {
    try {
      await this.#keep(batch);
      this.#options.health.worked();
    } catch (error) {
      if (error instanceof RecordsRefusedError) return this.#takeOneByOne(batch, error);
      await this.#wait(
        error,
        batch.map(({ delivery }) => delivery),
      );
    }
  }

  async #keep(batch: readonly Taken[]): Promise<void> {
    const kept = await Promise.all(batch.map((taken) => this.#tellEnding(taken)));
    const letters = kept.filter((letter) => letter !== null);
    if (letters.length > 0) await this.#options.deadLetters.add(letters);
    for (const [index, taken] of batch.entries()) {
      taken.delivery.ack();
      this.#tell(taken, kept[index] !== null);
    }
  }

  /**
   * The letter as it is worth keeping, of the ending that holds: taken again it is of the same one. Null when its task had come to a good end,
   * or was cancelled, before.
   */
  async #tellEnding({ letter, untold }: Taken): Promise<DeadLetter | null> {
    if (!untold) return letter;
    const ended = await this.#options.inbox.end({ taskId: letter.taskId, generation: null, event: untold });
    if (ended.status === 'lost') throw new Error('the inbox did not take the ending of a task that was given up');
    for (const [first, ...others] of [lostBeginnings(ended), ended.failedAttempts]) {
      if (first) await this.#publish(first, ...others);
    }
    const { kind, at, attempt, eventId } = ended.event;
    await this.#publish(ended.event);
    if (eventId === untold.eventId) this.#count(untold);
    return kind === 'succeeded' || kind === 'cancelled' ? null : { ...letter, deadAt: attempt?.endedAt ?? at };
  }

  async #publish(...events: [TaskEvent, ...TaskEvent[]]): Promise<void> {
    const { status } = await this.#events.publishTaskEvents(events);
    if (status !== 'confirmed') throw new Error(`what became of a task was not confirmed: ${status}`);
  }

  #count({ task }: TaskEvent): void {
    this.#options.telemetry.metrics.add('tracepost.task.executions', 1, {
      'tracepost.agent.id': task.agentId,
      'tracepost.task.status': 'dead',
      'tracepost.tenant.id': task.tenantId === 'default' ? 'default' : '_OTHER',
    });
  }

  #tell({ letter, untold }: Taken, isKept: boolean): void {
    const { metrics, logger } = this.#options.telemetry;
    const { agentId, taskId, reason } = letter;
    metrics.add('messaging.client.consumed.messages', 1, {
      'messaging.system': MESSAGING_SYSTEM,
      'messaging.destination.name': deadLetterQueueName(agentId),
      'messaging.operation.name': 'consume',
    });
    // What a worker gave up, it has told of itself.
    const level = untold ? 'error' : 'info';
    logger[level](
      { layer: 'queue', phase: 'end', result: 'error', hopName: 'dead-letter', hopResult: reason, agentId, taskId },
      isKept ? 'kept a dead letter' : 'forgot a message that was given up: its task had ended otherwise before',
    );
  }

  /** One of them can never be stored: it is put aside, so that it holds up no other. */
  async #takeOneByOne(batch: readonly Taken[], refusal: RecordsRefusedError): Promise<void> {
    const [only] = batch;
    if (batch.length > 1 || !only) {
      for (const taken of batch) await this.#take([taken]);
      return;
    }
    const { broker, telemetry } = this.#options;
    const { delivery, letter } = only;
    const isParked = await park({
      broker,
      telemetry,
      message: delivery.message,
      queue: deadLetterQueueName(letter.agentId),
      parkedQueue: PARKED_QUEUE,
      reason: 'store_refused',
      detail: refusal.message,
    });
    if (isParked) delivery.ack();
    else await this.#wait(refusal, [delivery]);
  }

  async #wait(error: unknown, deliveries: Delivery[]): Promise<void> {
    const { health, records, closing } = this.#options;
    const giveBack = () => {
      const waiting = this.#batcher.takeWaiting().map(({ delivery }) => delivery);
      for (const delivery of [...deliveries.splice(0), ...waiting]) delivery.requeue();
    };
    await waitForStore({ health, ping: () => records.ping(), signal: closing, error, giveBack });
  }
}

/** That attempts began whose workers were gone before anybody may have heard of it. */
function lostBeginnings({ event: { task }, lostAttempts }: EndedOutcome): TaskEvent[] {
  return lostAttempts.map((attempt) => ({
    eventId: taskEventId(task.taskId, attempt.number, 'started'),
    kind: 'started',
    at: attempt.startedAt,
    by: attempt.workerId,
    task,
    attempt,
  }));
}
