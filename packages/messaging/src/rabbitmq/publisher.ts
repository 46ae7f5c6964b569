import { type ChannelModel, type ConfirmChannel, IllegalOperationError } from 'amqplib';
import type { OutgoingMessage, PublishOutcome } from '../broker.ts';
import { publishOptions } from './amqp-message.ts';
import { settlesWithin } from './deadline.ts';
import { describe } from './keep-established.ts';
import { createHeaderLender } from './lent-headers.ts';
import { Unconfirmed } from './unconfirmed.ts';

export interface PublisherOptions {
  readonly confirmTimeoutMs: number;
  readonly maxUnconfirmed: number;
  readonly maxUnconfirmedBytes: number;
  /** A message came back as unroutable. */
  readonly onReturn: () => void;
}

const CLOSED: PublishOutcome = { status: 'unreachable', reason: 'the channel was closed' };

/** Confirmed publishing on one channel, from its opening until it is lost. */
export class Publisher {
  /** Resolves with the reason when the channel is gone. */
  readonly lost: Promise<string>;
  readonly #channel: ConfirmChannel;
  readonly #options: PublisherOptions;
  readonly #unconfirmed = new Unconfirmed();
  readonly #lendHeaders = createHeaderLender();
  readonly #tooMany: PublishOutcome;
  readonly #timedOut: PublishOutcome;
  #sweep: NodeJS.Timeout | undefined;
  #drained: PromiseWithResolvers<void> | undefined;

  static async open(model: ChannelModel, options: PublisherOptions): Promise<Publisher> {
    return new Publisher(await model.createConfirmChannel(), options);
  }

  constructor(channel: ConfirmChannel, options: PublisherOptions) {
    this.#channel = channel;
    this.#options = options;
    this.#tooMany = { status: 'unreachable', reason: `${options.maxUnconfirmed} publishes are not confirmed yet` };
    this.#timedOut = { status: 'unconfirmed', reason: `no confirm within ${options.confirmTimeoutMs} ms` };
    this.lost = this.#watch();
  }

  /** One promise and no timer for each publish: this is the path of every message. */
  publish(message: OutgoingMessage): Promise<PublishOutcome> {
    const unconfirmed = this.#unconfirmed;
    if (unconfirmed.count >= this.#options.maxUnconfirmed) return Promise.resolve(this.#tooMany);
    if (unconfirmed.bytes + message.body.length > this.#options.maxUnconfirmedBytes && unconfirmed.count > 0) {
      return Promise.resolve(this.#tooMany);
    }
    // As headers they would add routing keys: the message would go where nobody sent it.
    if ('CC' in message.headers || 'BCC' in message.headers) {
      return Promise.resolve({ status: 'refused', reason: 'CC and BCC are no headers of a message' });
    }
    try {
      const options = publishOptions(message);
      options.headers = this.#lendHeaders(message.headers);
      this.#channel.publish(message.exchange, message.routingKey, message.body, options);
    } catch (error) {
      // The library encodes before it sends: nothing left, and no tag was used.
      if (error instanceof IllegalOperationError) return Promise.resolve(CLOSED);
      return Promise.resolve({ status: 'refused', reason: `the message cannot be sent: ${describe(error)}` });
    }
    this.#sweep ??= this.#sweepLater();
    return unconfirmed.add(message, performance.now());
  }

  /**
   * Rejects while the broker refuses the right to publish to this exchange. There is no question for that in AMQP: it is a message that no queue
   * of ours is bound for, which comes back, and costs the channel when it is refused.
   */
  async askWhetherItMay(exchange: string): Promise<void> {
    const message = {
      exchange,
      routingKey: 'tracepost.may-publish',
      mandatory: true,
      body: Buffer.alloc(0),
      headers: {},
    };
    const outcome = await this.publish(message);
    if (outcome.status === 'unconfirmed') throw new Error(outcome.reason);
  }

  /** Waits until every publisher has been answered, which the confirm timeout bounds. */
  async drain(): Promise<void> {
    if (this.#unconfirmed.waiting === 0) return;
    this.#drained ??= Promise.withResolvers();
    await settlesWithin(this.#drained.promise, 2 * this.#options.confirmTimeoutMs);
  }

  #watch(): Promise<string> {
    const lost = Promise.withResolvers<string>();
    const channel = this.#channel;
    let reason = 'the channel was closed';
    channel.on('ack', ({ deliveryTag, multiple }) => {
      this.#unconfirmed.confirm(deliveryTag, multiple);
      this.#tellDrained();
    });
    channel.on('nack', ({ deliveryTag, multiple }) => {
      this.#unconfirmed.refuse(deliveryTag, multiple);
      this.#tellDrained();
    });
    channel.on('return', (message) => {
      this.#unconfirmed.giveBack(message);
      this.#options.onReturn();
    });
    channel.on('error', (error) => {
      reason = describe(error);
    });
    channel.on('handler-error', () => {});
    channel.on('close', () => {
      clearTimeout(this.#sweep);
      this.#unconfirmed.abandon({ status: 'unconfirmed', reason: `the channel broke before the confirm: ${reason}` });
      this.#tellDrained();
      lost.resolve(reason);
    });
    return lost.promise;
  }

  /** One timer for all, and only while something is under way. */
  #sweepLater(): NodeJS.Timeout {
    const { confirmTimeoutMs } = this.#options;
    return setTimeout(
      () => {
        this.#unconfirmed.expire(performance.now() - confirmTimeoutMs, this.#timedOut);
        this.#tellDrained();
        this.#sweep = this.#unconfirmed.waiting > 0 ? this.#sweepLater() : undefined;
      },
      Math.min(250, confirmTimeoutMs / 2),
    );
  }

  #tellDrained(): void {
    if (this.#drained && this.#unconfirmed.waiting === 0) this.#drained.resolve();
  }
}
