import { randomUUID } from 'node:crypto';
import type { EventAccepted, EventList, Problem, RecordBatchAnswer, RecordedEvent } from '@tracepost/contracts';
import { ANALYST_QUEUE, type Broker, readRecorded } from '@tracepost/messaging';
import { until } from '@tracepost/testing';
import { afterEach, expect, test } from 'vitest';
import { answerToHeaders } from './helpers/answer-to-headers.ts';
import { openWorld, type World, type WorldOptions } from './helpers/open-world.ts';

const opened: World[] = [];
afterEach(async () => {
  for (const world of opened.splice(0)) await world[Symbol.asyncDispose]();
});

async function open(options: WorldOptions = {}): Promise<World> {
  const world = await openWorld({ isAnnounced: false, ...options });
  opened.push(world);
  return world;
}

const EVENT = { type: 'COMMAND', source: 'checkout', data: { pay: 'o-1', items: [1, 2] } };
const METRIC = { name: 'orders.total', value: 2, kind: 'counter', attributes: { region: 'eu', retry: true, n: 3 } };

test('an event that was answered with 202 lies in the queue of the analyst, as it was told', async () => {
  const world = await open();
  const answer = await world.post<EventAccepted>(
    '/api/v1/events',
    { ...EVENT, eventId: 'e-1', severity: 'error', timestamp: '2026-11-21T10:00:00+01:00' },
    { 'x-correlation-id': 'order-4711' },
  );
  expect([answer.status, answer.body]).toEqual([202, { eventId: 'e-1', timestamp: '2026-11-21T09:00:00.000Z' }]);
  expect(await takeQueue(world.broker, 1)).toEqual([
    {
      ...EVENT,
      eventId: 'e-1',
      severity: 'error',
      timestamp: '2026-11-21T09:00:00.000Z',
      correlationId: 'order-4711',
      traceId: answer.headers.get('x-trace-id'),
    },
  ]);
});

test('a correlation id that nobody named belongs to nothing, and what is not said is filled in', async () => {
  const world = await open();
  const before = Date.now();
  const answer = await world.post<EventAccepted>('/api/v1/events', EVENT);
  expect(answer.body.eventId).toMatch(/^[0-9a-f-]{36}$/);
  expect(Date.parse(answer.body.timestamp)).toBeGreaterThanOrEqual(before);
  expect(await takeQueue(world.broker, 1)).toMatchObject([{ correlationId: null, severity: null }]);
});

test('a metric is answered with its event id, and its attributes are texts', async () => {
  const world = await open();
  const answer = await world.post<{ eventId: string }>('/api/v1/metrics', { ...METRIC, value: '2.5' });
  expect([answer.status, Object.keys(answer.body)]).toEqual([202, ['eventId']]);
  expect(await takeQueue(world.broker, 1)).toMatchObject([
    {
      eventId: answer.body.eventId,
      source: 'http',
      sample: {
        name: 'orders.total',
        value: 2.5,
        kind: 'counter',
        unit: '',
        attributes: { region: 'eu', retry: 'true', n: '3' },
      },
    },
  ]);
});

test('of an array the good ones are taken, and the others refused with index and reason', async () => {
  const world = await open();
  const { status, body } = await world.post<RecordBatchAnswer>('/api/v1/metrics', [
    METRIC,
    { ...METRIC, value: 'many' },
    { name: 'orders.total', value: 1, eventId: 'mine' },
    { ...METRIC, unknown: 1 },
  ]);
  expect(status).toBe(202);
  expect(body.accepted.map(({ index }) => index)).toEqual([0, 2]);
  expect(body.accepted[1]?.eventId).toBe('mine');
  expect(body.refused).toMatchObject([
    { index: 1, code: 'INVALID_EVENT', errors: [{ pointer: '/value' }], receivedEvent: { value: 'many' } },
    { index: 3, code: 'INVALID_EVENT', errors: [{ pointer: '/unknown' }] },
  ]);
  expect(await takeQueue(world.broker, 2)).toHaveLength(2);
});

