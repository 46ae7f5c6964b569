import { expect } from 'vitest';
import type { Broker, Consumption } from '../broker.ts';
import { altered, changedDelivery, withDeliveries } from './broken.ts';
import type { BrokerProperty } from './harness.ts';
import { message, textOf, texts, workbench } from './workbench.ts';

const closingDrains: BrokerProperty = {
  title: 'closing a consumption waits for handlers at work and takes nothing new',
  async run(harness) {
    const bench = workbench(harness);
    const queue = await bench.queue('drain');
    await bench.publish(queue, ['at work']);
    const gate = Promise.withResolvers<void>();
    const { consumption, arrived, deliveries } = await bench.receive(queue, {
      async onDelivery(delivery) {
        await gate.promise;
        delivery.ack();
      },
    });
    await arrived(1);
    expect(consumption.isConsuming).toBe(true);
    let isClosed = false;
    const closing = consumption.close().then(() => {
      isClosed = true;
    });
    try {
      expect(consumption.isConsuming).toBe(false);
      await bench.publish(queue, ['too late']);
      await bench.holds(queue, 1);
      expect(isClosed).toBe(false);
    } finally {
      gate.resolve();
    }
    await closing;
    expect(deliveries.map(textOf)).toEqual(['at work']);
    await bench.publish(queue, ['end']);
    expect(await bench.drain(queue, 2)).toEqual(['too late', 'end']);
  },
  broken: {
    'does not wait': (good) =>
      withConsumptions(good, (consumption) => ({
        close: async () => {
          void consumption.close();
          await new Promise((resolve) => setImmediate(resolve));
        },
      })),
    'gives back what is at work': (good) =>
      withConsumptions(good, (consumption) => ({ close: () => consumption.close({ deadlineMs: 0 }) })),
    'goes on consuming': (good) => withConsumptions(good, () => ({ close: async () => {} })),
    'says for ever that it consumes': (good) => withConsumptions(good, () => ({ isConsuming: true })),
  },
};

const closingGivesBack: BrokerProperty = {
  title: 'what is not settled at the deadline is given back unharmed',
  async run(harness) {
    const bench = workbench(harness);
    const queue = await bench.queue('deadline', { deliveryLimit: 5, deadLetterQueue: await bench.queue('dead') });
    await bench.publish(queue, texts(3));
    const slow = await bench.receive(queue);
    const held = [...(await slow.arrived(3))];
    let isClosed = false;
    void slow.consumption.close({ deadlineMs: 50 }).then(() => {
      isClosed = true;
    });
    await bench.until('the deadline to pass', () => isClosed);
    for (const { lost } of held) expect(lost.aborted).toBe(true);
    // Too late: it belongs to somebody else now.
    for (const delivery of held) delivery.ack();
    const next = await bench.receive(queue);
    await next.arrived(3);
    await next.consumption.close({ deadlineMs: 0 });
    expect(next.deliveries.map(textOf).toSorted()).toEqual(texts(3));
    for (const delivery of next.deliveries) expect(delivery).toMatchObject({ redelivered: true, deliveryCount: 0 });
  },
  broken: {
    'counts it as a failure': (good) =>
      altered(good, {
        consume: async (subscription) => {
          const held: (() => void)[] = [];
          const consumption = await good.consume({
            ...subscription,
            onDelivery: (delivery) => {
              held.push(() => delivery.reject());
              return subscription.onDelivery(delivery);
            },
          });
          return {
            isConsuming: true,
            close: async (options) => {
              for (const reject of held) reject();
              await consumption.close(options);
            },
          };
        },
      }),
    'forgets it': (good) =>
      altered(good, {
        consume: async (subscription) => {
          const held: (() => void)[] = [];
          const consumption = await good.consume({
            ...subscription,
            onDelivery: (delivery) => {
              held.push(() => delivery.ack());
              return subscription.onDelivery(delivery);
            },
          });
          return {
            isConsuming: true,
            close: async (options) => {
              for (const ack of held) ack();
              await consumption.close(options);
            },
          };
        },
      }),
    'does not say that it is taken back': (good) =>
      withDeliveries(good, (delivery) => changedDelivery(delivery, { lost: new AbortController().signal })),
    'waits without a deadline': (good) =>
      withConsumptions(good, (consumption) => ({ close: () => consumption.close({ deadlineMs: 60_000 }) })),
  },
};

