import { NotifyAccepted, Problem, type TaskRecord } from '@tracepost/contracts';
import { type Delivery, RECORDER_QUEUE, readEvent } from '@tracepost/messaging';
import { until } from '@tracepost/testing';
import { Check } from 'typebox/value';
import { describe, expect, test } from 'vitest';
import { FORECAST, WEATHER } from './helpers/open-world.ts';
import { useWorld } from './helpers/use-world.ts';

const world = useWorld();

async function takeOne(queue: string): Promise<Delivery> {
  const { promise, resolve } = Promise.withResolvers<Delivery>();
  const consumption = await world().broker.consume({ queue, prefetch: 1, onDelivery: resolve });
  const delivery = await promise;
  delivery.ack();
  await consumption.close();
  return delivery;
}

describe('a notification', () => {
  test('is accepted with its ids and links, and lies on the queue of its agent', async () => {
    const answer = await world().notify<NotifyAccepted>(
      { ...FORECAST, source: 'curl', sessionId: 's-1', timeoutMs: 30_000, priority: 'normal' },
      { 'x-correlation-id': 'order:42' },
    );
    expect(answer.status).toBe(202);
    expect(Check(NotifyAccepted, answer.body)).toBe(true);
    const { taskId, traceId } = answer.body;
    expect(answer.body).toMatchObject({ correlationId: 'order:42', status: 'accepted' });
    expect(answer.body.links).toEqual({
      task: `/api/v1/tasks/${taskId}`,
      trace: `/api/v1/traces/${traceId}`,
      console: `/tasks/${taskId}`,
    });
    expect(answer.headers.get('location')).toBe(answer.body.links.task);
    expect(answer.headers.get('x-trace-id')).toBe(traceId);
    expect(answer.headers.get('x-correlation-id')).toBe('order:42');

    const { message } = await takeOne('agent.weather');
    expect(message).toMatchObject({
      messageId: taskId,
      type: 'weather.forecast',
      appId: 'curl',
      correlationId: 'order:42',
    });
    expect(message.headers.traceparent).toContain(traceId);
    expect(JSON.parse(message.body.toString())).toMatchObject({
      id: taskId,
      data: { location: 'Lisbon' },
      sessionid: 's-1',
      timeoutms: 30_000,
    });
  });

  test.each([
    ['low', 1],
    ['normal', 4],
    ['high', 8],
    ['urgent', 16],
  ])('of the priority %s travels with it, as AMQP counts it', async (priority, number) => {
    const { body } = await world().notify<NotifyAccepted>({ ...FORECAST, priority });
    expect((await takeOne('agent.weather')).message.priority).toBe(number);
    expect((await world().get<TaskRecord>(body.links.task)).body.priority).toBe(priority);
  });

  test('can be read at once, though no recorder has written it', async () => {
    const accepted = await world().accept();
    const task = await world().get<TaskRecord>(accepted.links.task);
    expect(task.status).toBe(200);
    expect(task.body).toMatchObject({
      taskId: accepted.taskId,
      traceId: accepted.traceId,
      agentId: 'weather',
      status: 'accepted',
      statusChanges: [{ status: 'accepted', by: 'gateway' }],
    });
    expect(await world().records.getTask(accepted.taskId)).toBeNull();
  });

  test('is told to the others as task.accepted', async () => {
    const events: unknown[] = [];
    const consumption = await world().broker.consume({
      queue: RECORDER_QUEUE,
      prefetch: 100,
      onDelivery: (delivery) => {
        const read = readEvent(delivery.message);
        if (read.kind === 'tasks') events.push(...read.events);
        delivery.ack();
      },
    });
    const { taskId, traceId } = await world().accept();
    const event = await until(() =>
      events.find((seen) => (seen as { task: { taskId: string } }).task.taskId === taskId),
    );
    expect(event).toMatchObject({
      kind: 'accepted',
      by: 'gateway',
      task: { taskId, traceId, acceptedAt: expect.any(String) },
    });
    await consumption.close();
  });

  test('is stored exactly as it came, whatever it holds', async () => {
    const extra = {
      deep: [[[1.5, -0.25, 1e300]]],
      text: ' 😀 \u007f \r\n "',
      constructor: 'x',
      '': null,
      9007199254740991: true,
    };
    await until(async () => ((await world().broker.inspect('agent.weather'))?.ready ?? 0) >= 0);
    const answer = await world().notify<NotifyAccepted>({ notificationType: 'weather.anything', payload: extra });
    expect(answer.status).toBe(202);
    for (;;) {
      const { message } = await takeOne('agent.weather');
      if (message.messageId !== answer.body.taskId) continue;
      expect(JSON.parse(message.body.toString()).data).toEqual(extra);
      return;
    }
  });

  test('for an agent that has stopped is queued', async () => {
    await world().announce({ ...WEATHER, agentId: 'sleeper', state: 'stopped', at: new Date().toISOString() });
    const answer = await world().post('/api/v1/agents/sleeper/notify', FORECAST);
    expect(answer.status).toBe(202);
    expect((await world().broker.inspect('agent.sleeper'))?.ready).toBe(1);
  });
});

