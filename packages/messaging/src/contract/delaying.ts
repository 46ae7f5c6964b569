import { expect } from 'vitest';
import type { Broker, OutgoingMessage } from '../broker.ts';
import { altered, changedDelivery, withDeliveries, withIncoming, withQueues } from './broken.ts';
import type { BrokerProperty } from './harness.ts';
import { message, type Receiver, textOf, texts, type Workbench, workbench } from './workbench.ts';

const TTL_MS = 400;
/** Clocks of two processes are read, each to the millisecond, and timers may be that much early. */
const TOLERANCE_MS = 20;

const waitsThenMoves: BrokerProperty = {
  title: 'a message waits in a delay queue for its time, then lies in the next queue, whole and in order',
  async run(harness) {
    const bench = workbench(harness);
    const { delay, next } = await delayed(bench);
    const content = {
      messageId: 'm-1',
      type: 'weather.forecast',
      priority: 8,
      headers: { 'x-attempt': 2, text: 'kept' },
    };
    const receiver = await timed(bench, next);
    const sentAt = performance.now();
    await harness.broker().publish(message(delay, 'first', content));
    await harness.broker().publish(message(delay, 'second', content));
    await receiver.arrived(2);
    expect(receiver.deliveries.map(textOf)).toEqual(['first', 'second']);
    for (const at of receiver.times) expect(at - sentAt).toBeGreaterThan(TTL_MS - TOLERANCE_MS);
    const [delivery] = receiver.deliveries;
    expect(delivery).toMatchObject({ redelivered: false, deliveryCount: 0 });
    expect(delivery?.message).toMatchObject({ exchange: '', routingKey: next, ...content });
    await bench.holds(delay, 0);
    expect(receiver.deliveries).toHaveLength(2);
  },
  broken: {
    'does not wait': (good) => withTtls(good, () => 1),
    'waits for ever': (good) => withTtls(good, () => undefined),
    'loses the headers on the way': (good) =>
      withIncoming(good, ({ headers: _, ...arrived }) => ({ ...arrived, headers: {} })),
    'gives the last first': givesTheLastFirst,
    'says that it was delivered before': (good) =>
      withDeliveries(good, (delivery) => changedDelivery(delivery, { redelivered: true })),
  },
};

const manyKeepTheirOrder: BrokerProperty = {
  title: 'many messages that wait together come in the order in which they began to wait',
  async run(harness) {
    const bench = workbench(harness);
    const { delay, next } = await delayed(bench);
    const sent = texts(300);
    await bench.publish(delay, sent);
    expect(await bench.drain(next, sent.length)).toEqual(sent);
  },
  broken: { 'gives the last first': givesTheLastFirst },
};

const urgentDoesNotHoldUp: BrokerProperty = {
  title: 'what waits is not held up by something more urgent that came later',
  async run(harness) {
    const bench = workbench(harness);
    const { delay, next } = await delayed(bench);
    const receiver = await timed(bench, next);
    const urgent = publishEvery(harness.broker(), delay, TTL_MS / 2);
    try {
      await urgent.begun;
      const sentAt = performance.now();
      await harness.broker().publish(message(delay, 'low', { priority: 1 }));
      await bench.until('the low one', () => receiver.deliveries.some((delivery) => textOf(delivery) === 'low'));
      const at = receiver.times[receiver.deliveries.findIndex((delivery) => textOf(delivery) === 'low')] ?? 0;
      expect(at - sentAt).toBeGreaterThan(TTL_MS - TOLERANCE_MS);
    } finally {
      await urgent.stop();
    }
  },
  broken: {
    'has no time for the low ones': (good) =>
      altered(good, {
        publish: (sent) => (sent.priority === 1 ? Promise.resolve({ status: 'confirmed' }) : good.publish(sent)),
      }),
  },
};

