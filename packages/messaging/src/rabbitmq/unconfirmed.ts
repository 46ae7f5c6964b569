import type { Message } from 'amqplib';
import type { OutgoingMessage, PublishOutcome } from '../broker.ts';
import { TagWindow } from './tag-window.ts';

const CONFIRMED: PublishOutcome = { status: 'confirmed' };
const UNROUTABLE: PublishOutcome = { status: 'unroutable' };
const REFUSED: PublishOutcome = { status: 'refused', reason: 'the broker refused the message: a queue is full' };

interface Pending {
  readonly message: OutgoingMessage;
  readonly sentAt: number;
  isReturned: boolean;
  /** Null when the publisher was answered and only the broker's word is still awaited. */
  settle: ((outcome: PublishOutcome) => void) | null;
}

/**
 * The publishes of one channel of which the broker has not spoken yet, by delivery tag: 1, 2, 3, … as the channel counts.
 * One that timed out stays, so that late words of the broker meet their own publish and the limits count what is true.
 */
export class Unconfirmed {
  readonly #pending = new TagWindow<Pending>();
  /** Every tag below it is answered or timed out. */
  #sweptTag = 1;
  #returnedTag = 0;
  #bytes = 0;
  #waiting = 0;

  /** Publishes of which the broker has not spoken. */
  get count(): number {
    return this.#pending.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Publishers that still wait for their answer. */
  get waiting(): number {
    return this.#waiting;
  }

  /** The message was just handed to the channel, which gave it the next tag. */
  add(message: OutgoingMessage, sentAt: number): Promise<PublishOutcome> {
    return new Promise((settle) => {
      this.#pending.push({ message, sentAt, isReturned: false, settle });
      this.#bytes += message.body.length;
      this.#waiting++;
    });
  }

  confirm(tag: number, multiple: boolean): void {
    this.#answer(tag, multiple, CONFIRMED);
  }

  refuse(tag: number, multiple: boolean): void {
    this.#answer(tag, multiple, REFUSED);
  }

  /**
   * The broker gives an unroutable message back before it confirms it, in the order of publishing, and without its tag.
   * Looking for the first that is equal needs no id of our own in the message: those that are equal in all of these
   * cannot be told apart by anybody.
   */
  giveBack(returned: Message): void {
    for (const [tag, pending] of this.#pending.from(this.#returnedTag + 1)) {
      if (!pending.message.mandatory || !isSame(pending.message, returned)) continue;
      pending.isReturned = true;
      this.#returnedTag = tag;
      return;
    }
  }

  /** Answers every publisher who has waited since before `sentBefore`. */
  expire(sentBefore: number, outcome: PublishOutcome): void {
    for (const [tag, pending] of this.#pending.from(this.#sweptTag)) {
      if (pending.sentAt > sentBefore) return;
      this.#settle(pending, outcome);
      this.#sweptTag = tag + 1;
    }
  }

  /** The channel is gone: the broker will not speak of any of them again. */
  abandon(outcome: PublishOutcome): void {
    for (const [, pending] of this.#pending.from(1)) this.#settle(pending, outcome);
    this.#pending.clear();
    this.#bytes = 0;
  }

  #answer(tag: number, multiple: boolean, outcome: PublishOutcome): void {
    if (multiple) {
      this.#pending.takeUpTo(tag, (pending) => this.#answerOne(pending, outcome));
      return;
    }
    const pending = this.#pending.take(tag);
    if (pending !== undefined) this.#answerOne(pending, outcome);
  }

  #answerOne(pending: Pending, outcome: PublishOutcome): void {
    this.#bytes -= pending.message.body.length;
    this.#settle(pending, pending.isReturned ? UNROUTABLE : outcome);
  }

  #settle(pending: Pending, outcome: PublishOutcome): void {
    if (pending.settle === null) return;
    pending.settle(outcome);
    pending.settle = null;
    this.#waiting--;
  }
}

function isSame(message: OutgoingMessage, { fields, properties, content }: Message): boolean {
  return (
    message.routingKey === fields.routingKey &&
    message.exchange === fields.exchange &&
    message.messageId === properties.messageId &&
    message.type === properties.type &&
    message.correlationId === properties.correlationId &&
    message.body.equals(content)
  );
}
