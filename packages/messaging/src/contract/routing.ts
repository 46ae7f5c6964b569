import { expect } from 'vitest';
import type { Broker, OutgoingMessage } from '../broker.ts';
import { altered, changedDelivery, withDeliveries, withOutgoing } from './broken.ts';
import type { BrokerProperty } from './harness.ts';
import { message, workbench } from './workbench.ts';

/** What a topic binding takes, by AMQP's rules: https://www.rabbitmq.com/tutorials/amqp-concepts#exchange-topic */
const TOPICS: Readonly<Record<string, readonly string[]>> = {
  'task.weather.started': ['task.weather.started'],
  'task.*.started': ['task.weather.started', 'task.bg-remover.started', 'task..started'],
  'task.*': ['task.weather'],
  'task.#': [
    'task',
    'task.weather',
    'task.weather.started',
    'task.bg-remover.started',
    'task..started',
    'task.weather.progress.half',
  ],
  '#.started': ['task.weather.started', 'task.bg-remover.started', 'task..started', 'started'],
  'task.#.half': ['task.weather.progress.half'],
  // The empty key has no word at all.
  '*': ['task', 'started'],
};
const KEYS = [...new Set([...Object.values(TOPICS).flat(), 'agent.announce.weather', 'taskforce.weather', ''])];

const topicsMatch: BrokerProperty = {
  title: 'a topic binding takes one word for * and any number of words for #',
  async run(harness) {
    const bench = workbench(harness);
    const queues = new Map<string, string>();
    const expectations = { ...TOPICS, '#': KEYS };
    for (const [index, pattern] of Object.keys(expectations).entries()) {
      queues.set(pattern, await bench.queue(`topic.${index}`));
    }
    const exchange = await bench.exchange(
      'topic',
      [...queues].map(([key, queue]) => ({ queue, key })),
    );
    for (const routingKey of KEYS) {
      await harness.broker().publish(message('', routingKey, { exchange, routingKey, mandatory: false }));
    }
    for (const [pattern, expected] of Object.entries(expectations)) {
      const queue = queues.get(pattern) ?? '';
      const taken = (await harness.broker().inspect(queue))?.ready ?? 0;
      const received = await bench.drain(queue, taken);
      expect({ pattern, taken: received.toSorted() }).toEqual({ pattern, taken: expected.toSorted() });
    }
  },
  broken: {
    'takes # for *': (good) => withBindingKeys(good, (key) => key.replaceAll('#', '*')),
    'takes * for #': (good) => withBindingKeys(good, (key) => key.replaceAll('*', '#')),
  },
};

const directMatches: BrokerProperty = {
  title: 'a direct binding takes its own key only, wildcards in it are letters',
  async run(harness) {
    const bench = workbench(harness);
    const exact = await bench.queue('exact');
    const star = await bench.queue('star');
    const exchange = await bench.exchange('direct', [
      { queue: exact, key: 'agent.weather' },
      { queue: star, key: 'agent.*' },
    ]);
    for (const routingKey of ['agent.weather', 'agent.weather.dead', 'agent.bg-remover', 'agent.*']) {
      await harness.broker().publish(message('', routingKey, { exchange, routingKey, mandatory: false }));
    }
    await bench.holds(exact, 1);
    await bench.holds(star, 1);
    expect(await bench.drain(exact, 1)).toEqual(['agent.weather']);
    expect(await bench.drain(star, 1)).toEqual(['agent.*']);
  },
  broken: {
    'makes every exchange a topic exchange': (good) =>
      altered(good, {
        declare: ({ exchanges = [], ...rest }) =>
          good.declare({ ...rest, exchanges: exchanges.map(({ name }) => ({ name, type: 'topic' as const })) }),
      }),
  },
};

const fanOut: BrokerProperty = {
  title: 'a message reaches every bound queue, and each of them once',
  async run(harness) {
    const bench = workbench(harness);
    const recorder = await bench.queue('recorder');
    const analyst = await bench.queue('analyst');
    const exchange = await bench.exchange('topic', [
      { queue: recorder, key: 'task.#' },
      { queue: recorder, key: '#.started' },
      { queue: analyst, key: 'task.*.started' },
    ]);
    const outcome = await harness
      .broker()
      .publish(message('', 'once', { exchange, routingKey: 'task.weather.started' }));
    expect(outcome).toEqual({ status: 'confirmed' });
    for (const queue of [recorder, analyst]) {
      await bench.holds(queue, 1);
      expect(await bench.drain(queue, 1)).toEqual(['once']);
    }
  },
  broken: {
    'forgets all bindings but the last': (good) =>
      altered(good, {
        declare: ({ bindings = [], ...rest }) => good.declare({ ...rest, bindings: bindings.slice(-1) }),
      }),
    'sends once for each binding that matches': (good) =>
      altered(good, {
        publish: async (sent) => {
          if (sent.exchange !== '') await good.publish(sent);
          return good.publish(sent);
        },
      }),
  },
};

const defaultExchange: BrokerProperty = {
  title: 'in the default exchange the routing key names the queue',
  async run(harness) {
    const bench = workbench(harness);
    const queue = await bench.queue('named');
    expect(await bench.publish(queue, ['by name'])).toEqual([{ status: 'confirmed' }]);
    expect(await bench.drain(queue, 1)).toEqual(['by name']);
  },
  broken: {
    'has no default exchange': (good) =>
      withOutgoing(good, (sent) =>
        sent.exchange === '' ? { ...sent, routingKey: `default.${sent.routingKey}` } : sent,
      ),
  },
};

const headersAreNoKeys: BrokerProperty = {
  title: 'headers named CC and BCC are refused, and no other header sends a message anywhere',
  async run(harness) {
    const bench = workbench(harness);
    const queue = await bench.queue('named');
    const other = await bench.queue('other');
    const publish = (headers: OutgoingMessage['headers']) =>
      harness.broker().publish(message(queue, 'one', { headers }));
    expect(await publish({ CC: other })).toMatchObject({ status: 'refused' });
    expect(await publish({ BCC: other })).toMatchObject({ status: 'refused' });
    const odd = { cc: other, 'reply-to': other, expiration: '1', 'x-death': other, 'x-delivery-count': 99 };
    expect(await publish(odd)).toEqual({ status: 'confirmed' });
    await bench.holds(queue, 1);
    const { arrived } = await bench.receive(queue, { onDelivery: (delivery) => delivery.ack() });
    const [delivery] = await arrived(1);
    expect(delivery).toMatchObject({ redelivered: false, deliveryCount: 0, message: { headers: odd } });
    await bench.holds(other, 0);
  },
  broken: {
    'sends on what has a CC': (good) =>
      altered(good, {
        publish: async (sent) => {
          if ('CC' in sent.headers) await good.publish({ ...sent, headers: {}, routingKey: String(sent.headers.CC) });
          return good.publish({ ...sent, headers: {} });
        },
      }),
    'believes the headers of others': (good) =>
      withDeliveries(good, (delivery) =>
        changedDelivery(delivery, { deliveryCount: Number(delivery.message.headers['x-delivery-count'] ?? 0) }),
      ),
  },
};

export const routingProperties = [topicsMatch, directMatches, fanOut, defaultExchange, headersAreNoKeys];

function withBindingKeys(good: Broker, change: (key: string) => string): Broker {
  return altered(good, {
    declare: ({ bindings = [], ...rest }) =>
      good.declare({ ...rest, bindings: bindings.map((binding) => ({ ...binding, key: change(binding.key) })) }),
  });
}