test('a thousand at once are taken, one more and none are not', async () => {
  const world = await open();
  const many = Array.from({ length: 1_001 }, (_, data) => ({ ...EVENT, data }));
  const { body } = await world.post<RecordBatchAnswer>('/api/v1/events', many.slice(0, 1_000));
  expect([body.accepted.length, body.refused.length]).toEqual([1_000, 0]);
  expect(await takeQueue(world.broker, 1_000)).toHaveLength(1_000);
  for (const [entries, count] of [[many, 1_001] as const, [[], 0] as const]) {
    const refused = await world.post('/api/v1/events', entries);
    expect(refused).toMatchObject({ status: 400, body: { code: 'INVALID_EVENT', receivedEvent: { entries: count } } });
  }
});

test('what is wrong is refused with what came', async () => {
  const world = await open();
  const wrong: unknown[] = [
    { ...EVENT, type: undefined },
    { ...EVENT, type: 'with a blank' },
    { ...EVENT, source: '' },
    { type: 'COMMAND', source: 'a' },
    { ...EVENT, eventId: 'with a blank' },
    { ...EVENT, timestamp: 'yesterday' },
    { ...EVENT, tenantId: 'another' },
    true,
    7,
    null,
  ];
  for (const event of wrong) {
    const { status, body } = await world.post('/api/v1/events', event);
    expect([event, status, body.code]).toEqual([event, 400, 'INVALID_EVENT']);
    expect(body.errors?.length).toBeGreaterThan(0);
    expect(body.receivedEvent).toEqual(JSON.parse(JSON.stringify(event)));
  }
  const allWrong = await world.post(
    '/api/v1/events',
    [EVENT, 7].map(() => 7),
  );
  expect(allWrong.body).toMatchObject({ code: 'INVALID_EVENT', refused: [{ index: 0 }, { index: 1 }] });
  const large = await world.post('/api/v1/events', { ...EVENT, data: 'x'.repeat(20_000), more: 1 });
  expect(large.body.receivedEvent).toEqual({ type: 'COMMAND', source: 'checkout', truncated: true });
  expect((await world.broker.inspect(ANALYST_QUEUE))?.ready).toBe(0);
});

test('the twenty-first of the same is a loop; metrics may repeat themselves', async () => {
  const world = await open();
  const statuses: number[] = [];
  for (let index = 0; index < 23; index++) statuses.push((await world.post('/api/v1/events', EVENT)).status);
  expect(statuses).toEqual([...Array(20).fill(202), 429, 429, 429]);
  const { status, body, headers } = await world.post('/api/v1/events', { ...EVENT, eventId: 'another' });
  expect([status, body.code, body.receivedEvent]).toEqual([429, 'LOOP_DETECTED', { ...EVENT, eventId: 'another' }]);
  expect(headers.get('retry-after')).toBe('10');

  const other = { ...EVENT, correlationId: 'c-1' };
  expect((await world.post('/api/v1/events', other)).status).toBe(202);
  const mixed = await world.post<RecordBatchAnswer>('/api/v1/events', [EVENT, { ...EVENT, data: 'new' }]);
  expect(mixed.body).toMatchObject({ accepted: [{ index: 1 }], refused: [{ index: 0, code: 'LOOP_DETECTED' }] });
  const looping = await world.post<RecordBatchAnswer>('/api/v1/events', Array(30).fill({ ...EVENT, data: 'loop' }));
  expect([looping.body.accepted.length, looping.body.refused.length]).toEqual([20, 10]);

  for (let index = 0; index < 30; index++) expect((await world.post('/api/v1/metrics', METRIC)).status).toBe(202);
});

