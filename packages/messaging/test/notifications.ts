import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { AgentActivity } from '@tracepost/contracts';
import { createTelemetry } from '@tracepost/telemetry';
import { until } from '@tracepost/testing';
import { describe, expect, test } from 'vitest';
import type { Consumption, OutgoingMessage, PublishOutcome } from '../src/broker.ts';
import type { BrokerHarness } from '../src/contract/index.ts';
import {
  agentQueueName,
  type BrokenMessage,
  consumeNotifications,
  createEventPublisher,
  createNotificationPublisher,
  DELIVERY_LIMIT,
  deadLetterQueueName,
  EVENTS_EXCHANGE,
  eventsTopology,
  RECORDER_QUEUE,
  RETRY_DELAYS,
  type ReceivedNotification,
  retryQueueName,
  type Settlement,
} from '../src/index.ts';

export interface NotificationsHarness extends BrokerHarness {
  /** As any other program would: nothing of what it sends is looked at by our publisher. */
  publishForeign(message: ForeignMessage): Promise<void>;
}

export interface ForeignMessage {
  readonly queue: string;
  readonly body: Buffer;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly messageId?: string;
  readonly contentEncoding?: string;
  readonly replyTo?: string;
  readonly expiration?: string;
}

export const telemetry = createTelemetry({ serviceName: 'test' });
const GOOD = Buffer.from(JSON.stringify({ id: 'good', type: 't', data: {} }));

