import { expect } from 'vitest';
import type { Broker, OutgoingMessage, PublishOutcome } from '../broker.ts';
import { altered, withOutcomes, withQueues } from './broken.ts';
import type { BrokerProperty } from './harness.ts';
import { message, texts, workbench } from './workbench.ts';

const CONFIRMED: PublishOutcome = { status: 'confirmed' };

const confirmedIsDurable: BrokerProperty = {
  title: 'what was confirmed is there after the broker was killed and started again',
  async run(harness) {
    const bench = workbench(harness);
    const queue = await bench.queue('durable');
    const sent = texts(100);
    const outcomes = await bench.publish(queue, sent);
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['confirmed']));
    await harness.restart();
    expect(await bench.drain(queue, sent.length)).toEqual(sent);
  },
  broken: { 'confirms what it has only in memory': confirmsEveryThirdUnsent },
};

const unroutableIsTold: BrokerProperty = {
  title: 'a mandatory message that no queue takes is told as unroutable and stored nowhere',
  async run(harness) {
    const bench = workbench(harness);
    const queue = await bench.queue('bound');
    const exchange = await bench.exchange('direct', [{ queue, key: 'bound' }]);
    const publish = (routingKey: string, mandatory: boolean): Promise<PublishOutcome> =>
      harness.broker().publish(message(queue, 'lost', { exchange, routingKey, mandatory }));

    expect(await publish('nobody', true)).toEqual({ status: 'unroutable' });
    expect(await publish('nobody', false)).toEqual(CONFIRMED);
    expect(await harness.broker().publish(message(bench.name('nowhere'), 'lost'))).toEqual({ status: 'unroutable' });
    expect(await publish('bound', true)).toEqual(CONFIRMED);
    await bench.holds(queue, 1);
  },
  broken: {
    'confirms what went nowhere': (good) =>
      withOutcomes(good, (outcome) => (outcome.status === 'unroutable' ? CONFIRMED : outcome)),
    'tells of messages that need not be routed': (good) =>
      altered(good, { publish: (sent) => good.publish({ ...sent, mandatory: true }) }),
  },
};

const outcomesAreTheirOwn: BrokerProperty = {
  title: 'of many messages under way each is told its own outcome',
  async run(harness) {
    const bench = workbench(harness);
    const queue = await bench.queue('mixed');
    const nowhere = bench.name('nowhere');
    const targets = texts(60).map((text) => (Number(text) % 3 === 1 ? nowhere : queue));
    // The same id and body for all: only what really happened to each can tell them apart.
    const outcomes = await Promise.all(
      targets.map((target) => harness.broker().publish(message(target, 'same', { messageId: 'same' }))),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(
      targets.map((target) => (target === queue ? 'confirmed' : 'unroutable')),
    );
    await bench.holds(queue, 40);
  },
  broken: { 'mixes up outcomes': answersWithTheOutcomeBefore },
};

const fullQueueRefuses: BrokerProperty = {
  title: 'a full queue refuses, keeps all that it confirmed, and takes again when there is room',
  async run(harness) {
    const bench = workbench(harness);
    const queue = await bench.queue('full', { maxLength: 5 });
    const confirmed: string[] = [];
    let refused = 0;
    for (const text of texts(20)) {
      const [outcome] = await bench.publish(queue, [text]);
      if (outcome?.status === 'confirmed') confirmed.push(text);
      else if (outcome?.status === 'refused') refused++;
    }
    expect(refused + confirmed.length).toBe(20);
    expect(refused).toBeGreaterThan(0);
    expect(confirmed.length).toBeGreaterThanOrEqual(5);
    await bench.holds(queue, confirmed.length);
    expect(await bench.drain(queue, confirmed.length)).toEqual(confirmed);
    await bench.until('a publish to be taken again', async () => {
      const [outcome] = await bench.publish(queue, ['again']);
      return outcome?.status === 'confirmed';
    });
  },
  broken: {
    'drops in silence': (good) => withOutcomes(good, (outcome) => (outcome.status === 'refused' ? CONFIRMED : outcome)),
    'knows no limit': (good) => withQueues(good, ({ maxLength: _, ...spec }) => spec),
  },
};

const oneFullQueueRefusesForAll: BrokerProperty = {
  title: 'a message for several queues is refused when one of them is full',
  async run(harness) {
    const bench = workbench(harness);
    const full = await bench.queue('full', { maxLength: 1 });
    const open = await bench.queue('open');
    const exchange = await bench.exchange('direct', [
      { queue: full, key: 'both' },
      { queue: open, key: 'both' },
    ]);
    await bench.until('the small queue to be full', async () => {
      const [outcome] = await bench.publish(full, ['fill']);
      return outcome?.status === 'refused';
    });
    const outcome = await harness.broker().publish(message('', 'both', { exchange, routingKey: 'both' }));
    expect(outcome.status).toBe('refused');
  },
  broken: {
    'confirms when one queue of two took it': (good) => {
      return altered(good, {
        publish: async (sent) => {
          const outcome = await good.publish(sent);
          return sent.exchange !== '' && outcome.status === 'refused' ? CONFIRMED : outcome;
        },
      });
    },
  },
};

export const publishingProperties = [
  confirmedIsDurable,
  unroutableIsTold,
  outcomesAreTheirOwn,
  fullQueueRefuses,
  oneFullQueueRefusesForAll,
];

function confirmsEveryThirdUnsent(good: Broker): Broker {
  let count = 0;
  const publish = (sent: OutgoingMessage): Promise<PublishOutcome> =>
    ++count % 3 === 0 ? Promise.resolve(CONFIRMED) : good.publish(sent);
  return altered(good, { publish });
}

function answersWithTheOutcomeBefore(good: Broker): Broker {
  let before: Promise<PublishOutcome> = Promise.resolve(CONFIRMED);
  return altered(good, {
    publish: (sent) => {
      const answer = before;
      before = good.publish(sent);
      return before.then(() => answer);
    },
  });
}