test('too many at a time are turned away before their body is read, and let in again when some have gone', async () => {
  const confirm = Promise.withResolvers<void>();
  let sent = 0;
  const world = await open({
    config: { maxWaiting: 2 },
    replace: ({ broker }) => ({
      broker: {
        ...bind(broker),
        async publish(message) {
          if (!message.routingKey.startsWith('record.')) return broker.publish(message);
          sent += 1;
          await confirm.promise;
          return { status: 'confirmed' };
        },
      },
    }),
  });
  const waiting = [world.post('/api/v1/events', EVENT), world.post('/api/v1/metrics', METRIC)];
  await until(() => sent === 2);
  for (const path of ['/api/v1/events', '/api/v1/metrics']) {
    expect(await answerToHeaders(world.url, path)).toMatch(/^HTTP\/1\.1 503 [\s\S]*TOO_MANY_WAITING/);
  }
  confirm.resolve();
  for (const { status } of await Promise.all(waiting)) expect(status).toBe(202);
  expect((await world.post('/api/v1/events', EVENT)).status).toBe(202);
});

test('without a confirm there is no 202, and the answer says with which id to come again', async () => {
  const outcomes = ['refused', 'unreachable', 'unconfirmed', 'unroutable'] as const;
  let turn = 0;
  const world = await open({
    replace: ({ broker }) => ({
      broker: {
        ...bind(broker),
        publish: async (message) =>
          message.routingKey.startsWith('record.')
            ? { status: outcomes[turn] ?? 'refused', reason: 'a secret path' }
            : broker.publish(message),
      },
    }),
  });
  for (turn = 0; turn < outcomes.length; turn++) {
    const { status, body, headers } = await world.post('/api/v1/events', { ...EVENT, data: turn });
    expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'STORAGE_FAILURE', '2']);
    expect(body.receivedEvent).toMatchObject({
      ...EVENT,
      data: turn,
      eventId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(JSON.stringify(body)).not.toContain('secret path');
  }
  const several = await world.post<Problem>('/api/v1/metrics', [METRIC, METRIC]);
  expect([several.status, several.body.code]).toEqual([503, 'STORAGE_FAILURE']);
});

test('what was recorded is found by type, source, correlation id and time, page by page', async () => {
  const world = await open();
  const source = randomUUID();
  const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 9, minute)).toISOString();
  const kept = [0, 1, 2, 3, 4].map(
    (minute): RecordedEvent => ({
      eventId: `${source}-${minute}`,
      type: minute % 2 ? 'OPERATION' : 'COMMAND',
      source,
      data: { minute },
      timestamp: at(minute),
      severity: null,
      correlationId: minute === 4 ? source : null,
      traceId: null,
    }),
  );
  await world.records.events.record(kept.map((event) => ({ event, sample: null })));
  const found = async (query: string) => {
    const { body } = await world.get<EventList>(`/api/v1/events?${query}`);
    return { minutes: body.items.map(({ data }) => (data as { minute: number }).minute), next: body.nextCursor };
  };
  expect(await found(`source=${source}`)).toEqual({ minutes: [4, 3, 2, 1, 0], next: null });
  expect((await found(`source=${source}&type=OPERATION`)).minutes).toEqual([3, 1]);
  expect((await found(`correlationId=${source}`)).minutes).toEqual([4]);
  expect((await found(`source=${source}&from=${at(1)}&to=${at(3)}`)).minutes).toEqual([2, 1]);
  const first = await found(`source=${source}&limit=2`);
  expect(first.minutes).toEqual([4, 3]);
  expect((await found(`source=${source}&limit=2&cursor=${first.next}`)).minutes).toEqual([2, 1]);
  const whole = await world.get<EventList>(`/api/v1/events?source=${source}&limit=1`);
  expect(whole.body.items).toEqual([kept[4]]);
  for (const query of ['type=a%20b', 'from=x', 'limit=0', 'unknown=1', 'cursor=x', `from=${at(3)}&to=${at(1)}`])
    expect([query, (await world.get(`/api/v1/events?${query}`)).status]).toEqual([query, 400]);
});

test('a store that cannot be read is a retrieval failure', async () => {
  const list = () => Promise.reject(new Error('away'));
  const world = await open({ replace: () => ({ recordedEvents: { list } }) });
  expect(await world.get('/api/v1/events')).toMatchObject({ status: 503, body: { code: 'RETRIEVAL_FAILURE' } });
});