const waitingSurvives: BrokerProperty = {
  title: 'what waits is still waiting, and comes once, after the broker was killed and started again',
  async run(harness) {
    const bench = workbench(harness);
    const { delay, next } = await delayed(bench, 1_500);
    await bench.publish(delay, ['kept']);
    const sentAt = performance.now();
    await harness.restart();
    const receiver = await timed(bench, next);
    await receiver.arrived(1);
    expect(receiver.deliveries.map(textOf)).toEqual(['kept']);
    expect((receiver.times[0] ?? 0) - sentAt).toBeGreaterThan(1_500 - TOLERANCE_MS);
    expect(receiver.deliveries[0]).toMatchObject({ redelivered: false, deliveryCount: 0 });
    await bench.holds(delay, 0);
  },
  broken: {
    'has it only in memory': (good) =>
      altered(good, {
        publish: (sent) =>
          sent.routingKey.includes('delay') ? Promise.resolve({ status: 'confirmed' }) : good.publish(sent),
      }),
    'moves it at once': (good) => withTtls(good, () => 1),
  },
};

const ttlIsFinal: BrokerProperty = {
  title: 'the time in a delay queue is final, and a queue without one keeps its messages',
  async run(harness) {
    const bench = workbench(harness);
    const { delay, next } = await delayed(bench);
    const other = { kind: 'durable', name: delay, deadLetterQueue: next, messageTtlMs: TTL_MS * 2 } as const;
    await expect(harness.broker().declare({ queues: [other] })).rejects.toThrow(/refuses|exists/);
    const lasting = await bench.queue('lasting', { deadLetterQueue: next });
    await bench.publish(lasting, ['stays']);
    await bench.publish(delay, ['moves']);
    expect(await bench.drain(next, 1)).toEqual(['moves']);
    await bench.holds(lasting, 1);
  },
  broken: {
    'forgets the time when it declares': (good) => withTtls(good, () => undefined),
    'lets everything expire': (good) =>
      withQueues(good, (spec) =>
        spec.kind === 'durable' && spec.deadLetterQueue ? { ...spec, messageTtlMs: 1 } : spec,
      ),
  },
};

export const delayingProperties = [
  waitsThenMoves,
  manyKeepTheirOrder,
  urgentDoesNotHoldUp,
  waitingSurvives,
  ttlIsFinal,
];

async function delayed(bench: Workbench, messageTtlMs = TTL_MS): Promise<{ delay: string; next: string }> {
  const next = await bench.queue('next');
  const delay = await bench.queue('delay', { deadLetterQueue: next, messageTtlMs });
  return { delay, next };
}

/** Takes everything, with the time of each arrival. */
async function timed(bench: Workbench, queue: string): Promise<Receiver & { readonly times: number[] }> {
  const times: number[] = [];
  const receiver = await bench.receive(queue, {
    onDelivery(delivery) {
      times.push(performance.now());
      delivery.ack();
    },
  });
  return { ...receiver, times };
}

/** Something urgent again and again, so that there is always one in the queue. */
function publishEvery(broker: Broker, queue: string, everyMs: number) {
  const stop = new AbortController();
  const first = Promise.withResolvers<void>();
  const done = (async () => {
    while (!stop.signal.aborted) {
      await broker.publish(message(queue, 'urgent', { priority: 16 }));
      first.resolve();
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  })();
  return {
    begun: first.promise,
    stop() {
      stop.abort();
      return done;
    },
  };
}

function withTtls(good: Broker, change: (ttlMs: number) => number | undefined): Broker {
  return withQueues(good, (spec) => {
    if (spec.kind !== 'durable' || spec.messageTtlMs === undefined) return spec;
    const { messageTtlMs: before, ...rest } = spec;
    const messageTtlMs = change(before);
    return messageTtlMs === undefined ? rest : { ...rest, messageTtlMs };
  });
}

/** Holds back what goes to a delay queue until there is another one to go before it. */
function givesTheLastFirst(good: Broker): Broker {
  let held: OutgoingMessage | undefined;
  return altered(good, {
    publish: async (sent) => {
      if (!sent.routingKey.includes('delay')) return good.publish(sent);
      if (!held) {
        held = sent;
        return { status: 'confirmed' };
      }
      const outcome = await good.publish(sent);
      await good.publish(held);
      held = undefined;
      return outcome;
    },
  });
}