const handlersMayPublishWhileClosing: BrokerProperty = {
  title: 'closing the broker lets handlers at work publish and settle first',
  async run(harness) {
    const bench = workbench(harness);
    const queue = await bench.queue('work');
    const results = await bench.queue('results');
    await bench.publish(queue, ['job']);
    const gate = Promise.withResolvers<void>();
    const broker = harness.broker();
    const { arrived } = await bench.receive(queue, {
      async onDelivery(delivery) {
        await gate.promise;
        const outcome = await broker.publish(message(results, 'result'));
        if (outcome.status === 'confirmed') delivery.ack();
        else delivery.requeue();
      },
    });
    await arrived(1);
    const closing = broker.close();
    gate.resolve();
    await closing;
    await harness.crash();
    await bench.holds(results, 1);
    await bench.holds(queue, 0);
  },
  broken: {
    'refuses publishes as soon as it is closing': (good) => {
      let closing = false;
      return altered(good, {
        publish: (sent) =>
          closing ? Promise.resolve({ status: 'unreachable', reason: 'closing' }) : good.publish(sent),
        close: () => {
          closing = true;
          return good.close();
        },
      });
    },
  },
};

const closedSaysSo: BrokerProperty = {
  title: 'a closed broker says so, takes nothing, and may be closed again',
  async run(harness) {
    const bench = workbench(harness);
    const queue = await bench.queue('closed');
    const broker = harness.broker();
    const states: string[] = [];
    broker.onStateChange((state) => states.push(state));
    const removed: string[] = [];
    broker.onStateChange((state) => removed.push(state))();
    await broker.close();
    await broker.close();
    expect(broker.state).toBe('closed');
    expect(broker.stateReason).toBeNull();
    expect(states).toContain('closed');
    expect(removed).toEqual([]);
    expect(await broker.publish(message(queue, 'late'))).toMatchObject({ status: 'unreachable' });
    expect(await broker.inspect(queue)).toBeNull();
  },
  broken: {
    'throws when closed twice': (good) => {
      let closed = false;
      return altered(good, {
        close: () => {
          if (closed) return Promise.reject(new Error('closed already'));
          closed = true;
          return good.close();
        },
      });
    },
    'confirms after the end': (good) =>
      altered(good, {
        publish: async (sent) => {
          const outcome = await good.publish(sent);
          return outcome.status === 'unreachable' ? { status: 'confirmed' } : outcome;
        },
      }),
    'never tells of its state': (good) => altered(good, { onStateChange: () => () => {} }),
  },
};

const faultyListeners: BrokerProperty = {
  title: 'a listener that throws harms neither the broker nor the other listeners',
  async run(harness) {
    const broker = harness.broker();
    const told: string[] = [];
    broker.onStateChange(() => {
      throw new Error('a bug of somebody else');
    });
    broker.onStateChange((state) => told.push(state));
    await broker.close();
    expect(told).toContain('closed');
  },
  broken: {
    'stops at the first throw': (good) => {
      const listeners: ((state: Broker['state']) => void)[] = [];
      good.onStateChange((state) => {
        try {
          for (const listener of listeners) listener(state);
        } catch {
          // The others are not told.
        }
      });
      return altered(good, {
        onStateChange: (listener) => {
          listeners.push(listener);
          return () => {};
        },
      });
    },
  },
};

export const endingProperties = [
  closingDrains,
  closingGivesBack,
  handlersMayPublishWhileClosing,
  closedSaysSo,
  faultyListeners,
];

function withConsumptions(good: Broker, change: (consumption: Consumption) => Partial<Consumption>): Broker {
  return altered(good, {
    consume: async (subscription) => {
      const consumption = await good.consume(subscription);
      const changed = change(consumption);
      return {
        get isConsuming() {
          return changed.isConsuming ?? consumption.isConsuming;
        },
        close: (options) => (changed.close ?? consumption.close).call(consumption, options),
      };
    },
  });
}