/** What becomes of notifications between a worker and its broker. */
export function describeNotifications(name: string, createHarness: () => Promise<NotificationsHarness>): void {
  describe(`notifications over ${name}`, () => {
    test('a retry comes again when it is due, as the next attempt, and tells of those before', async () => {
      await using world = await createWorld(createHarness);
      const attempt = {
        number: 1,
        startedAt: '2026-11-21T09:00:00.000Z',
        endedAt: '2026-11-21T09:00:01.000Z',
        workerId: 'w',
        error: { code: 'tool_error', message: 'no answer' },
      };
      let confirmedAt = 0;
      const { received } = await world.consume(async ({ attempts, notification }) => {
        if (notification.attempt === 2) return { status: 'done' };
        const confirm = async (): Promise<boolean> => {
          confirmedAt = performance.now();
          return true;
        };
        return {
          status: 'retry',
          delayMs: 1_000,
          nextAttempt: 2,
          reason: 'tool_error',
          attempts: [...attempts, attempt],
          confirm,
        };
      });
      await world.notify('task-1');
      await until(() => received.length === 2);
      expect(performance.now() - confirmedAt).toBeGreaterThan(950);
      const [first, second] = received;
      expect(first).toMatchObject({ copy: '1:', crashes: 0, backOffMs: null, isRedelivered: false, attempts: [] });
      expect(second).toMatchObject({
        notification: { ...first?.notification, attempt: 2 },
        copy: expect.stringMatching(/^2:[0-9a-f]{16}$/),
        crashes: 0,
        backOffMs: 1_000,
        isRedelivered: false,
        attempts: [attempt],
      });
      // Counted from when it was due and not from when it was published.
      expect(second?.queueWaitMs).toBeLessThan(950);
      expect(second?.message.headers.traceparent).toEqual(first?.message.headers.traceparent);
      expect(second?.span.spanContext().traceId).toBe(first?.span.spanContext().traceId);
      await world.isEmpty();
    });

    test('a copy that meets another one at work comes again after a second, for the same attempt, as another copy', async () => {
      await using world = await createWorld(createHarness);
      const { received } = await world.consume(async () =>
        received.length === 1 ? { status: 'delay_copy' } : { status: 'done' },
      );
      await world.harness.publishForeign({
        queue: world.queue,
        body: GOOD,
        headers: { 'x-copy': 'b', 'x-attempt': 3 },
      });
      await until(() => received.length === 2);
      expect(received.map(({ copy, notification }) => [copy, notification.attempt])).toEqual([
        ['3:b', 3],
        [expect.stringMatching(/^3:[0-9a-f]{16}$/), 3],
      ]);
      expect(received[1]?.notification.acceptedAtMs).toBe(received[0]?.notification.acceptedAtMs);
      await world.isEmpty();
    });

    test('a run that ended with the death of its worker was an attempt of the same copy', async () => {
      await using world = await createWorld(createHarness);
      const gate = Promise.withResolvers<Settlement>();
      const dying = await world.consume(() => gate.promise);
      await world.notify('task-1');
      await until(() => dying.received.length === 1);
      await world.harness.crash();
      // In this process its handler lives on, where a real one is gone; nobody hears it any more.
      gate.resolve({ status: 'give_back' });
      const { received } = await world.consume(async () => ({ status: 'done' }));
      await until(() => received.length === 1);
      expect(received[0]).toMatchObject({ notification: { attempt: 2 }, crashes: 1, copy: '1:', isRedelivered: true });
      await world.isEmpty();
    });

    test('a retry after a crash goes on counting, and the broker begins anew', async () => {
      await using world = await createWorld(createHarness);
      const gate = Promise.withResolvers<Settlement>();
      const dying = await world.consume(() => gate.promise);
      await world.notify('task-1');
      await until(() => dying.received.length === 1);
      await world.harness.crash();
      // In this process its handler lives on, where a real one is gone; nobody hears it any more.
      gate.resolve({ status: 'give_back' });
      const { received } = await world.consume(async ({ notification, attempts }) =>
        notification.attempt === 2
          ? { status: 'retry', delayMs: 1_000, nextAttempt: 3, reason: 'x', attempts, confirm: async () => true }
          : { status: 'done' },
      );
      await until(() => received.length === 2);
      expect(received[1]).toMatchObject({
        notification: { attempt: 3 },
        crashes: 0,
        copy: expect.stringMatching(/^3:./),
        isRedelivered: false,
      });
      await world.isEmpty();
    });

    test('what only waited for its turn when the worker stopped was no attempt', async () => {
      await using world = await createWorld(createHarness);
      const gate = Promise.withResolvers<Settlement>();
      const stopping = await world.consume(() => gate.promise, { capacity: 1, prefetch: 2 });
      await world.notify('at-work');
      await world.notify('waiting');
      await until(() => stopping.received.length === 1);
      await until(async () => (await world.harness.broker().inspect(world.queue))?.ready === 0);
      const closing = stopping.consumption.close();
      gate.resolve({ status: 'done' });
      await closing;
      const { received } = await world.consume(async () => ({ status: 'done' }));
      await until(() => received.length === 1);
      expect(received[0]).toMatchObject({ notification: { taskId: 'waiting', attempt: 1 }, crashes: 0, copy: '1:' });
      await world.isEmpty();
    });

    test('a retry that cannot be written down leaves the message where it is', async () => {
      await using world = await createWorld(createHarness);
      let asked = 0;
      const { received } = await world.consume(async ({ notification }) => {
        if (notification.attempt === 2 || asked > 0) return { status: 'done' };
        const confirm = (): Promise<boolean> => {
          asked += 1;
          return Promise.reject(new Error('the store is away'));
        };
        return { status: 'retry', delayMs: 1_000, nextAttempt: 2, reason: 'x', attempts: [], confirm };
      });
      await world.notify('task-1');
      // The copy was there already: both come, and the inbox tells them apart.
      await until(() => received.length === 3);
      const seen = received.slice(1).map(({ copy, crashes, isRedelivered }) => ({ copy, crashes, isRedelivered }));
      expect(seen).toContainEqual({ copy: '1:', crashes: 0, isRedelivered: true });
      expect(seen).toContainEqual({ copy: expect.stringMatching(/^2:./), crashes: 0, isRedelivered: false });
      await world.isEmpty();
    });

    test('a worker that is told that its message was taken back stops in time', async () => {
      await using world = await createWorld(createHarness);
      const { received, consumption } = await world.consume(
        ({ lost }) => new Promise((resolve) => lost.addEventListener('abort', () => resolve({ status: 'give_back' }))),
      );
      await world.notify('task-1');
      await until(() => received.length === 1);
      expect(received[0]?.lost.aborted).toBe(false);
      await consumption.close({ deadlineMs: 10 });
      expect(received[0]?.lost.aborted).toBe(true);
      expect(received[0]?.lost.reason).toMatchObject({ code: 'messaging/delivery-lost' });
    });

    test('a message whose work always fails unexpectedly ends in the dead-letter queue, and others are worked on', async () => {
      await using world = await createWorld(createHarness);
      const { received } = await world.consume(({ notification }) =>
        notification.taskId === 'poison'
          ? Promise.reject(new Error('a bug'))
          : Promise.resolve<Settlement>({ status: 'done' }),
      );
      await world.notify('poison');
      await world.notify('healthy');
      const [letter] = await world.deadLetters(1);
      expect(letter?.messageId).toBe('poison');
      const poison = received.filter(({ notification }) => notification.taskId === 'poison');
      expect(poison.map(({ notification, crashes }) => [notification.attempt, crashes])).toEqual(
        Array.from({ length: DELIVERY_LIMIT + 1 }, (_, crashes) => [crashes + 1, crashes]),
      );
      await until(() => received.some(({ notification }) => notification.taskId === 'healthy'));
      await world.isEmpty();
    });

    test('forged messages are kept aside with their reason, and a good one after them is worked on', async () => {
      await using world = await createWorld(createHarness);
      const { received, broken } = await world.consume(async () => ({ status: 'done' }));
      const forged: Record<string, Omit<ForeignMessage, 'queue'>> = {
        'unknown_version: x-envelope-version is 2': { body: GOOD, headers: { 'x-envelope-version': 2 } },
        'unknown_version: x-envelope-version is a table': { body: GOOD, headers: { 'x-envelope-version': { a: 1 } } },
        'invalid_envelope: `id` is missing': { body: Buffer.from('{"type":"t","data":1}') },
        'invalid_envelope: `type` is missing': { body: Buffer.from('{"id":"x","data":1}') },
        'invalid_envelope: `data` is missing': { body: Buffer.from('{"id":"x","type":"t"}') },
        'not_json: the body is not a JSON object': { body: Buffer.from('[[[[') },
        'not_json: the body is not a JSON object; its content encoding "gzip"': {
          body: gzipSync(Buffer.alloc(32 * 1024 * 1024, ' ')),
          contentEncoding: 'gzip',
        },
        'too_large: the body has 16777216 bytes': { body: Buffer.alloc(16 * 1024 * 1024, '{') },
      };
      for (const message of Object.values(forged))
        await world.harness.publishForeign({ queue: world.queue, ...message });
      await world.harness.publishForeign({ queue: world.queue, body: GOOD });
      const letters = await world.deadLetters(Object.keys(forged).length);
      const reasons = letters.map(({ headers }) => String(headers['x-dead-reason']));
      for (const reason of Object.keys(forged)) {
        expect(
          reasons.filter((told) => told.startsWith(reason)),
          reason,
        ).not.toEqual([]);
      }
      expect(letters.map(({ body }) => body.length).toSorted()).toEqual(
        Object.values(forged)
          .map(({ body }) => body.length)
          .toSorted(),
      );
      expect(broken).toHaveLength(letters.length);
      await until(() => received.length === 1);
      expect(received[0]?.notification.taskId).toBe('good');
      await world.isEmpty();
    }, 60_000);

    test('a message deep within itself harms nobody', async () => {
      await using world = await createWorld(createHarness);
      const { received } = await world.consume(async () => ({ status: 'done' }));
      const depth = 1_000_000;
      const deep = `{"id":"deep","type":"t","data":${'['.repeat(depth)}${']'.repeat(depth)}}`;
      await world.harness.publishForeign({ queue: world.queue, body: Buffer.from(deep) });
      await world.harness.publishForeign({ queue: world.queue, body: GOOD });
      await until(() => received.some(({ notification }) => notification.taskId === 'good'));
    });

    test('what an agent did is heard by whoever asks for it, and lies in no queue of the house', async () => {
      await using world = await createWorld(createHarness);
      const broker = world.harness.broker();
      const agentId = `a${randomUUID().slice(0, 8)}`;
      const listening = `listening.${randomUUID()}`;
      await broker.declare(eventsTopology());
      await broker.declare({
        queues: [{ kind: 'transient', name: listening }],
        bindings: [{ queue: listening, exchange: EVENTS_EXCHANGE, key: `agent.metric.${agentId}` }],
      });
      const heard: unknown[] = [];
      const consumption = await broker.consume({
        queue: listening,
        prefetch: 5,
        onDelivery(delivery) {
          heard.push([delivery.message.type, JSON.parse(delivery.message.body.toString())]);
          delivery.ack();
        },
      });
      const waiting = (await broker.inspect(RECORDER_QUEUE))?.ready;
      const metrics = { invocations: 3, duration: 12.5, errors: 1, successRate: 0.5, avgResponseTimeMs: null };
      const activity = { agentId, tenantId: 'default', timestamp: '2026-11-21T09:00:00.000Z' };
      const event: AgentActivity = { ...activity, metrics: { ...metrics, totalCostUsd: 0.002 } };
      expect(await createEventPublisher({ broker }).publishAgentActivity(event)).toEqual({ status: 'confirmed' });
      await until(() => heard.length === 1);
      expect(heard).toEqual([['agent.metric', event]]);
      expect((await broker.inspect(RECORDER_QUEUE))?.ready).toBe(waiting);
      await consumption.close();
    });

    test('headers that mean something to a broker send no copy of ours elsewhere', async () => {
      await using world = await createWorld(createHarness);
      const elsewhere = `elsewhere.${randomUUID()}`;
      await world.harness.broker().declare({ queues: [{ kind: 'durable', name: elsewhere }] });
      const { received } = await world.consume(async ({ notification, attempts }) =>
        notification.attempt === 1
          ? { status: 'retry', delayMs: 1_000, nextAttempt: 2, reason: 'x', attempts, confirm: async () => true }
          : { status: 'dead_letter', reason: 'given_up', attempts, deadAt: new Date().toISOString() },
      );
      await world.harness.publishForeign({
        queue: world.queue,
        body: GOOD,
        // For later than this test, but earlier than a copy in the dead-letter queue would be looked at.
        expiration: '60000',
        replyTo: elsewhere,
        headers: {
          cc: [elsewhere],
          'x-delivery-count': 99,
          'x-death': [{ queue: elsewhere, count: 99, reason: 'rejected' }],
          'x-first-death-queue': elsewhere,
        },
      });
      const [letter] = await world.deadLetters(1);
      expect(received.map(({ crashes, notification }) => [crashes, notification.attempt])).toEqual([
        [0, 1],
        [0, 2],
      ]);
      expect(letter).toMatchObject({ replyTo: elsewhere, headers: { 'x-dead-reason': 'given_up' } });
      expect(Object.keys(letter?.headers ?? {})).not.toContain('x-delivery-count');
      expect(await world.harness.broker().inspect(elsewhere)).toMatchObject({ ready: 0 });
      await world.isEmpty();
    });
  });
}

