import { randomUUID } from 'node:crypto';
import type {
  AuditList,
  DeadLetterDetail,
  DeadLetterList,
  QueueList,
  RetryAccepted,
  StatusView,
  TaskRecord,
} from '@tracepost/contracts';
import {
  agentQueueName,
  type Broker,
  deadLetterQueueName,
  readNotification,
  retryQueueName,
} from '@tracepost/messaging';
import type { DeadLetter } from '@tracepost/stores';
import { until } from '@tracepost/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failTask, type HandWorker, openHandWorker } from './helpers/kept-tasks.ts';
import { FORECAST, openWorld } from './helpers/open-world.ts';
import { useWorld } from './helpers/use-world.ts';

const QUEUE = agentQueueName('weather');
const PATH = `/api/v1/queues/${QUEUE}/dead-letters`;

const world = useWorld();
let worker: HandWorker;
beforeAll(async () => {
  worker = await openHandWorker(world());
});
afterAll(() => worker[Symbol.asyncDispose]());

describe('dead letters', () => {
  test('are listed newest first, in pages', async () => {
    const old = await keep({ deadAt: '2026-11-20T10:00:00.000Z' });
    const young = await keep({ deadAt: '2026-11-20T11:00:00.000Z' });
    const all = (await world().get<DeadLetterList>(PATH)).body.items.map(({ taskId }) => taskId);
    expect(all.indexOf(young.taskId)).toBeLessThan(all.indexOf(old.taskId));
    const first = await world().get<DeadLetterList>(`${PATH}?limit=1`);
    const second = await world().get<DeadLetterList>(`${PATH}?limit=1&cursor=${first.body.nextCursor}`);
    expect([...first.body.items, ...second.body.items].map(({ taskId }) => taskId)).toEqual(all.slice(0, 2));
    for (const query of ['limit=0', 'limit=1001', 'cursor=nonsense', 'colour=red']) {
      expect(await world().get(`${PATH}?${query}`)).toMatchObject({ status: 400 });
    }
  });

  test('are opened with headers, attempts and body; what looks like a secret is masked', async () => {
    const { taskId } = await keep({
      body: body({ data: { location: 'Lisbon', apiKey: 'open sesame', note: 'write to anna@example.org' } }),
      headers: { 'x-tenant-id': 'default', authorization: 'Bearer abcdef', 'amqp.type': 'weather.forecast' },
    });
    const { status, body: opened } = await world().get<DeadLetterDetail>(`${PATH}/${taskId}`);
    expect(status).toBe(200);
    expect(opened).toMatchObject({
      taskId,
      queue: QUEUE,
      reason: 'tool_error',
      error: { code: 'tool_error', message: 'no answer' },
      headers: { 'x-tenant-id': 'default', authorization: '****' },
      attempts: [{ number: 1, workerId: 'worker-1' }],
    });
    expect(JSON.parse(opened.body).data).toEqual({ location: 'Lisbon', apiKey: '****', note: 'write to ****' });
    expect(JSON.stringify((await world().get(PATH)).body)).not.toContain('anna@example.org');
  });

  test('of a task that was repeated the moment it failed, before its letter had come, do not come', async () => {
    const { taskId } = await failTask(world(), worker);
    const { endedAt } = (await world().get<TaskRecord>(`/api/v1/tasks/${taskId}`)).body;
    expect((await world().post(`/api/v1/tasks/${taskId}/retry`, {})).status).toBe(202);
    await keep({ taskId, deadAt: endedAt ?? '' });
    expect(await world().get(`${PATH}/${taskId}`)).toMatchObject({
      status: 404,
      body: { code: 'DEAD_LETTER_NOT_FOUND' },
    });
    const { items } = (await world().get<DeadLetterList>(`${PATH}?limit=1000`)).body;
    expect(items.filter((item) => item.taskId === taskId)).toEqual([]);
  });

  test('opened, one shows the attempts that only the record knows of', async () => {
    const { taskId } = await failTask(world(), worker);
    await keep({ taskId, attempts: [], reason: 'delivery_limit' });
    const { body: opened } = await world().get<DeadLetterDetail>(`${PATH}/${taskId}`);
    expect(opened.attempts).toMatchObject([{ number: 1, workerId: 'worker-1', error: { code: 'tool_error' } }]);
  });

  test('are sent again as a new task and gone then; asked again while that one runs the answer is the same', async () => {
    const { taskId } = await keep({});
    const answer = await requeue(taskId, { by: 'anna' });
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({ retryOf: taskId, status: 'accepted', correlationId: 'c-1' });
    const { message } = await worker.take(answer.body.taskId);
    expect(readNotification(message, Date.now())).toMatchObject({
      notification: { data: FORECAST.payload, sessionId: 's-1', priority: 'high', timeoutMs: 5_000, retryOf: taskId },
    });
    expect(await world().get(`${PATH}/${taskId}`)).toMatchObject({ status: 404 });
    expect((await requeue(taskId)).body).toEqual(answer.body);

    await worker.begin(answer.body.taskId);
    await worker.end(answer.body.taskId, 'succeeded');
    expect(await requeue(taskId)).toMatchObject({ status: 404, body: { code: 'DEAD_LETTER_NOT_FOUND' } });
    const { items } = (await world().get<AuditList>(`/api/v1/audit?taskId=${taskId}`)).body;
    expect(items).toMatchObject([
      { action: 'requeue_dead_letter', by: 'http', newTaskId: answer.body.taskId },
      { action: 'requeue_dead_letter', by: 'anna', newTaskId: answer.body.taskId, agentId: 'weather' },
    ]);
  });

  test('one that a client of another make wrote is sent again by its properties', async () => {
    const { taskId } = await keep({
      body: Buffer.from(JSON.stringify({ data: { location: 'Lisbon' } })),
      headers: { 'amqp.message_id': 'foreign-1', 'amqp.app_id': 'pika', 'amqp.correlation_id': 'c-7' },
    });
    const answer = await requeue(taskId);
    expect(answer).toMatchObject({ status: 202, body: { correlationId: 'c-7' } });
    const { message } = await worker.take(answer.body.taskId);
    expect(message).toMatchObject({ appId: 'pika', type: 'weather.forecast', correlationId: 'c-7' });
  });

  test('one that could never be read is not sent again, but can be deleted', async () => {
    const { taskId } = await keep({ body: Buffer.from([0xff, 0xfe]), taskId: `m-${'0'.repeat(32)}` });
    expect(await requeue(taskId)).toMatchObject({ status: 409, body: { code: 'MESSAGE_UNREADABLE' } });
    expect(await world().get(`${PATH}/${taskId}`)).toMatchObject({ status: 200, body: { bytes: 2 } });
    expect(await remove(taskId, '?by=berta')).toBe(204);
    expect(await remove(taskId)).toBe(404);
    const { items } = (await world().get<AuditList>(`/api/v1/audit?taskId=${taskId}`)).body;
    expect(items).toMatchObject([{ action: 'delete_dead_letter', by: 'berta', outcome: 'deleted' }]);
  });

  test('an unknown queue or letter is not found', async () => {
    for (const queue of ['agent.nobody', 'agent.weather.dead', 'recorder', 'agent.Weather']) {
      const { status } = await world().get(`/api/v1/queues/${queue}/dead-letters`);
      expect([400, 404]).toContain(status);
    }
    expect(await world().get(`/api/v1/queues/agent.nobody/dead-letters`)).toMatchObject({
      status: 404,
      body: { code: 'QUEUE_NOT_FOUND' },
    });
    expect(await world().get(`${PATH}/${randomUUID()}`)).toMatchObject({ body: { code: 'DEAD_LETTER_NOT_FOUND' } });
    expect(await requeue(randomUUID())).toMatchObject({ status: 404 });
    expect(await remove(randomUUID())).toBe(404);
  });

  test('while the broker takes nothing the letter stays, and while the store is away nothing is promised', async () => {
    const away = () => Promise.reject(new Error('away'));
    await using deaf = await openWorld({
      replace: ({ broker }) => ({
        broker: changed(broker, { publish: async () => ({ status: 'unreachable', reason: 'no' }) }),
      }),
    });
    const letter = letterOf({});
    await deaf.records.deadLetters.add([letter]);
    expect(await deaf.post(`${PATH}/${letter.taskId}/requeue`, {})).toMatchObject({ status: 503 });
    expect(await deaf.get(`${PATH}/${letter.taskId}`)).toMatchObject({ status: 200 });

    await using broken = await openWorld({
      replace: ({ deadLetters }) => ({ deadLetters: { ...deadLetters, list: away, get: away, remove: away } }),
    });
    const answers = [await broken.get(PATH), await broken.get(`${PATH}/x`), await broken.post(`${PATH}/x/requeue`, {})];
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
  });
});

