import type { Channel, ChannelModel, Options } from 'amqplib';
import type { DurableQueueSpec, QueueSpec, Topology, TransientQueueSpec } from '../broker.ts';
import { closeQuietly } from './deadline.ts';
import { describe } from './keep-established.ts';

/**
 * A queue on disk takes the broker some milliseconds, most of them waiting; a channel declares one after the other. With eight
 * the queues of an agent are there in half the time.
 */
const QUEUE_CHANNELS = 8;

/** Declares everything on channels of its own: a refusal closes its channel, and nobody else may lose theirs by it. */
export async function declareOn(
  model: ChannelModel,
  { exchanges = [], queues = [], bindings = [] }: Topology,
): Promise<void> {
  await onOwnChannel(model, async (channel) => {
    for (const { name, type } of exchanges) await channel.assertExchange(name, type, { durable: true });
    await declareQueues(model, channel, queues);
    for (const { queue, exchange, key } of bindings) await channel.bindQueue(queue, exchange, key);
  });
}

async function declareQueues(model: ChannelModel, channel: Channel, queues: readonly QueueSpec[]): Promise<void> {
  const left = [...queues];
  const declareSome = async (on: Channel): Promise<void> => {
    for (let queue = left.shift(); queue; queue = left.shift()) await on.assertQueue(queue.name, queueOptions(queue));
  };
  const more = Array.from({ length: Math.min(QUEUE_CHANNELS, queues.length) - 1 });
  // All are waited for: none may still be declaring when this is answered.
  const ended = await Promise.allSettled([declareSome(channel), ...more.map(() => onOwnChannel(model, declareSome))]);
  const errors: unknown[] = ended.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []));
  if (errors.length > 0) throw errors.find((error) => refusalOf(error) !== null) ?? errors[0];
}

async function onOwnChannel(model: ChannelModel, use: (channel: Channel) => Promise<void>): Promise<void> {
  const channel = await model.createChannel();
  // Without a listener the refusal would be thrown as an uncaught event, besides rejecting the call.
  channel.on('error', () => {});
  try {
    await use(channel);
  } finally {
    await closeQuietly(channel);
  }
}

export function queueOptions(queue: QueueSpec): Options.AssertQueue {
  return queue.kind === 'durable' ? durableQueue(queue) : transientQueue(queue);
}

/** Final: arguments of an existing queue cannot change. https://www.rabbitmq.com/docs/quorum-queues */
function durableQueue({
  maxLength,
  deliveryLimit,
  deadLetterQueue,
  messageTtlMs,
}: DurableQueueSpec): Options.AssertQueue {
  return {
    durable: true,
    arguments: {
      'x-queue-type': 'quorum',
      'x-overflow': 'reject-publish',
      ...(maxLength === undefined ? {} : { 'x-max-length': maxLength }),
      ...(deadLetterQueue === undefined
        ? // The default of 20 drops a message for good where there is no queue to take it.
          { 'x-delivery-limit': -1 }
        : {
            'x-delivery-limit': deliveryLimit ?? -1,
            'x-dead-letter-exchange': '',
            'x-dead-letter-routing-key': deadLetterQueue,
            'x-dead-letter-strategy': 'at-least-once',
            ...(messageTtlMs === undefined ? {} : { 'x-message-ttl': messageTtlMs }),
          }),
    },
  };
}

/** Drops its oldest when it is full: a refusal would be one for the whole publish, and so for the durable queues beside it. */
function transientQueue({ maxLength }: TransientQueueSpec): Options.AssertQueue {
  return {
    durable: false,
    exclusive: true,
    arguments: {
      'x-queue-type': 'classic',
      ...(maxLength === undefined ? {} : { 'x-max-length': maxLength, 'x-overflow': 'drop-head' }),
    },
  };
}

export type Refusal = 'other-arguments' | 'locked' | 'not-possible';

/** What the broker's answer to a declaration means; null when it is none, but a lost connection or channel. */
export function refusalOf(error: unknown): Refusal | null {
  const { code } = (error ?? {}) as { code?: unknown };
  if (code === 406) return 'other-arguments';
  // Held by another connection: often by our own last one, of which the broker does not know yet that it is gone.
  if (code === 405) return 'locked';
  return code === 403 || code === 404 ? 'not-possible' : null;
}

/** The broker has one word for a queue that another connection holds and for one that is just not exclusive. */
export async function isLockedByAnother(model: ChannelModel, { queues = [] }: Topology): Promise<boolean> {
  for (const { name } of queues) {
    const error = await lookAt(model, name);
    if (refusalOf(error) === 'locked') return true;
  }
  return false;
}

async function lookAt(model: ChannelModel, queue: string): Promise<unknown> {
  try {
    const channel = await model.createChannel();
    channel.on('error', () => {});
    await channel.checkQueue(queue);
    await closeQuietly(channel);
    return null;
  } catch (error) {
    return error;
  }
}

export function refusalMessage(topology: Topology, error: unknown): string {
  const names = [...(topology.exchanges ?? []), ...(topology.queues ?? [])].map(({ name }) => name).join(', ');
  return `The broker refuses to declare ${names}: ${describe(error)}. Nothing was changed`;
}
