import { expect } from 'vitest';
import { altered, changedDelivery, withDeliveries, withQueues } from './broken.ts';
import type { BrokerProperty } from './harness.ts';
import { message, textOf, workbench } from './workbench.ts';

/** Beyond the limit of 20 that RabbitMQ has when nothing is said. */
const MANY_FAILURES = 25;

const crashedComesAgain: BrokerProperty = {
  title: 'what a crashed consumer held comes again and says so',
  async run(harness) {
    const bench = workbench(harness);
    const queue = await bench.queue('crash', { deliveryLimit: 5, deadLetterQueue: await bench.queue('dead') });
    await bench.publish(queue, ['held 1', 'held 2', 'waiting']);
    const before = await bench.receive(queue, { prefetch: 2 });
    for (const delivery of await before.arrived(2)) {
      expect(delivery).toMatchObject({ redelivered: false, deliveryCount: 0 });
    }
    await bench.holds(queue, 1);
    await harness.crash();
    const after = await bench.receive(queue, { onDelivery: (delivery) => delivery.ack() });
    await after.arrived(3);
    expect(after.deliveries.map(textOf).toSorted()).toEqual(['held 1', 'held 2', 'waiting']);
    for (const delivery of after.deliveries) {
      const wasHeld = textOf(delivery) !== 'waiting';
      expect(delivery).toMatchObject({ redelivered: wasHeld, deliveryCount: wasHeld ? 1 : 0 });
    }
  },
  broken: {
    'forgets a message when it delivers it': (good) =>
      withDeliveries(good, (delivery) => {
        delivery.ack();
        return delivery;
      }),
    'does not say that it comes again': (good) =>
      withDeliveries(good, (delivery) => changedDelivery(delivery, { redelivered: false })),
    'does not count crashes': (good) =>
      withDeliveries(good, (delivery) => changedDelivery(delivery, { deliveryCount: 0 })),
  },
};

const ackedIsGone: BrokerProperty = {
  title: 'what was acknowledged does not come again, not even after a crash',
  async run(harness) {
    const bench = workbench(harness);
    const queue = await bench.queue('acked');
    await bench.publish(queue, ['done', 'held']);
    const before = await bench.receive(queue, {
      onDelivery: (delivery) => {
        if (textOf(delivery) === 'done') delivery.ack();
      },
    });
    await before.arrived(2);
    // An ack has no answer; what is published and confirmed after it tells that it was seen.
    await bench.publish(queue, ['marker']);
    await before.arrived(3);
    await harness.crash();
    const after = await bench.receive(queue, { onDelivery: (delivery) => delivery.ack() });
    await after.arrived(2);
    await bench.publish(queue, ['end']);
    await bench.until('the end', () => after.deliveries.some((delivery) => textOf(delivery) === 'end'));
    expect(after.deliveries.map(textOf).toSorted()).toEqual(['end', 'held', 'marker']);
  },
  broken: {
    'forgets acknowledgements': (good) =>
      withDeliveries(good, (delivery) => changedDelivery(delivery, { ack: () => {} })),
  },
};

const requeueDoesNotCount: BrokerProperty = {
  title: 'giving back unharmed does not count towards the delivery limit',
  async run(harness) {
    const bench = workbench(harness);
    const queue = await bench.queue('unharmed', { deliveryLimit: 2, deadLetterQueue: await bench.queue('dead') });
    await bench.publish(queue, ['patient']);
    const { deliveries, arrived } = await bench.receive(queue, {
      onDelivery: (delivery, nth) => (nth < 10 ? delivery.requeue() : delivery.ack()),
    });
    await arrived(10);
    expect(deliveries.map(({ deliveryCount }) => deliveryCount)).toEqual(Array(10).fill(0));
    expect(deliveries.map(({ redelivered }) => redelivered)).toEqual([false, ...Array(9).fill(true)]);
  },
  broken: {
    'counts what was given back unharmed': (good) =>
      withDeliveries(good, (delivery) => changedDelivery(delivery, { requeue: () => delivery.reject() })),
  },
};

const rejectCountsThenDeadLetters: BrokerProperty = {
  title: 'a rejected message comes again up to the delivery limit and then lies in the dead-letter queue, whole',
  async run(harness) {
    const bench = workbench(harness);
    const dead = await bench.queue('dead');
    const queue = await bench.queue('limited', { deliveryLimit: 2, deadLetterQueue: dead });
    const content = { messageId: 'poison-1', type: 'weather.forecast', correlationId: 'c-1', headers: { attempt: 7 } };
    await harness.broker().publish(message(queue, 'poison', content));
    await bench.publish(queue, ['healthy']);

    const { deliveries } = await bench.receive(queue, {
      onDelivery: (delivery) => (textOf(delivery) === 'poison' ? delivery.reject() : delivery.ack()),
    });
    const parked = await bench.receive(dead, { onDelivery: (delivery) => delivery.ack() });
    const [letter] = await parked.arrived(1);
    expect(letter?.message).toMatchObject({ ...content, body: Buffer.from('poison') });
    const poison = deliveries.filter((delivery) => textOf(delivery) === 'poison');
    expect(poison.map(({ deliveryCount }) => deliveryCount)).toEqual([0, 1, 2]);
    await bench.until('the healthy one', () => deliveries.some((delivery) => textOf(delivery) === 'healthy'));
    await bench.holds(queue, 0);
    expect(parked.deliveries).toHaveLength(1);
  },
  broken: {
    'never counts': (good) =>
      withDeliveries(good, (delivery) => changedDelivery(delivery, { reject: () => delivery.requeue() })),
    'drops what is past the limit': (good) =>
      withDeliveries(good, (delivery) =>
        changedDelivery(delivery, { reject: () => (delivery.deliveryCount < 2 ? delivery.reject() : delivery.ack()) }),
      ),
    'dead-letters at the first failure': (good) =>
      withQueues(good, (spec) =>
        spec.kind === 'durable' && spec.deadLetterQueue ? { ...spec, deliveryLimit: 0 } : spec,
      ),
  },
};

