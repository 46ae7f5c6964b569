import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import type { Broker, Delivery, OutgoingMessage, PublishOutcome, QueueState } from '../broker.ts';
import { altered, withOutgoing } from './broken.ts';
import type { BrokerProperty } from './harness.ts';
import { message, textOf, texts, workbench } from './workbench.ts';

const orderIsKept: BrokerProperty = {
  title: 'a queue gives its messages in the order in which they were published',
  async run(harness) {
    const bench = workbench(harness);
    const queue = await bench.queue('order');
    const sent = texts(200);
    await bench.publish(queue, sent);
    expect(await bench.drain(queue, sent.length)).toEqual(sent);
  },
  broken: { 'lets every fifth message wait': delaysEveryFifth },
};

const prefetchIsKept: BrokerProperty = {
  title: 'a consumer never holds more unsettled messages than its prefetch',
  async run(harness) {
    const bench = workbench(harness);
    const queue = await bench.queue('prefetch');
    await bench.publish(queue, texts(10));
    const { arrived, deliveries, consumption } = await bench.receive(queue, { prefetch: 3 });
    await arrived(3);
    await bench.holds(queue, 7);
    expect(deliveries.map(textOf)).toEqual(['0', '1', '2']);
    deliveries[0]?.ack();
    await arrived(4);
    await bench.holds(queue, 6);
    expect(deliveries).toHaveLength(4);
    await consumption.close({ deadlineMs: 0 });
  },
  broken: {
    'takes one more': (good) =>
      altered(good, {
        consume: (subscription) => good.consume({ ...subscription, prefetch: subscription.prefetch + 1 }),
      }),
    'takes everything': (good) =>
      altered(good, { consume: (subscription) => good.consume({ ...subscription, prefetch: 1_000 }) }),
  },
};

const priorityGoesFirst: BrokerProperty = {
  title: 'higher priorities overtake lower ones, and none given counts as 4',
  async run(harness) {
    const bench = workbench(harness);
    const queue = await bench.queue('priority');
    const publish = (text: string, priority?: number): Promise<PublishOutcome> =>
      harness.broker().publish(message(queue, text, priority === undefined ? {} : { priority }));
    await publish('low 1', 1);
    await publish('none 1');
    await publish('normal 1', 4);
    await publish('high 1', 8);
    await publish('none 2');
    await publish('low 2', 1);
    await publish('urgent 1', 16);
    await publish('high 2', 8);
    expect(await bench.drain(queue, 8)).toEqual([
      'urgent 1',
      'high 1',
      'high 2',
      'none 1',
      'normal 1',
      'none 2',
      'low 1',
      'low 2',
    ]);
  },
  broken: {
    'knows no priorities': (good) => withOutgoing(good, ({ priority: _, ...rest }) => rest),
    'takes none given for the lowest': (good) => withOutgoing(good, (sent) => ({ priority: 0, ...sent })),
  },
};

const consumersShare: BrokerProperty = {
  title: 'consumers of one queue share its messages, each message once',
  async run(harness) {
    const bench = workbench(harness);
    const queue = await bench.queue('shared');
    const onDelivery = (delivery: Delivery): void => delivery.ack();
    const first = await bench.receive(queue, { prefetch: 1, onDelivery });
    const second = await bench.receive(queue, { prefetch: 1, onDelivery });
    const sent = texts(40);
    await bench.publish(queue, sent);
    await bench.until('all to arrive', () => first.deliveries.length + second.deliveries.length >= sent.length);
    const received = [...first.deliveries, ...second.deliveries].map(textOf);
    expect(received.toSorted()).toEqual(sent.toSorted());
    expect(first.deliveries.length).toBeGreaterThan(0);
    expect(second.deliveries.length).toBeGreaterThan(0);
  },
  broken: {
    'gives every message to every consumer': givesToEveryConsumer,
    'lets only the first consumer work': (good) => {
      let first = true;
      return altered(good, {
        consume: async (subscription) => {
          if (!first) return { isConsuming: true, close: async () => {} };
          first = false;
          return good.consume(subscription);
        },
      });
    },
  },
};

