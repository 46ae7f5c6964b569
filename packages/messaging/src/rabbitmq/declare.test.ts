import { expect, test } from 'vitest';
import { agentTopology } from '../topology.ts';
import { queueOptions } from './declare.ts';

// Arguments of a queue that exists cannot change: whoever changes these lines breaks every installation there is.
test('the queues of an agent are declared with these arguments for ever', () => {
  const [dead, queue] = agentTopology('weather').queues ?? [];
  expect(dead && queueOptions(dead)).toEqual({
    durable: true,
    arguments: { 'x-queue-type': 'quorum', 'x-overflow': 'reject-publish', 'x-delivery-limit': -1 },
  });
  expect(queue && queueOptions(queue)).toEqual({
    durable: true,
    arguments: {
      'x-queue-type': 'quorum',
      'x-overflow': 'reject-publish',
      'x-max-length': 100_000,
      'x-delivery-limit': 20,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': 'agent.weather.dead',
      'x-dead-letter-strategy': 'at-least-once',
    },
  });
});

test('what waits for a retry goes back to the queue of its agent', () => {
  const [, , ...retries] = agentTopology('weather').queues ?? [];
  expect(retries.map(({ name }) => name)).toEqual(
    ['1s', '2s', '5s', '10s', '30s', '1m', '5m', '15m'].map((delay) => `agent.weather.retry.${delay}`),
  );
  expect(retries.map((queue) => queueOptions(queue))).toEqual(
    [1, 2, 5, 10, 30, 60, 300, 900].map((seconds) => ({
      durable: true,
      arguments: {
        'x-queue-type': 'quorum',
        'x-overflow': 'reject-publish',
        'x-max-length': 100_000,
        'x-delivery-limit': -1,
        'x-message-ttl': seconds * 1_000,
        'x-dead-letter-exchange': '',
        'x-dead-letter-routing-key': 'agent.weather',
        'x-dead-letter-strategy': 'at-least-once',
      },
    })),
  );
});

test('a live feed belongs to its connection and never refuses', () => {
  expect(queueOptions({ kind: 'transient', name: 'live', maxLength: 10 })).toEqual({
    durable: false,
    exclusive: true,
    arguments: { 'x-queue-type': 'classic', 'x-max-length': 10, 'x-overflow': 'drop-head' },
  });
});