const crashesDeadLetter: BrokerProperty = {
  title: 'a message whose consumers crash past the limit lies in the dead-letter queue',
  async run(harness) {
    const bench = workbench(harness);
    const dead = await bench.queue('dead');
    const queue = await bench.queue('crashing', { deliveryLimit: 1, deadLetterQueue: dead });
    await bench.publish(queue, ['poison']);
    for (const deliveryCount of [0, 1]) {
      const { arrived } = await bench.receive(queue);
      const [delivery] = await arrived(1);
      expect(delivery).toMatchObject({ deliveryCount });
      await harness.crash();
    }
    expect(await bench.drain(dead, 1)).toEqual(['poison']);
    await bench.holds(queue, 0);
  },
  broken: {
    'has no limit': (good) =>
      withQueues(good, (spec) =>
        spec.kind === 'durable' && spec.deadLetterQueue ? { ...spec, deliveryLimit: 50 } : spec,
      ),
  },
};

const withoutDeadLettersNothingIsDropped: BrokerProperty = {
  title: 'a queue without a dead-letter queue gives a rejected message again for ever',
  async run(harness) {
    const bench = workbench(harness);
    const queue = await bench.queue('stubborn');
    await bench.publish(queue, ['stubborn']);
    const { arrived, deliveries } = await bench.receive(queue, {
      onDelivery: (delivery, nth) => (nth <= MANY_FAILURES ? delivery.reject() : delivery.ack()),
    });
    await arrived(MANY_FAILURES + 1);
    expect(deliveries.at(-1)?.deliveryCount).toBe(MANY_FAILURES);
  },
  broken: {
    'drops after twenty failures': (good) =>
      withDeliveries(good, (delivery) =>
        changedDelivery(delivery, { reject: () => (delivery.deliveryCount < 20 ? delivery.reject() : delivery.ack()) }),
      ),
  },
};

const throwRejects: BrokerProperty = {
  title: 'a handler that throws, at once or later, has rejected its message',
  async run(harness) {
    const bench = workbench(harness);
    const queue = await bench.queue('throwing', { deliveryLimit: 5, deadLetterQueue: await bench.queue('dead') });
    await bench.publish(queue, ['bad']);
    const { arrived, deliveries } = await bench.receive(queue, {
      onDelivery(delivery, nth) {
        if (nth === 1) throw new Error('at once');
        if (nth === 2) return Promise.resolve().then(() => Promise.reject(new Error('later')));
        delivery.ack();
        return undefined;
      },
    });
    await arrived(3);
    expect(deliveries.map(({ deliveryCount }) => deliveryCount)).toEqual([0, 1, 2]);
    await bench.publish(queue, ['next']);
    await arrived(4);
    expect(deliveries.map(textOf)).toEqual(['bad', 'bad', 'bad', 'next']);
  },
  broken: {
    'takes a throw for an ack': (good) =>
      altered(good, {
        consume: ({ onDelivery, ...rest }) =>
          good.consume({
            ...rest,
            onDelivery: async (delivery) => {
              try {
                await onDelivery(delivery);
              } catch {
                delivery.ack();
              }
            },
          }),
      }),
    'gives back unharmed after a throw': (good) =>
      altered(good, {
        consume: ({ onDelivery, ...rest }) =>
          good.consume({
            ...rest,
            onDelivery: async (delivery) => {
              try {
                await onDelivery(delivery);
              } catch {
                delivery.requeue();
              }
            },
          }),
      }),
  },
};

const firstSettlementCounts: BrokerProperty = {
  title: 'the first settlement of a delivery counts, and later ones harm nobody',
  async run(harness) {
    const bench = workbench(harness);
    const queue = await bench.queue('twice', { deliveryLimit: 5, deadLetterQueue: await bench.queue('dead') });
    await bench.publish(queue, ['acked', 'given back']);
    const { arrived, deliveries } = await bench.receive(queue, {
      prefetch: 1,
      onDelivery(delivery) {
        if (textOf(delivery) === 'given back' && !delivery.redelivered) delivery.requeue();
        delivery.ack();
        delivery.reject();
        delivery.requeue();
      },
    });
    await arrived(3);
    await bench.publish(queue, ['end']);
    await arrived(4);
    expect(deliveries.map(textOf)).toEqual(['acked', 'given back', 'given back', 'end']);
    expect(deliveries.map(({ deliveryCount }) => deliveryCount)).toEqual([0, 0, 0, 0]);
    expect(deliveries.map(({ lost }) => lost.aborted)).toEqual([false, false, false, false]);
  },
  broken: {
    'takes the last one': (good) => withDeliveries(good, lastSettlementWins),
    'takes what is settled for lost': (good) =>
      withDeliveries(good, (delivery) => changedDelivery(delivery, { lost: AbortSignal.abort() })),
  },
};

export const settlingProperties = [
  crashedComesAgain,
  ackedIsGone,
  requeueDoesNotCount,
  rejectCountsThenDeadLetters,
  crashesDeadLetter,
  withoutDeadLettersNothingIsDropped,
  throwRejects,
  firstSettlementCounts,
];

function lastSettlementWins(delivery: Parameters<typeof changedDelivery>[0]): typeof delivery {
  let last = (): void => {};
  const remember = (settle: () => void) => (): void => {
    last = settle;
    setImmediate(() => last());
  };
  return changedDelivery(delivery, {
    ack: remember(() => delivery.ack()),
    requeue: remember(() => delivery.requeue()),
    reject: remember(() => delivery.reject()),
  });
}
