import { randomUUID } from 'node:crypto';
import type { NotifyAccepted, TaskRecord } from '@tracepost/contracts';
import { until } from '@tracepost/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { FORECAST } from './helpers/open-world.ts';
import { HOST, JSON_TYPE, rawRequest, sendRaw } from './helpers/send-raw.ts';
import { takeAll } from './helpers/take-all.ts';
import { useWorld } from './helpers/use-world.ts';

const world = useWorld();
const AGENT = '/api/v1/agents/weather/notify';
const GOOD = JSON.stringify(FORECAST);

beforeEach(async () => {
  await takeAll(world().broker, 'agent.weather');
});
const sent = () => takeAll(world().broker, 'agent.weather');

describe('S8: headers that mean something to a broker', () => {
  test('mean nothing to ours: the message has our headers only, and lies on one queue', async () => {
    await world().broker.declare({ queues: [{ kind: 'durable', name: 'stolen' }] });
    const hostile = {
      cc: 'stolen',
      bcc: 'stolen',
      'x-death': '[{"count":99}]',
      'x-delivery-count': '99',
      expiration: '1',
      'reply-to': 'stolen',
      'x-attempt': '7',
      'x-attempts': '[]',
      'x-copy': 'mine',
      'x-tenant-id': 'other',
      'x-published-at-ms': '1',
      'x-retry-at-ms': '1',
      baggage: 'secret=1',
    };
    const answer = await world().notify<NotifyAccepted>(FORECAST, hostile);
    expect(answer.status).toBe(202);
    const [message, ...others] = await sent();
    expect(others).toEqual([]);
    expect(Object.keys(message?.headers ?? {}).sort()).toEqual(
      expect.arrayContaining(['traceparent', 'x-envelope-version', 'x-published-at-ms', 'x-tenant-id']),
    );
    const allowed = ['traceparent', 'tracestate', 'x-envelope-version', 'x-published-at-ms', 'x-tenant-id'];
    expect(Object.keys(message?.headers ?? {}).filter((name) => !allowed.includes(name))).toEqual([]);
    expect(message?.headers['x-tenant-id']).toBe('default');
    expect(Number(message?.headers['x-published-at-ms'])).toBeGreaterThan(1_000_000);
    expect((await world().broker.inspect('stolen'))?.ready).toBe(0);
  });

  test('nor do their names as fields of the payload: they reach the agent as data', async () => {
    const payload = { CC: ['stolen'], BCC: 'stolen', expiration: '1', 'x-death': [] };
    await world().notify({ notificationType: 'weather.anything', payload });
    const [message] = await sent();
    expect(JSON.parse(String(message?.body)).data).toEqual(payload);
    expect(message?.headers).not.toHaveProperty('CC');
  });
});

describe('S12: line breaks, terminal codes and separators', () => {
  const NASTY = ['\r\n{"level":"info"}', '\u001b[2J\u001b]0;title\u0007', '\u2028\u2029', '\u0085\u009b31m', '\u202e'];
  const isClean = (line: string) => /^[\x20-\x7e\u00a0-\u2027\u202f-\uffff]*\n?$/.test(line);

  test.each(NASTY.map((text) => [JSON.stringify(text), text]))(
    '%s in an id leave one escaped line',
    async (_shown, text) => {
      const before = world().terminal.length;
      const { headers } = await world().get(`/api/v1/tasks/${encodeURIComponent(text)}`);
      const traceId = headers.get('x-trace-id');
      await until(() => world().lines.some((line) => line.traceId === traceId || line.requestTraceId === traceId));
      const lines = world().terminal.slice(before);
      expect(lines.filter((line) => !isClean(line))).toEqual([]);
    },
  );

  test.each(NASTY.map((text) => [JSON.stringify(text), text]))(
    '%s in a body, as value and as name',
    async (_shown, text) => {
      const before = world().terminal.length;
      await world().notify({ notificationType: 'weather.anything', payload: { [text]: text } });
      await world().notify({ ...FORECAST, [text]: text });
      await world().notify({ ...FORECAST, source: text });
      await world().notify({ ...FORECAST, notificationType: text });
      const lines = world().terminal.slice(before);
      expect(lines.length).toBeGreaterThanOrEqual(3);
      expect(lines.filter((line) => !isClean(line))).toEqual([]);
    },
  );

  test.each([
    ['user-agent', 'a\u001b[2Jb'],
    ['user-agent', 'a\u2028b'],
    ['x-correlation-id', 'a\u001b[2Jb'],
    ['idempotency-key', 'a\u2028b'],
    ['traceparent', '\u001b[2J'],
  ])('in the header %s', async (name, text) => {
    const before = world().terminal.length;
    const head = [HOST, JSON_TYPE, 'Connection: close', `Content-Length: ${GOOD.length}`, `${name}: ${text}`];
    const { status } = await sendRaw(world().port, [Buffer.from(rawRequest(`POST ${AGENT} HTTP/1.1`, head, GOOD))]);
    expect([202, 400]).toContain(status);
    expect(
      world()
        .terminal.slice(before)
        .filter((line) => !isClean(line)),
    ).toEqual([]);
  });
});

