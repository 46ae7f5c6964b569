import type { Broker, Delivery, OutgoingMessage, PublishOutcome } from '../src/broker.ts';

/** One queue, where what a test is about is the broker. */
export const JOBS = { queues: [{ kind: 'durable', name: 'jobs' }] } as const;

/** A message into that queue, unless it is told where. */
export function publish(broker: Broker, text: string, more: Partial<OutgoingMessage> = {}): Promise<PublishOutcome> {
  const body = Buffer.from(text);
  return broker.publish({ exchange: '', routingKey: 'jobs', mandatory: true, headers: {}, body, ...more });
}

export function textOf({ message }: Delivery): string {
  return message.body.toString();
}