const inspectTells: BrokerProperty = {
  title: 'inspect tells what waits and who consumes, and null for a queue that is not there',
  async run(harness) {
    const bench = workbench(harness);
    const queue = await bench.queue('seen');
    const inspect = (name: string) => harness.broker().inspect(name);
    expect(await inspect(queue)).toMatchObject({ ready: 0, consumers: 0 });
    await bench.publish(queue, texts(3));
    await bench.holds(queue, 3);
    const { consumption, arrived } = await bench.receive(queue, { prefetch: 2 });
    await arrived(2);
    await bench.holds(queue, 1);
    expect(await inspect(queue)).toMatchObject({ ready: 1, consumers: 1 });
    await consumption.close({ deadlineMs: 0 });
    await bench.holds(queue, 3);
    expect(await inspect(queue)).toMatchObject({ ready: 3, consumers: 0 });
    expect(await inspect(bench.name('nowhere'))).toBeNull();
  },
  broken: {
    'finds queues that are not there': (good) =>
      altered(good, { inspect: async (queue) => (await good.inspect(queue)) ?? EMPTY }),
    'counts no consumers': (good) =>
      altered(good, {
        inspect: async (queue) => {
          const seen = await good.inspect(queue);
          return seen && { ...seen, consumers: 0 };
        },
      }),
  },
};

const EMPTY: QueueState = { ready: 0, consumers: 0, unacknowledged: 0, publishRate: 0, deliverRate: 0 };

const inspectTellsTheFlow: BrokerProperty = {
  title: 'inspect tells what is unsettled, and how much came and went in the last minute',
  async run(harness) {
    const bench = workbench(harness);
    const queue = await bench.queue('flow');
    const flow = async () => {
      const { unacknowledged, publishRate, deliverRate } = (await harness.broker().inspect(queue)) ?? EMPTY;
      // Nobody counts to the last message in the last second of a minute.
      return { unacknowledged, publishRate: Math.round(publishRate ?? -1), deliverRate: Math.round(deliverRate ?? -1) };
    };
    const tells = (expected: Awaited<ReturnType<typeof flow>>) =>
      bench.until(JSON.stringify(expected), async () => isDeepStrictEqual(await flow(), expected));
    await tells({ unacknowledged: 0, publishRate: 0, deliverRate: 0 });
    await bench.publish(queue, texts(180));
    const { deliveries, arrived, consumption } = await bench.receive(queue, { prefetch: 120 });
    await arrived(120);
    await tells({ unacknowledged: 120, publishRate: 3, deliverRate: 2 });
    for (const delivery of deliveries) delivery.ack();
    await arrived(180);
    await tells({ unacknowledged: 60, publishRate: 3, deliverRate: 3 });
    await consumption.close({ deadlineMs: 0 });
    await tells({ unacknowledged: 0, publishRate: 3, deliverRate: 3 });
  },
  broken: {
    'says nothing of it': (good) =>
      withInspections(good, (seen) => ({ ...seen, unacknowledged: null, publishRate: null, deliverRate: null })),
    'does not see what is unsettled': (good) => withInspections(good, (seen) => ({ ...seen, unacknowledged: 0 })),
    'takes one rate for the other': (good) =>
      withInspections(good, (seen) => ({ ...seen, publishRate: seen.deliverRate, deliverRate: seen.publishRate })),
    'counts by the minute': (good) =>
      withInspections(good, (seen) => ({ ...seen, publishRate: seen.publishRate && seen.publishRate * 60 })),
  },
};

export const deliveringProperties = [
  orderIsKept,
  prefetchIsKept,
  priorityGoesFirst,
  consumersShare,
  inspectTells,
  inspectTellsTheFlow,
];

function withInspections(good: Broker, change: (seen: QueueState) => QueueState): Broker {
  return altered(good, {
    inspect: async (queue) => {
      const seen = await good.inspect(queue);
      return seen && change(seen);
    },
  });
}

function delaysEveryFifth(good: Broker): Broker {
  let count = 0;
  const publish = async (sent: OutgoingMessage): Promise<PublishOutcome> => {
    if (++count % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    return good.publish(sent);
  };
  return altered(good, { publish });
}

function givesToEveryConsumer(good: Broker): Broker {
  const handlers: ((delivery: Delivery) => void | Promise<void>)[] = [];
  return altered(good, {
    consume: ({ onDelivery, ...rest }) => {
      handlers.push(onDelivery);
      return good.consume({
        ...rest,
        onDelivery: (delivery) => {
          for (const handle of handlers) void handle(delivery);
        },
      });
    },
  });
}
