import type { Broker, IncomingMessage } from '@tracepost/messaging';
import { until } from '@tracepost/testing';

/** Takes at least so many messages from a queue, and everything that lies in it, in order. */
export async function takeAll(broker: Broker, queue: string, { atLeast = 0 } = {}): Promise<IncomingMessage[]> {
  const taken: IncomingMessage[] = [];
  const { ready = 0 } = (await broker.inspect(queue)) ?? {};
  const consumption = await broker.consume({
    queue,
    prefetch: 200,
    onDelivery(delivery) {
      taken.push(delivery.message);
      delivery.ack();
    },
  });
  const count = Math.max(ready, atLeast);
  await until(() => taken.length >= count, { timeoutMs: 20_000, what: `${count} messages on ${queue}` });
  await consumption.close();
  return taken;
}
