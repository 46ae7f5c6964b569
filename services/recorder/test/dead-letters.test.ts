import { randomUUID } from 'node:crypto';
import { type TaskEvent, taskEventId } from '@tracepost/contracts';
import {
  agentQueueName,
  agentTopology,
  createEventPublisher,
  createNotificationPublisher,
  DELIVERY_LIMIT,
  deadLetterQueueName,
  EVENTS_EXCHANGE,
  readEvent,
} from '@tracepost/messaging';
import { RecordsRefusedError } from '@tracepost/stores';
import { sampleAnnouncement, sampleClaim, sampleTask } from '@tracepost/stores/contract';
import { describeWithDocker, until, usePostgres, useRabbitMq } from '@tracepost/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRecorder, PARKED_QUEUE, type Recorder } from '../src/index.ts';
import { countingTelemetry, openEmbeddedWorld, openFullWorld, takeFrom, type World } from './world.ts';

describe('on the embedded broker and SQLite', () => describeDeadLetters(openEmbeddedWorld));

describeWithDocker('on RabbitMQ and Postgres', () => {
  const rabbitMq = useRabbitMq();
  const postgres = usePostgres();
  describeDeadLetters(() => openFullWorld(rabbitMq(), postgres()));
});

function describeDeadLetters(openWorld: () => Promise<World>): void {
  let world: World;
  let recorders: Recorder[];
  let counting: ReturnType<typeof countingTelemetry>;
  let agentId: string;
  let queue: string;

  beforeEach(async () => {
    world = await openWorld();
    recorders = [];
    counting = countingTelemetry();
    agentId = `agent-${randomUUID()}`;
    queue = agentQueueName(agentId);
    await world.broker.declare(agentTopology(agentId));
  });
  afterEach(async () => {
    world.restore();
    await Promise.all(recorders.map((recorder) => recorder.close()));
    await world.close();
  });

  test('a task that every worker died with ends as dead, is told to everybody, and its letter is kept', async () => {
    await startRecorder();
    await announce();
    const heard = await listen();
    const taskId = await giveUp();
    const letter = await until(() => world.records.deadLetters.get(queue, taskId));
    expect(letter).toMatchObject({ taskId, agentId, reason: 'delivery_limit', notificationType: 'weather.forecast' });
    expect(JSON.parse(letter.body.toString()).data).toEqual({ location: 'Lisbon' });
    await until(async () => (await world.records.getTask(taskId))?.status === 'dead');
    expect(await world.records.getTask(taskId)).toMatchObject({
      stopReason: 'delivery_limit',
      error: { code: 'delivery_limit' },
      agentId,
    });
    await until(() => heard.some(({ kind, task }) => kind === 'dead' && task.taskId === taskId));
    expect(counting.count('tracepost.task.executions')).toBe(1);
    await isEmpty();
  });

  test('attempts whose workers died before they had told of them are in its record', async () => {
    await startRecorder();
    await announce();
    const taskId = randomUUID();
    const workerIds = ['worker-1', 'worker-2', 'worker-3'];
    for (const workerId of workerIds) {
      const claim = sampleClaim({ taskId, agentId, workerId, isRedelivered: true });
      expect(await world.records.inbox.claim(claim)).toMatchObject({ status: 'claimed' });
    }
    await giveUp(taskId);
    await until(async () => (await world.records.getTask(taskId))?.status === 'dead');
    const record = await world.records.getTask(taskId);
    expect(record?.attempts.map(({ number, status, workerId }) => [number, status, workerId])).toEqual(
      workerIds.map((workerId, index) => [index + 1, 'crashed', workerId]),
    );
  });

  test('letters of an agent that is down are taken as well, by a recorder that knows it from the store', async () => {
    await world.records.applyAnnouncements([sampleAnnouncement({ agentId, state: 'stopped' })]);
    const taskId = await keepAside({ 'x-dead-reason': 'tool_error' });
    await startRecorder();
    const letter = await until(() => world.records.deadLetters.get(queue, taskId));
    expect(letter).toMatchObject({ reason: 'tool_error', error: { code: 'tool_error' } });
    // Its worker has told the ending itself.
    await isEmpty();
    expect(await world.records.getTask(taskId)).toBeNull();
  });

  test('a task that had ended well before its message was given up keeps its ending, and leaves no letter', async () => {
    await startRecorder();
    await announce();
    const taskId = randomUUID();
    const task = sampleTask({ taskId, agentId });
    const event: TaskEvent = {
      eventId: taskEventId(taskId, 1, 'succeeded'),
      kind: 'succeeded',
      at: task.acceptedAt,
      by: 'worker-1',
      task,
    };
    await world.records.inbox.end({ taskId, generation: null, event });
    await giveUp(taskId);
    // Nobody had told it: the worker died between writing and telling.
    await until(async () => (await world.records.getTask(taskId))?.status === 'succeeded');
    await isEmpty();
    expect(await world.records.deadLetters.get(queue, taskId)).toBeNull();
  });

  test('a message that names no task is kept by its hash, with its bytes', async () => {
    await startRecorder();
    await announce();
    const message = { exchange: '', routingKey: deadLetterQueueName(agentId), mandatory: true, headers: {} };
    const outcome = await world.broker.publish({ ...message, body: Buffer.from([0xff, 0x00, 0xfe]) });
    expect(outcome.status).toBe('confirmed');
    const letter = await until(async () => (await world.records.deadLetters.list({ queue, limit: 10 })).items[0]);
    expect(letter.taskId).toMatch(/^m-[0-9a-f]{32}$/);
    expect([...letter.body]).toEqual([0xff, 0x00, 0xfe]);
  });

  test('taking a letter twice changes nothing', async () => {
    await startRecorder();
    await announce();
    const taskId = randomUUID();
    await keepAside({ 'x-dead-reason': 'tool_error' }, taskId);
    await keepAside({ 'x-dead-reason': 'tool_error' }, taskId);
    await until(() => world.records.deadLetters.get(queue, taskId));
    await isEmpty();
    expect((await world.records.deadLetters.count()).get(queue)).toBe(1);
  });

  test('one that was removed stays removed when it is taken again, whoever ended its task and however late it comes', async () => {
    await startRecorder();
    await announce();
    const deadAtMs = Date.now();
    const told = { 'x-dead-reason': 'worker_crashed', 'x-attempts': '[]', 'x-dead-at-ms': String(deadAtMs) };
    for (const letGo of [giveUp, (taskId?: string) => keepAside(told, taskId)]) {
      const taskId = await letGo();
      await until(() => world.records.deadLetters.get(queue, taskId));
      expect(await world.records.deadLetters.remove(queue, taskId)).toBe(true);
      await letGo(taskId);
      // The queue is served in its order: with this one the other has been taken.
      const next = await letGo();
      await until(() => world.records.deadLetters.get(queue, next));
      expect(await world.records.deadLetters.get(queue, taskId)).toBeNull();
    }
    // Whoever repeats a task is faster than its letter.
    const repeated = randomUUID();
    await world.records.deadLetters.forget(queue, repeated, new Date(deadAtMs).toISOString());
    await keepAside(told, repeated);
    await isEmpty();
    expect(await world.records.deadLetters.get(queue, repeated)).toBeNull();
    // Dead anew, it has its letter.
    await keepAside({ ...told, 'x-dead-at-ms': String(deadAtMs + 1) }, repeated);
    await until(() => world.records.deadLetters.get(queue, repeated));
  });

  test('while the store is away letters stay in their queue; when it is back all are kept', async () => {
    const recorder = await startRecorder();
    await announce();
    await until(async () => (await world.broker.inspect(deadLetterQueueName(agentId)))?.consumers === 1);
    world.cut();
    const taskIds = await Promise.all(Array.from({ length: 30 }, () => keepAside({ 'x-dead-reason': 'tool_error' })));
    await until(() => !recorder.state.isReady);
    world.restore();
    await until(async () => (await world.records.deadLetters.count()).get(queue) === taskIds.length, {
      timeoutMs: 20_000,
    });
    await isEmpty();
  });

  test('a recorder that is closed in the middle leaves the rest to the next one, and nothing is lost or doubled', async () => {
    await startRecorder();
    await announce();
    const taskIds = await Promise.all(Array.from({ length: 100 }, () => keepAside({ 'x-dead-reason': 'tool_error' })));
    await until(async () => (await world.records.deadLetters.count()).get(queue) ?? false);
    await recorders[0]?.close();
    await startRecorder();
    await until(async () => (await world.records.deadLetters.count()).get(queue) === taskIds.length);
    await isEmpty();
  });

  test('a letter that the store can never take is put aside, and holds up no other', async () => {
    const poison = randomUUID();
    const { deadLetters } = world.records;
    const add: typeof deadLetters.add = async (letters) => {
      if (letters.some(({ taskId }) => taskId === poison)) throw new RecordsRefusedError('never');
      await deadLetters.add(letters);
    };
    await world.records.applyAnnouncements([sampleAnnouncement({ agentId })]);
    await keepAside({ 'x-dead-reason': 'tool_error' }, poison);
    const good = await keepAside({ 'x-dead-reason': 'tool_error' });
    await startRecorder({ add });
    await until(() => deadLetters.get(queue, good));
    const parked = await takeFrom(world.broker, PARKED_QUEUE, poison);
    expect(parked.headers['x-park-reason']).toBe('store_refused: never');
    await isEmpty();
  });

  async function startRecorder(
    deadLetters = world.records.deadLetters as Pick<typeof world.records.deadLetters, 'add'>,
  ) {
    const { broker, records } = world;
    const { inbox } = records;
    const recorder = createRecorder({ broker, records, inbox, deadLetters, telemetry: counting.telemetry });
    recorders.push(recorder);
    await recorder.start();
    return recorder;
  }

  async function announce(): Promise<void> {
    const announcement = sampleAnnouncement({ agentId, at: new Date().toISOString() });
    await createEventPublisher({ broker: world.broker }).publishAnnouncement(announcement);
  }

  function publish(taskId: string) {
    const { telemetry } = counting;
    return createNotificationPublisher({ broker: world.broker, telemetry }).publish({
      agentId,
      taskId,
      notificationType: 'weather.forecast',
      data: { location: 'Lisbon' },
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
  }

  /** What the broker does with a message whose workers died more often than the delivery limit allows. */
  async function giveUp(taskId: string = randomUUID()): Promise<string> {
    expect((await publish(taskId)).status).toBe('confirmed');
    const { promise, resolve } = Promise.withResolvers<void>();
    const consumption = await world.broker.consume({
      queue,
      prefetch: 1,
      onDelivery: (delivery) => {
        delivery.reject();
        if (delivery.deliveryCount >= DELIVERY_LIMIT) resolve();
      },
    });
    await promise;
    await consumption.close({ deadlineMs: 100 });
    return taskId;
  }

  /** What a worker does after it has told the ending. */
  async function keepAside(headers: Record<string, string>, taskId: string = randomUUID()): Promise<string> {
    const body = JSON.stringify({ id: taskId, type: 'weather.forecast', data: { location: 'Lisbon' } });
    const outcome = await world.broker.publish({
      exchange: '',
      routingKey: deadLetterQueueName(agentId),
      mandatory: true,
      body: Buffer.from(body),
      headers,
      messageId: taskId,
    });
    expect(outcome.status).toBe('confirmed');
    return taskId;
  }

  async function isEmpty(): Promise<void> {
    await until(async () => {
      const state = await world.broker.inspect(deadLetterQueueName(agentId));
      return state?.ready === 0 && (state.unacknowledged ?? 0) === 0;
    });
  }

  async function listen(): Promise<TaskEvent[]> {
    const heard: TaskEvent[] = [];
    const live = `live-${randomUUID()}`;
    await world.broker.declare({
      exchanges: [{ name: EVENTS_EXCHANGE, type: 'topic' }],
      queues: [{ kind: 'transient', name: live }],
      bindings: [{ queue: live, exchange: EVENTS_EXCHANGE, key: 'task.#' }],
    });
    await world.broker.consume({
      queue: live,
      prefetch: 100,
      onDelivery: (delivery) => {
        const read = readEvent(delivery.message);
        if (read.kind === 'tasks') heard.push(...read.events);
        delivery.ack();
      },
    });
    return heard;
  }
}