describe('queues', () => {
  test('say what waits, is worked on, is put aside and was given up', async () => {
    await using quiet = await openWorld();
    await quiet.accept();
    await quiet.accept();
    await publish(quiet.broker, retryQueueName('weather', '15m'));
    await publish(quiet.broker, deadLetterQueueName('weather'));
    await quiet.records.deadLetters.add([letterOf({}), letterOf({})]);
    const { body: list } = await quiet.get<QueueList>('/api/v1/queues');
    expect(list.items).toMatchObject([
      { name: QUEUE, agentId: 'weather', ready: 2, unacknowledged: 0, delayed: 1, deadLetters: 3, consumers: 0 },
    ]);
    expect(list.items[0]?.publishRate).toBeGreaterThan(0);

    await using hand = await openHandWorker(quiet);
    const { taskId } = await quiet.accept();
    await hand.take(taskId);
    await until(async () => (await quiet.get<QueueList>('/api/v1/queues')).body.items[0]?.unacknowledged === 3);
    expect((await quiet.get<QueueList>('/api/v1/queues')).body.items[0]?.wait).toBeNull();
    await hand.begin(taskId);
    const began = (await quiet.get<QueueList>('/api/v1/queues')).body.items[0];
    expect(began?.wait).toMatchObject({ count: 1, meanMs: began?.wait?.p95Ms });
  });

  test('what nobody can tell is null, and what only the records know comes from them', async () => {
    const acceptedAt = new Date(Date.now() - 5_000).toISOString();
    const counts = { agentId: 'weather', oldestAcceptedAt: acceptedAt, running: 2, retrying: 3 };
    await using silent = await openWorld({
      replace: ({ records, deadLetters, broker }) => ({
        broker: changed(broker, { inspect: async () => null }),
        records: { ...records, countByAgent: async () => [{ ...counts, acceptedSince: 6, startedSince: 120 }] },
        deadLetters: { ...deadLetters, count: () => Promise.reject(new Error('away')) },
      }),
    });
    const [queue] = (await silent.get<QueueList>('/api/v1/queues')).body.items;
    expect(queue).toMatchObject({ ready: null, consumers: null, deadLetters: null });
    expect(queue).toMatchObject({ unacknowledged: 2, delayed: 3, publishRate: 0.1, deliverRate: 2 });
    expect(queue?.oldestAgeMs).toBeGreaterThanOrEqual(5_000);
  });

  test('the status says how many events wait to be recorded', async () => {
    await using waiting = await openWorld();
    await waiting.accept();
    const check = await until(
      async () => {
        const { body: status } = await waiting.get<StatusView>('/api/v1/status');
        return status.checks.find(({ name, message }) => name === 'records' && message.includes('wait'));
      },
      { timeoutMs: 15_000 },
    );
    // The announcement of the agent and the acceptance of its task; nobody records here.
    expect(check.message).toMatch(/^answers; [12] events wait to be recorded$/);
    expect(check.message).toBe(`answers; ${check.backlog} events wait to be recorded`);
  });
});

