import type { NotifyAccepted, TaskRecord } from '@tracepost/contracts';
import type { Broker, OutgoingMessage, PublishOutcome } from '@tracepost/messaging';
import { until } from '@tracepost/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FORECAST, openWorld, type World } from './helpers/open-world.ts';

type Publish = (message: OutgoingMessage, real: Broker) => Promise<PublishOutcome>;

const reallyPublish: Publish = (message, real) => real.publish(message);
let publish: Publish = reallyPublish;
let world: World;

beforeAll(async () => {
  // The embedded broker, but for the outcomes that it refuses to give on command.
  world = await openWorld({
    replace: ({ broker }) => ({
      broker: new Proxy(broker, {
        get(target, name) {
          if (name === 'publish') return (message: OutgoingMessage) => publish(message, target);
          const member = Reflect.get(target, name);
          return typeof member === 'function' ? member.bind(target) : member;
        },
      }),
    }),
  });
});
beforeEach(() => {
  publish = reallyPublish;
});
afterAll(async () => world[Symbol.asyncDispose]());

const toAgents =
  (outcome: PublishOutcome): Publish =>
  async (message, real) =>
    message.exchange === 'agents' ? outcome : real.publish(message);

describe('there is no 202 without the confirm', () => {
  test.each<[string, PublishOutcome, number, string]>([
    ['no queue takes it', { status: 'unroutable' }, 503, 'QUEUE_MISSING'],
    ['the queue is full', { status: 'refused', reason: 'reject-publish' }, 503, 'QUEUE_FULL'],
    ['the broker is away', { status: 'unreachable', reason: 'no connection' }, 503, 'BROKER_UNREACHABLE'],
    ['no confirm came', { status: 'unconfirmed', reason: 'timeout' }, 503, 'CONFIRM_MISSING'],
  ])('when %s', async (_what, outcome, status, code) => {
    publish = toAgents(outcome);
    const answer = await world.notify(FORECAST);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ status, code });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(answer.headers.get('location')).toBeNull();
  });

  test('while it is still to come', async () => {
    const confirm = Promise.withResolvers<PublishOutcome>();
    const sent = Promise.withResolvers<void>();
    publish = async (message, real) => {
      if (message.exchange !== 'agents') return real.publish(message);
      sent.resolve();
      return confirm.promise;
    };
    let isAnswered = false;
    const answer = world.notify(FORECAST).finally(() => {
      isAnswered = true;
    });
    await sent.promise;
    await world.get('/health/live');
    expect(isAnswered).toBe(false);
    confirm.resolve({ status: 'confirmed' });
    expect((await answer).status).toBe(202);
  });

  test('and what was not confirmed is not remembered as a task', async () => {
    publish = toAgents({ status: 'unconfirmed', reason: 'timeout' });
    const { body } = await world.notify(FORECAST);
    const taskId = /as ([0-9a-f-]{36});/.exec(body.detail)?.[1];
    expect(taskId).toBeDefined();
    expect((await world.get(`/api/v1/tasks/${taskId}`)).status).toBe(404);
  });
});

describe('task.accepted', () => {
  test.each<[string, () => Promise<PublishOutcome>]>([
    ['is refused', async () => ({ status: 'refused', reason: 'full' })],
    ['is thrown back', async () => Promise.reject(new Error('broken'))],
    ['never settles', () => new Promise(() => undefined)],
  ])('does not delay or fail the client when it %s', async (_what, outcome) => {
    publish = (message, real) => (message.exchange === 'events' ? outcome() : real.publish(message));
    const answer = await world.notify<NotifyAccepted>(FORECAST);
    expect(answer.status).toBe(202);
    expect((await world.get<TaskRecord>(answer.body.links.task)).body.status).toBe('accepted');
  });

  test('is missed in the log when it is lost', async () => {
    publish = async (message, real) =>
      message.exchange === 'events' ? { status: 'unreachable', reason: 'gone' } : real.publish(message);
    const line = await until(async () => {
      await world.accept();
      return world.lines.find((seen) => seen.hopName === 'announce' && seen.reason === 'gone');
    });
    expect(line).toMatchObject({ level: 'warn', hopResult: 'failed' });
  });
});

test('the queue of a known agent is declared again when it is gone', async () => {
  let declared = 0;
  const stop = world.broker.declare.bind(world.broker);
  world.broker.declare = (topology) => {
    if (topology.queues?.some((queue) => queue.name === 'agent.weather')) declared++;
    return stop(topology);
  };
  publish = toAgents({ status: 'unroutable' });
  await world.notify(FORECAST);
  await until(() => declared > 0);
});
