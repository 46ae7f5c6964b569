import type { Logger } from '@tracepost/telemetry';
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { BrokerClosedError, type Consumption, type Subscription } from '../broker.ts';
import { closeQuietly, settlesWithin } from './deadline.ts';
import { describe, keepEstablished } from './keep-established.ts';
import { RabbitMqDelivery } from './rabbitmq-delivery.ts';

const CLOSE_DEADLINE_MS = 10_000;
/**
 * By itself the broker takes a message back after half an hour, and an attempt may last an hour. This is two for the one before it in
 * the line, two for its own, alone once more after a death included, and the waits in between.
 */
const ACK_WITHIN_MS = 6 * 3_600_000;
const CANCEL_TIMEOUT_MS = 2_000;

export interface ConsumptionOptions {
  readonly subscription: Subscription;
  readonly isDurable: () => boolean;
  readonly whenUp: () => Promise<ChannelModel>;
  /** Declares again what may have been deleted. */
  readonly repair: () => Promise<void>;
  readonly logger: Logger;
  readonly onClosed: (consumption: RabbitMqConsumption) => void;
}

/** A consumer on a channel of its own, built again whenever the channel, the connection or the queue is lost. */
export class RabbitMqConsumption implements Consumption {
  /** Resolves with the first established consumer; rejects when it is closed before. */
  readonly established: Promise<void>;
  readonly #options: ConsumptionOptions;
  readonly #firstTime = Promise.withResolvers<void>();
  readonly #stop = new AbortController();
  /** Handlers at work and deliveries not settled. */
  readonly #open = new Set<RabbitMqDelivery>();
  #current: { readonly channel: Channel; readonly consumerTag: string } | null = null;
  #lossTold = '';
  #emptied: PromiseWithResolvers<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: ConsumptionOptions) {
    this.#options = options;
    this.established = this.#firstTime.promise;
    this.established.catch(() => {});
    let isFirst = true;
    void keepEstablished({
      establish: async () => {
        if (!isFirst) await options.repair();
        isFirst = false;
        return this.#establish(await options.whenUp());
      },
      onLost: (reason) => this.#tellLoss(reason),
      signal: this.#stop.signal,
    });
  }

  get isConsuming(): boolean {
    return this.#current !== null && !this.#stop.signal.aborted;
  }

  close({ deadlineMs = CLOSE_DEADLINE_MS }: { readonly deadlineMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(deadlineMs);
    return this.#closing;
  }

  async #close(deadlineMs: number): Promise<void> {
    this.#stop.abort();
    this.#firstTime.reject(new BrokerClosedError());
    const current = this.#current;
    if (current) {
      // On a channel that is gone there is nothing to cancel.
      const cancelled = Promise.resolve().then(() => current.channel.cancel(current.consumerTag));
      await settlesWithin(cancelled, CANCEL_TIMEOUT_MS);
    }
    if (this.#open.size > 0) {
      this.#emptied = Promise.withResolvers();
      await settlesWithin(this.#emptied.promise, deadlineMs);
    }
    for (const delivery of this.#open) delivery.takeBack();
    if (current) await closeQuietly(current.channel);
    this.#options.onClosed(this);
  }

  async #establish(model: ChannelModel): Promise<{ readonly lost: Promise<string> }> {
    const { queue, prefetch } = this.#options.subscription;
    // The broker refuses the argument for any queue but a quorum queue.
    const settings = this.#options.isDurable() ? { 'x-consumer-timeout': ACK_WITHIN_MS } : {};
    const channel = await model.createChannel();
    const lost = this.#watch(channel);
    try {
      await channel.prefetch(prefetch);
      const { consumerTag } = await channel.consume(
        queue,
        (raw) => {
          if (raw === null) {
            // Cancelled by the broker (queue deleted, consumer timed out). Consuming again on this channel crashes the client.
            void closeQuietly(channel);
            lost.resolve('the broker cancelled the consumer');
          } else {
            this.#deliver(raw, channel);
          }
        },
        { arguments: settings },
      );
      this.#current = { channel, consumerTag };
    } catch (error) {
      await closeQuietly(channel);
      throw error;
    }
    if (this.#stop.signal.aborted) {
      await closeQuietly(channel);
    } else {
      this.#lossTold = '';
      this.#firstTime.resolve();
    }
    return { lost: lost.promise };
  }

  #watch(channel: Channel): PromiseWithResolvers<string> {
    const lost = Promise.withResolvers<string>();
    let reason = 'the channel was closed';
    channel.on('error', (error) => {
      reason = describe(error);
    });
    channel.on('handler-error', (error) => {
      this.#options.logger.error({ layer: 'queue', error }, 'A delivery could not be handed over');
    });
    channel.on('close', () => {
      if (this.#current?.channel === channel) this.#current = null;
      lost.resolve(reason);
    });
    void lost.promise.then(() => {
      for (const delivery of this.#open) if (delivery.isOn(channel)) delivery.abandon();
    });
    return lost;
  }

  #deliver(raw: ConsumeMessage, channel: Channel): void {
    let isAtWork = true;
    const forget = (): void => {
      if (isAtWork || !delivery.isSettled) return;
      this.#open.delete(delivery);
      if (this.#open.size === 0) this.#emptied?.resolve();
    };
    const delivery = new RabbitMqDelivery(raw, channel, forget);
    if (this.#stop.signal.aborted) {
      delivery.requeue();
      return;
    }
    this.#open.add(delivery);
    void this.#handle(delivery).then(() => {
      isAtWork = false;
      forget();
    });
  }

  async #handle(delivery: RabbitMqDelivery): Promise<void> {
    try {
      await this.#options.subscription.onDelivery(delivery);
    } catch (error) {
      const { queue } = this.#options.subscription;
      this.#options.logger.error({ layer: 'queue', queue, error }, 'A handler threw; its message was rejected');
      delivery.reject();
    }
  }

  /** Once for each reason: a queue that stays away is tried every second. */
  #tellLoss(reason: string): void {
    if (reason === this.#lossTold) return;
    this.#lossTold = reason;
    const { queue } = this.#options.subscription;
    this.#options.logger.warn({ layer: 'queue', queue, reason }, `Lost the consumer of ${queue}, trying again`);
  }
}