describe('S16: idempotency keys', () => {
  test('with another body: 422, and nothing of the first task is told', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const first = await world().notify<NotifyAccepted>(FORECAST, headers);
    const other = await world().notify({ ...FORECAST, payload: { location: 'Porto' } }, headers);
    expect(other.status).toBe(422);
    expect(JSON.stringify(other.body)).not.toContain(first.body.taskId);
    expect(await sent()).toHaveLength(1);
  });

  test('that look like SQL or paths are only keys', async () => {
    for (const key of ["';DROP--TABLE--idempotency_keys;--", '../../etc/passwd', '%00', '__proto__', '\\u0000']) {
      const first = await world().notify<NotifyAccepted>(FORECAST, { 'idempotency-key': key });
      const again = await world().notify<NotifyAccepted>(FORECAST, { 'idempotency-key': key });
      expect(again.body.taskId).toBe(first.body.taskId);
    }
  });

  test('twice in one request are refused', async () => {
    const head = [
      HOST,
      JSON_TYPE,
      'Connection: close',
      `Content-Length: ${GOOD.length}`,
      'Idempotency-Key: a',
      'Idempotency-Key: b',
    ];
    expect((await sendRaw(world().port, [rawRequest(`POST ${AGENT} HTTP/1.1`, head, GOOD)])).status).toBe(400);
  });
});

describe('S19: fields that are not for callers', () => {
  test.each([
    ['priority', 255],
    ['priority', 'URGENT'],
    ['tenantId', 'other'],
    ['attempts', -1],
    ['attempt', 5],
    ['taskId', randomUUID()],
    ['retryOf', randomUUID()],
    ['parentTaskId', randomUUID()],
    ['depth', -1],
    ['idempotencyKey', 'k'],
    ['traceId', 'a'.repeat(32)],
    ['copy', 'x'],
    ['timeoutMs', -1],
    ['timeoutMs', 1e12],
  ])('%s: %j is refused, and nothing is sent', async (name, value) => {
    const answer = await world().notify({ ...FORECAST, [name]: value });
    expect(answer.body).toMatchObject({ status: 400, code: 'INVALID_REQUEST' });
    expect(answer.body.errors?.map(({ pointer }) => pointer)).toContain(`/${name}`);
    expect(await sent()).toEqual([]);
  });
});

describe('S20: other ways to the route', () => {
  const post = (path: string, headers: readonly string[] = [], method = 'POST') => {
    const head = [HOST, JSON_TYPE, 'Connection: close', `Content-Length: ${GOOD.length}`, ...headers];
    return sendRaw(world().port, [rawRequest(`${method} ${path} HTTP/1.1`, head, GOOD)]);
  };

  test.each([
    ['//api/v1/agents/weather/notify'],
    ['/api//v1/agents/weather/notify'],
    [`/${AGENT}`],
    [`${AGENT}/`],
    [`${AGENT}//`],
    ['/API/V1/agents/weather/notify'],
    ['/api/v1/agents/weather/notify;x=1'],
    ['/api/v1/agents/weather%2fnotify'],
    ['/./api/v1/agents/weather/notify'],
  ])('POST %s is nothing', async (path) => {
    // The last kind names an agent with a slash in it, which can be asked for and not posted to.
    expect([400, 404, 405]).toContain((await post(path)).status);
    expect(await sent()).toEqual([]);
  });

  test.each([['TRACE'], ['HEAD'], ['PUT'], ['PATCH'], ['DELETE'], ['CONNECT'], ['OPTIONS'], ['get']])(
    '%s does not notify',
    async (method) => {
      const { status } = await post(AGENT, [], method);
      // A CONNECT is not answered at all: the connection is closed.
      expect(method === 'CONNECT' ? [0] : [400, 404, 405]).toContain(status);
      expect(await sent()).toEqual([]);
    },
  );

  test.each([['X-HTTP-Method-Override: GET'], ['X-HTTP-Method: DELETE'], ['X-Method-Override: TRACE']])(
    '%s changes nothing',
    async (header) => {
      expect((await post(AGENT, [header])).status).toBe(202);
      expect(await sent()).toHaveLength(1);
    },
  );

  test('a foreign host is refused on every way, known or not', async () => {
    const foreign = { origin: 'https://evil.example' };
    for (const path of [AGENT, '/nothing', '//', '/api/v1/tasks/x']) {
      expect((await world().post(path, FORECAST, foreign)).status).toBe(403);
    }
    expect(await sent()).toEqual([]);
  });
});

test('after all this a notification is taken as before', async () => {
  const { links } = await world().accept();
  expect((await world().get<TaskRecord>(links.task)).body.status).toBe('accepted');
});
