import type { Channel, ConsumeMessage } from 'amqplib';
import { type Delivery, DeliveryLostError, type IncomingMessage } from '../broker.ts';
import { deliveryCount, incomingMessage } from './amqp-message.ts';

/** One delivery on one channel. Settling it when the channel is gone does nothing: the broker has it back already. */
export class RabbitMqDelivery implements Delivery {
  readonly message: IncomingMessage;
  readonly redelivered: boolean;
  readonly deliveryCount: number;
  readonly #raw: ConsumeMessage;
  readonly #channel: Channel;
  readonly #onSettled: () => void;
  #isSettled = false;
  #isLost = false;
  #lost: AbortController | undefined;

  constructor(raw: ConsumeMessage, channel: Channel, onSettled: () => void) {
    this.message = incomingMessage(raw);
    this.redelivered = raw.fields.redelivered;
    this.deliveryCount = deliveryCount(raw);
    this.#raw = raw;
    this.#channel = channel;
    this.#onSettled = onSettled;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Made for those who ask: most deliveries are settled before anybody does. */
  get lost(): AbortSignal {
    this.#lost ??= new AbortController();
    if (this.#isLost) this.#lost.abort(new DeliveryLostError());
    return this.#lost.signal;
  }

  ack(): void {
    this.#settle(() => this.#channel.ack(this.#raw));
  }

  /** `nack` never counts towards the delivery limit of a quorum queue; `reject` does. */
  requeue(): void {
    this.#settle(() => this.#channel.nack(this.#raw, false, true));
  }

  reject(): void {
    this.#settle(() => this.#channel.reject(this.#raw, true));
  }

  isOn(channel: Channel): boolean {
    return this.#channel === channel;
  }

  /** The channel is gone and with it the delivery. */
  abandon(): void {
    this.#lose(() => {});
  }

  /** Its time is over: somebody else shall have it. */
  takeBack(): void {
    this.#lose(() => this.#channel.nack(this.#raw, false, true));
  }

  #lose(tell: () => void): void {
    if (this.#isSettled) return;
    this.#settle(tell);
    this.#isLost = true;
    this.#lost?.abort(new DeliveryLostError());
  }

  #settle(tell: () => void): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    try {
      tell();
    } catch {
      // The channel closed a moment ago: the broker gives the message to somebody else.
    }
    this.#onSettled();
  }
}
