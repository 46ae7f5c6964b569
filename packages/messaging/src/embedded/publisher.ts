import { OverloadedError, SqliteUnavailableError } from '@tracepost/sqlite';
import type { OutgoingMessage, PublishOutcome } from '../broker.ts';
import { headersLength, MAX_HEADERS_LENGTH } from '../headers-length.ts';
import type { Availability } from './availability.ts';
import { toIncoming } from './message-codec.ts';
import type { Messages } from './messages.ts';
import type { Queue } from './queue.ts';
import type { Routes } from './routes.ts';

/** RabbitMQ's own limit for one message. */
const MESSAGE_LIMIT_BYTES = 16 * 1024 * 1024;
const UNCONFIRMED_LIMIT_BYTES = 64 * 1024 * 1024;

export interface PublisherOptions {
  readonly routes: Routes;
  readonly messages: Messages;
  readonly availability: Availability;
  readonly findQueue: (name: string) => Queue | undefined;
  readonly confirmTimeoutMs: number;
  readonly maxUnconfirmed: number;
}

export interface Publisher {
  publish(message: OutgoingMessage): Promise<PublishOutcome>;
}

/** Routes, checks the limits, stores, and says what became of it. */
export function createPublisher(options: PublisherOptions): Publisher {
  const { routes, messages, availability, findQueue, confirmTimeoutMs, maxUnconfirmed } = options;
  let unconfirmed = 0;
  let unconfirmedBytes = 0;

  async function publish(message: OutgoingMessage): Promise<PublishOutcome> {
    if (availability.state !== 'ready') return { status: 'unreachable', reason: availability.reason };
    const names = routes.route(message.exchange, message.routingKey);
    if (names === null) return { status: 'refused', reason: `there is no exchange ${message.exchange}` };
    if (names.length === 0) return { status: message.mandatory ? 'unroutable' : 'confirmed' };
    const queues = names.map(findQueue).filter((queue) => queue !== undefined);
    return refusal(message, queues) ?? overload(message) ?? store(message, queues);
  }

  function overload({ body }: OutgoingMessage): PublishOutcome | null {
    const isRoom = unconfirmedBytes + body.length <= UNCONFIRMED_LIMIT_BYTES || unconfirmed === 0;
    return isRoom && unconfirmed < maxUnconfirmed
      ? null
      : { status: 'unreachable', reason: `${unconfirmed} publishes wait for their confirm already` };
  }

  async function store(message: OutgoingMessage, queues: readonly Queue[]): Promise<PublishOutcome> {
    unconfirmed += 1;
    unconfirmedBytes += message.body.length;
    const stored = messages.store(toIncoming(message), queues).then(() => CONFIRMED, failure);
    const outcome = await withDeadline(stored, confirmTimeoutMs);
    void stored.then(() => {
      unconfirmed -= 1;
      unconfirmedBytes -= message.body.length;
    });
    return outcome;
  }

  return { publish };
}

const CONFIRMED: PublishOutcome = { status: 'confirmed' };

function refusal({ body, headers }: OutgoingMessage, queues: readonly Queue[]): PublishOutcome | null {
  // Over AMQP they would add routing keys; here they would be letters that mean something else.
  if ('CC' in headers || 'BCC' in headers)
    return { status: 'refused', reason: 'CC and BCC are no headers of a message' };
  if (body.length > MESSAGE_LIMIT_BYTES) {
    return {
      status: 'refused',
      reason: `the body of ${body.length} bytes exceeds the limit of ${MESSAGE_LIMIT_BYTES}`,
    };
  }
  if (headersLength(headers) > MAX_HEADERS_LENGTH) {
    return { status: 'refused', reason: `the headers have more than ${MAX_HEADERS_LENGTH} characters` };
  }
  const full = queues.find(({ isFull }) => isFull);
  return full ? { status: 'refused', reason: `the queue ${full.name} has reached its maximum length` } : null;
}

function failure(error: unknown): PublishOutcome {
  const reason = error instanceof Error ? error.message : String(error);
  if (error instanceof OverloadedError) return { status: 'unreachable', reason };
  // The thread died with it: the commit may have been done or not.
  if (error instanceof SqliteUnavailableError) return { status: 'unconfirmed', reason };
  return { status: 'refused', reason };
}

async function withDeadline(outcome: Promise<PublishOutcome>, timeoutMs: number): Promise<PublishOutcome> {
  const late = Promise.withResolvers<PublishOutcome>();
  const timer = setTimeout(() => {
    late.resolve({ status: 'unconfirmed', reason: `not on the disk after ${timeoutMs} ms` });
  }, timeoutMs);
  try {
    return await Promise.race([outcome, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