describe('a notification is refused with problem details', () => {
  test.each([
    ['an agent that never announced itself', 'nobody', FORECAST, 404, 'AGENT_NOT_FOUND', []],
    ['an agent id that is none', 'No_Body', FORECAST, 400, 'INVALID_REQUEST', ['/agentId']],
    ['no type', 'weather', { payload: 1 }, 400, 'INVALID_REQUEST', ['/notificationType']],
    ['no payload', 'weather', { notificationType: 'weather.forecast' }, 400, 'INVALID_REQUEST', ['/payload']],
    ['a field that nobody knows', 'weather', { ...FORECAST, tenantId: 'x' }, 400, 'INVALID_REQUEST', ['/tenantId']],
    ['attempts', 'weather', { ...FORECAST, attempts: -1 }, 400, 'INVALID_REQUEST', ['/attempts']],
    ['a priority that is a number', 'weather', { ...FORECAST, priority: 255 }, 400, 'INVALID_REQUEST', ['/priority']],
    ['a priority of no word', 'weather', { ...FORECAST, priority: 'top' }, 400, 'INVALID_REQUEST', ['/priority']],
    ['a budget', 'weather', { ...FORECAST, budget: { maxCostUsd: 1 } }, 400, 'FIELD_NOT_SUPPORTED', ['/budget']],
    [
      'a type of another agent',
      'weather',
      { ...FORECAST, notificationType: 'a.b' },
      400,
      'UNKNOWN_NOTIFICATION_TYPE',
      ['/notificationType'],
    ],
    [
      'a payload without its place',
      'weather',
      { ...FORECAST, payload: {} },
      400,
      'INVALID_PAYLOAD',
      ['/payload/location'],
    ],
    [
      'a payload of another type',
      'weather',
      { ...FORECAST, payload: { location: 7 } },
      400,
      'INVALID_PAYLOAD',
      ['/payload/location'],
    ],
    ['no time at all', 'weather', { ...FORECAST, timeoutMs: 0 }, 400, 'INVALID_REQUEST', ['/timeoutMs']],
    ['a source with a blank', 'weather', { ...FORECAST, source: 'a b' }, 400, 'INVALID_REQUEST', ['/source']],
  ])('%s', async (_what, agentId, body, status, code, pointers) => {
    const answer = await world().post(`/api/v1/agents/${agentId}/notify`, body);
    expect(answer.body).toMatchObject({ status, code });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(Check(Problem, answer.body)).toBe(true);
    expect(answer.body.traceId).toBe(answer.headers.get('x-trace-id'));
    for (const pointer of pointers) expect(answer.body.errors?.map((fault) => fault.pointer)).toContain(pointer);
  });

  test('a type that the agent does not take, naming those it takes', async () => {
    const { body } = await world().notify({ ...FORECAST, notificationType: 'weather.forcast' });
    expect(body.detail).toContain('weather.forecast, weather.anything');
  });

  test('and nothing of it reaches the broker', async () => {
    const before = (await world().broker.inspect('agent.weather'))?.ready;
    await world().notify({ ...FORECAST, payload: {} });
    await world().notify({ ...FORECAST, budget: { maxCostUsd: 1 } });
    expect((await world().broker.inspect('agent.weather'))?.ready).toBe(before);
  });
});