/** A real broker with other answers, where reality refuses to give them on command. */
function changed(broker: Broker, changes: Partial<Broker>): Broker {
  return new Proxy(broker, {
    get(real, name) {
      const value: unknown = Reflect.get(name in changes ? changes : real, name, real);
      return typeof value === 'function' ? value.bind(real) : value;
    },
  });
}

async function publish(broker: Broker, queue: string): Promise<void> {
  const message = { exchange: '', routingKey: queue, mandatory: true, headers: {}, body: Buffer.from('{}') };
  expect((await broker.publish(message)).status).toBe('confirmed');
}

function body(said: Record<string, unknown> = {}): Buffer {
  const envelope = {
    id: 'x',
    type: 'weather.forecast',
    data: FORECAST.payload,
    correlationid: 'c-1',
    sessionid: 's-1',
    timeoutms: 5_000,
  };
  return Buffer.from(JSON.stringify({ ...envelope, ...said }));
}

function letterOf(said: Partial<DeadLetter>): DeadLetter {
  return {
    taskId: randomUUID(),
    queue: QUEUE,
    agentId: 'weather',
    notificationType: 'weather.forecast',
    reason: 'tool_error',
    error: { code: 'tool_error', message: 'no answer' },
    deadAt: new Date().toISOString(),
    attempts: [
      {
        number: 1,
        startedAt: '2026-11-20T09:00:00.000Z',
        endedAt: '2026-11-20T09:00:01.000Z',
        workerId: 'worker-1',
        error: { code: 'tool_error', message: 'no answer' },
      },
    ],
    traceId: null,
    headers: { 'x-tenant-id': 'default', 'amqp.priority': 8 },
    body: body(),
    ...said,
  };
}

async function keep(said: Partial<DeadLetter>): Promise<DeadLetter> {
  const letter = letterOf(said);
  await world().records.deadLetters.add([letter]);
  return letter;
}

function requeue(taskId: string, said: unknown = {}) {
  return world().post<RetryAccepted>(`${PATH}/${taskId}/requeue`, said);
}

async function remove(taskId: string, query = ''): Promise<number> {
  return (await fetch(`${world().url}${PATH}/${taskId}${query}`, { method: 'DELETE' })).status;
}
