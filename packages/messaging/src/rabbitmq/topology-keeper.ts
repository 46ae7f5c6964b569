import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@tracepost/telemetry';
import type { ChannelModel } from 'amqplib';
import { type Topology, TopologyRefusedError } from '../broker.ts';
import { createSlots } from '../slots.ts';
import { declareOn, isLockedByAnother, refusalMessage, refusalOf } from './declare.ts';
import { describe } from './keep-established.ts';

/** A queue of our own last connection is free when the broker has missed its heartbeats. */
const LOCKED_TIMEOUT_MS = 30_000;
const RETRY_MS = 250;
const REPAIR_INTERVAL_MS = 1_000;
const MAX_AT_ONCE = 4;

export interface TopologyKeeperOptions {
  readonly whenUp: () => Promise<ChannelModel>;
  readonly logger: Logger;
}

/** Remembers what was declared and declares it again, after a reconnect and whenever something turns out to be missing. */
export class TopologyKeeper {
  readonly #options: TopologyKeeperOptions;
  readonly #slots = createSlots(MAX_AT_ONCE);
  readonly #known = new Map<string, Topology>();
  #repairing: Promise<void> | null = null;
  #restoredAt = Number.NEGATIVE_INFINITY;

  constructor(options: TopologyKeeperOptions) {
    this.#options = options;
  }

  async declare(topology: Topology): Promise<void> {
    let lockedUntil: number | undefined;
    for (;;) {
      const model = await this.#options.whenUp();
      try {
        await this.#inTurn(() => declareOn(model, topology));
        this.#known.set(JSON.stringify(topology), topology);
        return;
      } catch (error) {
        const isLocked = refusalOf(error) === 'locked' && (await isLockedByAnother(model, topology));
        lockedUntil ??= isLocked ? performance.now() + LOCKED_TIMEOUT_MS : undefined;
        const isFinal = isLocked ? performance.now() > (lockedUntil ?? 0) : refusalOf(error) !== null;
        if (isFinal) throw new TopologyRefusedError(refusalMessage(topology, error), { cause: error });
        await sleep(RETRY_MS);
      }
    }
  }

  /** True of a quorum queue that was declared here; of others nothing is known. */
  isDurable(queue: string): boolean {
    for (const { queues = [] } of this.#known.values()) {
      if (queues.some(({ name, kind }) => name === queue && kind === 'durable')) return true;
    }
    return false;
  }

  /** Many topologies at once would take more channels than a connection has. */
  async #inTurn(declare: () => Promise<void>): Promise<void> {
    await this.#slots.take();
    try {
      await declare();
    } finally {
      this.#slots.give();
    }
  }

  /** Everything known, on this connection. What is refused now is told in the log and left as it is. */
  async restore(model: ChannelModel): Promise<void> {
    for (const topology of this.#known.values()) {
      try {
        await declareOn(model, topology);
      } catch (error) {
        if (refusalOf(error) === null) throw error;
        this.#options.logger.warn({ layer: 'queue', error }, refusalMessage(topology, error));
      }
    }
    this.#restoredAt = performance.now();
  }

  /** Somebody missed an exchange or a queue: declares all again, once for many who ask and at most once a second. */
  async repair(): Promise<void> {
    if (performance.now() - this.#restoredAt < REPAIR_INTERVAL_MS) return;
    this.#repairing ??= this.#repair();
    await this.#repairing;
  }

  async #repair(): Promise<void> {
    try {
      await this.restore(await this.#options.whenUp());
    } catch (error) {
      this.#options.logger.debug({ layer: 'queue', reason: describe(error) }, 'Topology was not restored');
    } finally {
      this.#repairing = null;
    }
  }
}
