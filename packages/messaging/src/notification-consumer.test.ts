import { createTelemetry } from '@tracepost/telemetry';
import { expect, test } from 'vitest';
import type { Broker, Delivery, Subscription } from './broker.ts';
import { consumeNotifications } from './notification-consumer.ts';

test('a delivery that is lost while it waits for its turn is not worked on', async () => {
  const gate = Promise.withResolvers<void>();
  const worked: string[] = [];
  const onDelivery = await consume(async (taskId) => {
    worked.push(taskId);
    await gate.promise;
  });
  const first = onDelivery(delivery('first'));
  const lost = { ...delivery('second'), isSettled: false };
  const waiting = onDelivery(lost);
  lost.isSettled = true;
  const again = onDelivery(delivery('second'));
  gate.resolve();
  await Promise.all([first, waiting, again]);
  expect(worked).toEqual(['first', 'second']);
});

async function consume(work: (taskId: string) => Promise<void>): Promise<Subscription['onDelivery']> {
  const given = Promise.withResolvers<Subscription>();
  const broker: Pick<Broker, 'declare' | 'consume'> = {
    declare: async () => {},
    consume: async (subscription) => {
      given.resolve(subscription);
      return { isConsuming: true, close: async () => {} };
    },
  };
  await consumeNotifications({
    broker: broker as Broker,
    telemetry: createTelemetry({ serviceName: 'test' }),
    agentId: 'tester',
    workerId: 'worker-1',
    prefetch: 2,
    capacity: 1,
    work: async ({ notification }) => {
      await work(notification.taskId);
      return { status: 'done' };
    },
  });
  return (await given.promise).onDelivery;
}

function delivery(id: string): Delivery {
  return {
    message: {
      exchange: '',
      routingKey: 'agent.tester',
      headers: {},
      body: Buffer.from(JSON.stringify({ id, type: 't', data: {} })),
    },
    redelivered: false,
    deliveryCount: 0,
    isSettled: false,
    lost: new AbortController().signal,
    ack: () => {},
    requeue: () => {},
    reject: () => {},
  };
}