async function createWorld(createHarness: () => Promise<NotificationsHarness>) {
  const harness = await createHarness();
  const agentId = `a${randomUUID().slice(0, 8)}`;
  const queue = agentQueueName(agentId);
  const consumptions: Consumption[] = [];
  return {
    harness,
    queue,
    async consume(
      work: (received: ReceivedNotification) => Promise<Settlement>,
      { capacity = 10, prefetch = 20 }: { capacity?: number; prefetch?: number } = {},
    ) {
      const received: ReceivedNotification[] = [];
      const broken: BrokenMessage[] = [];
      const consumption = await consumeNotifications({
        broker: harness.broker(),
        telemetry,
        agentId,
        workerId: 'worker-1',
        prefetch,
        capacity,
        work: (one) => {
          received.push(one);
          return work(one);
        },
        onBroken: async (one) => broken.push(one) > 0,
      });
      consumptions.push(consumption);
      return { received, broken, consumption };
    },
    async notify(taskId: string): Promise<void> {
      const publisher = createNotificationPublisher({ broker: harness.broker(), telemetry });
      const outcome = await publisher.publish({
        agentId,
        taskId,
        notificationType: 't',
        data: {},
        source: 'test',
        correlationId: 'c-1',
        sessionId: null,
        tenantId: 'default',
        priority: 'normal',
        timeoutMs: null,
        budget: null,
        parentTaskId: null,
        depth: 0,
      });
      expect(outcome).toEqual({ status: 'confirmed' });
    },
    /** Takes so many out of the dead-letter queue. */
    async deadLetters(count: number) {
      const letters: ReceivedNotification['message'][] = [];
      const consumption = await harness.broker().consume({
        queue: deadLetterQueueName(agentId),
        prefetch: 5,
        onDelivery(delivery) {
          letters.push(delivery.message);
          delivery.ack();
        },
      });
      await until(() => letters.length >= count, { timeoutMs: 20_000, what: `${count} dead letters` });
      await consumption.close();
      return letters;
    },
    /** Nothing is left anywhere, and nothing is under way. */
    async isEmpty(): Promise<void> {
      const names = [queue, deadLetterQueueName(agentId)];
      for (const { name } of RETRY_DELAYS) names.push(retryQueueName(agentId, name));
      await Promise.all(consumptions.map((consumption) => consumption.close()));
      for (const name of names) {
        await until(async () => (await harness.broker().inspect(name))?.ready === 0, { what: `${name} to be empty` });
      }
    },
    async [Symbol.asyncDispose]() {
      await harness[Symbol.asyncDispose]();
    },
  };
}

/** The same message by the port, for a broker that has no other door. */
export function asOutgoing({ queue, body, headers = {}, expiration: _, ...rest }: ForeignMessage): OutgoingMessage {
  // Tables and arrays are more than our own publishers can say, and what others can.
  return {
    exchange: '',
    routingKey: queue,
    mandatory: true,
    body,
    ...rest,
    headers: headers as OutgoingMessage['headers'],
  };
}

export function expectConfirmed(outcome: PublishOutcome): void {
  expect(outcome).toEqual({ status: 'confirmed' });
}
