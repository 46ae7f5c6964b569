import { expect } from 'vitest';
import { type QueueSpec, TopologyRefusedError } from '../broker.ts';
import { altered, withQueues } from './broken.ts';
import type { BrokerProperty } from './harness.ts';
import { message, workbench } from './workbench.ts';

const declaringAgain: BrokerProperty = {
  title: 'declaring the same again changes nothing, and with other arguments is refused',
  async run(harness) {
    const bench = workbench(harness);
    const spec: QueueSpec = { kind: 'durable', name: bench.name('twice'), maxLength: 100 };
    const declare = (queue: QueueSpec): Promise<void> => harness.broker().declare({ queues: [queue] });
    await declare(spec);
    await bench.publish(spec.name, ['kept']);
    await declare(spec);
    await expect(declare({ ...spec, maxLength: 200 })).rejects.toBeInstanceOf(TopologyRefusedError);
    await expect(declare({ ...spec, deadLetterQueue: bench.name('dead') })).rejects.toBeInstanceOf(
      TopologyRefusedError,
    );
    await expect(declare({ kind: 'transient', name: spec.name })).rejects.toBeInstanceOf(TopologyRefusedError);
    await declare(spec);
    expect(await bench.publish(spec.name, ['kept too'])).toEqual([{ status: 'confirmed' }]);
    expect(await bench.drain(spec.name, 2)).toEqual(['kept', 'kept too']);
  },
  broken: {
    'keeps a refusal to itself': (good) =>
      altered(good, { declare: (topology) => good.declare(topology).catch(() => {}) }),
    'has no arguments': (good) =>
      withQueues(good, ({ kind, name }) => (kind === 'durable' ? { kind, name } : { kind, name })),
  },
};

const exchangeTypeIsFinal: BrokerProperty = {
  title: 'an exchange that exists with another type is refused',
  async run(harness) {
    const bench = workbench(harness);
    const name = bench.name('exchange');
    await harness.broker().declare({ exchanges: [{ name, type: 'topic' }] });
    const other = harness.broker().declare({ exchanges: [{ name, type: 'direct' }] });
    await expect(other).rejects.toBeInstanceOf(TopologyRefusedError);
  },
  broken: {
    'leaves the exchange as it is and says nothing': (good) =>
      altered(good, { declare: (topology) => good.declare(topology).catch(() => {}) }),
  },
};

const transientDies: BrokerProperty = {
  title: 'a transient queue takes what its bindings give it and dies with its connection',
  async run(harness) {
    const bench = workbench(harness);
    const live = bench.name('live');
    const kept = await bench.queue('kept');
    await harness.broker().declare({ queues: [{ kind: 'transient', name: live }] });
    const exchange = await bench.exchange('topic', [
      { queue: live, key: 'task.#' },
      { queue: kept, key: 'task.#' },
    ]);
    const publish = () => harness.broker().publish(message('', 'seen', { exchange, routingKey: 'task.weather' }));
    expect(await publish()).toEqual({ status: 'confirmed' });
    expect(await bench.drain(live, 1)).toEqual(['seen']);
    expect(await publish()).toEqual({ status: 'confirmed' });
    await bench.holds(live, 1);
    await harness.crash();
    await bench.until('the transient queue to be gone', async () => (await harness.broker().inspect(live)) === null);
    await bench.holds(kept, 2);
  },
  broken: {
    'makes transient queues durable': (good) => withQueues(good, ({ name }) => ({ kind: 'durable', name })),
    'makes no transient queues': (good) =>
      altered(good, {
        declare: ({ queues = [], bindings = [], ...rest }) => {
          const durable = queues.filter(({ kind }) => kind === 'durable');
          return good.declare({
            ...rest,
            queues: durable,
            bindings: bindings.filter(({ queue }) => !queue.includes('live')),
          });
        },
      }),
  },
};

const fullTransientDropsOldest: BrokerProperty = {
  title: 'a full transient queue drops its oldest and never refuses for the durable ones',
  async run(harness) {
    const bench = workbench(harness);
    const live = bench.name('live');
    const kept = await bench.queue('kept');
    await harness.broker().declare({ queues: [{ kind: 'transient', name: live, maxLength: 2 }] });
    const exchange = await bench.exchange('topic', [
      { queue: live, key: '#' },
      { queue: kept, key: '#' },
    ]);
    for (const text of ['1', '2', '3', '4', '5']) {
      const outcome = await harness.broker().publish(message('', text, { exchange, routingKey: 'task' }));
      expect(outcome).toEqual({ status: 'confirmed' });
    }
    await bench.holds(kept, 5);
    expect(await bench.drain(live, 2)).toEqual(['4', '5']);
  },
  broken: {
    'refuses for a live feed': (good) =>
      withQueues(good, ({ name, maxLength }) => ({
        kind: 'durable',
        name,
        ...(maxLength === undefined ? {} : { maxLength }),
      })),
    'lets a live feed grow': (good) =>
      withQueues(good, (spec) => (spec.kind === 'transient' ? { kind: 'transient', name: spec.name } : spec)),
  },
};

export const topologyProperties = [declaringAgain, exchangeTypeIsFinal, transientDies, fullTransientDropsOldest];