test('hostile bodies are refused, and nothing of them is left', async () => {
  const world = await open();
  const json = (data: string) => `{"type":"COMMAND","source":"a","data":${data}}`;
  const bodies: [string, number][] = [
    [json('{"__proto__":{"polluted":1}}'), 400],
    [json('{"\\u005f_proto__":{"polluted":1}}'), 400],
    [json('{"constructor":{"prototype":{"polluted":1}}}'), 400],
    [json('['.repeat(40) + ']'.repeat(40)), 400],
    [json('['.repeat(400_000) + ']'.repeat(400_000)), 400],
    [json('"\\ud800"'), 400],
    [json('1e999'), 400],
    [json('NaN'), 400],
    [json('{"a":1,"a":2}'), 400],
    [`{"name":"a","value":1,"attributes":{"__proto__":"x"}}`, 400],
    [json(`"${'x'.repeat(1_100_000)}"`), 413],
    [`[${Array(50_000).fill('{}').join(',')}]`, 400],
    [json(`{${Array.from({ length: 40_000 }, (_, key) => `"${key}":1`).join(',')}}`), 400],
    ['', 400],
  ];
  for (const [body, status] of bodies) {
    for (const path of ['/api/v1/events', '/api/v1/metrics'])
      expect([body.slice(0, 60), (await world.post(path, body)).status]).toEqual([body.slice(0, 60), status]);
  }
  expect((await world.post('/api/v1/events', 'a=1', { 'content-type': 'text/plain' })).status).toBe(415);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  expect((await world.broker.inspect(ANALYST_QUEUE))?.ready).toBe(0);

  // As many keys as are taken, of the worst kind: nobody else waits for it.
  const keys = Array.from({ length: 31_000 }, (_, key) => `"${key * 1_024}":1`).join(',');
  const begin = performance.now();
  expect((await world.post('/api/v1/events', json(`{${keys}}`))).status).toBe(202);
  expect(performance.now() - begin).toBeLessThan(2_000);
});

test('when the queue was deleted it is declared again, and the event is taken', async () => {
  const world = await open();
  let isGone = true;
  let isDeclared = false;
  const declared: unknown[] = [];
  const moody = await open({
    replace: ({ broker }) => ({
      broker: {
        ...bind(broker),
        declare: async (topology) => {
          const isOurs = topology.queues?.some(({ name }) => name === ANALYST_QUEUE) ?? false;
          if (isOurs) {
            declared.push(topology);
            isGone = declared.length < 2;
          }
          await broker.declare(topology);
          if (isOurs) isDeclared = true;
        },
        publish: async (message) =>
          isGone && message.routingKey.startsWith('record.') ? { status: 'unroutable' } : broker.publish(message),
      },
    }),
  });
  // Whoever comes while it is declared at the start waits for that, and does not declare it again.
  await until(() => isDeclared);
  expect((await moody.post('/api/v1/events', EVENT)).status).toBe(202);
  expect(declared).toHaveLength(2);
  expect((await world.post('/api/v1/events', EVENT)).status).toBe(202);
});

/** Everything that lies in the analyst's queue, once it is so much. */
async function takeQueue(broker: Broker, count: number): Promise<unknown[]> {
  const taken: unknown[] = [];
  const consumption = await broker.consume({
    queue: ANALYST_QUEUE,
    prefetch: 100,
    onDelivery: (delivery) => {
      const read = readRecorded(delivery.message);
      if (read.kind === 'unreadable') throw new Error(read.reason);
      taken.push(...(read.kind === 'events' ? read.events : read.metrics));
      delivery.ack();
    },
  });
  await until(() => taken.length >= count);
  await consumption.close();
  return taken;
}

/** The methods of an object of a class, to spread. */
function bind(broker: Broker): Broker {
  return {
    get state() {
      return broker.state;
    },
    get stateReason() {
      return broker.stateReason;
    },
    onStateChange: (listener) => broker.onStateChange(listener),
    declare: (topology) => broker.declare(topology),
    publish: (message) => broker.publish(message),
    consume: (subscription) => broker.consume(subscription),
    inspect: (queue) => broker.inspect(queue),
    close: () => broker.close(),
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  };
}
