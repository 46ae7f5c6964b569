import type { LogSignal, MetricSignal, NotifyAccepted, SignalBatch, SpanSignal } from '@tracepost/contracts';
import { until } from '@tracepost/testing';
import { expect, test } from 'vitest';

// Before the world is loaded: from here on this file sees what the gateway observes.
process.env.TRACEPOST_TELEMETRY = 'embedded';
const { attach, flush } = await import('@tracepost/telemetry/start');
const { FORECAST } = await import('./helpers/open-world.ts');
const { useWorld } = await import('./helpers/use-world.ts');
const { HOST, rawRequest, sendRaw } = await import('./helpers/send-raw.ts');

const spans: SpanSignal[] = [];
const logs: LogSignal[] = [];
let metrics: MetricSignal[] = [];
attach({
  async accept(batch: SignalBatch) {
    spans.push(...batch.spans);
    logs.push(...batch.logs);
    if (batch.metrics.length > 0) metrics = [...batch.metrics];
    return { status: 'taken', refused: [] };
  },
});

const world = useWorld();

const spansOf = async (traceId: string, count: number) => {
  await until(
    async () => {
      await flush();
      return spans.filter((span) => span.traceId === traceId).length >= count;
    },
    { what: `${count} spans of ${traceId}` },
  );
  return spans.filter((span) => span.traceId === traceId);
};

const metricsNamed = async (name: string) => {
  await flush();
  return metrics.filter((metric) => metric.name === name && metric.origin.service === 'tracepost-gateway');
};

test('a notification has a SERVER span by the conventions, and the publish is its child', async () => {
  const answer = await world().notify<NotifyAccepted>(
    { ...FORECAST, source: 'curl', sessionId: 's-9' },
    { 'user-agent': 'tester/1.0 (someone@example.com)', 'x-correlation-id': 'c-1' },
  );
  const { taskId, traceId } = answer.body;
  const [server, publish] = (await spansOf(traceId, 2)).sort((a, _b) => (a.parentSpanId === null ? -1 : 1));
  expect(server).toMatchObject({
    name: 'POST /api/v1/agents/{agentId}/notify',
    kind: 'server',
    parentSpanId: null,
    status: { code: 'unset' },
    origin: { service: 'tracepost-gateway' },
    attributes: {
      'http.request.method': 'POST',
      'http.route': '/api/v1/agents/{agentId}/notify',
      'http.response.status_code': 202,
      'url.path': '/api/v1/agents/weather/notify',
      'url.scheme': 'http',
      'server.address': '127.0.0.1',
      'server.port': world().port,
      'network.protocol.version': '1.1',
      'user_agent.original': 'tester/1.0 (****)',
      'tracepost.task.id': taskId,
      'tracepost.agent.id': 'weather',
      'tracepost.notification.type': 'weather.forecast',
      'tracepost.correlation.id': 'c-1',
      'tracepost.source': 'curl',
      'tracepost.tenant.id': 'default',
      'session.id': 's-9',
    },
  });
  expect(publish).toMatchObject({
    kind: 'producer',
    parentSpanId: server?.spanId,
    attributes: { 'tracepost.task.id': taskId },
  });
});

test("the caller's span is the parent", async () => {
  const traceId = 'f'.repeat(31).concat('1');
  await world().notify(FORECAST, { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, tracestate: 'v=1' });
  const found = await spansOf(traceId, 2);
  expect(found.find((span) => span.kind === 'server')?.parentSpanId).toBe('00f067aa0ba902b7');
});

test('baggage leads nowhere: not into spans, lines or messages', async () => {
  const secret = 'alice-1234567890';
  const answer = await world().notify<NotifyAccepted>(FORECAST, { baggage: `user=${secret},${'k=v,'.repeat(400)}x=y` });
  expect(answer.status).toBe(202);
  const found = await spansOf(answer.body.traceId, 2);
  expect(JSON.stringify(found.map((span) => span.attributes))).not.toContain(secret);
  expect(JSON.stringify(world().lines)).not.toContain(secret);
  expect(JSON.stringify(logs.map((log) => log.attributes))).not.toContain(secret);
});

test('every request leaves one line, on the terminal and as a log record, with the ids of its span', async () => {
  const accepted = await world().accept();
  const line = await until(() => world().lines.find((seen) => seen.taskId === accepted.taskId && seen.phase === 'end'));
  expect(line).toMatchObject({
    level: 'info',
    layer: 'gateway',
    phase: 'end',
    result: 'success',
    hopName: 'publish',
    hopResult: 'confirmed',
    method: 'POST',
    route: '/api/v1/agents/{agentId}/notify',
    status: 202,
    durationMs: expect.any(Number),
    taskId: accepted.taskId,
    agentId: 'weather',
    notificationType: 'weather.forecast',
    correlationId: accepted.correlationId,
    traceId: accepted.traceId,
  });
  await spansOf(accepted.traceId, 2);
  const records = logs.filter((log) => log.traceId === accepted.traceId && log.attributes.phase === 'end');
  expect(records).toHaveLength(1);
  expect(records[0]).toMatchObject({ severityText: 'info', attributes: { 'tracepost.task.id': accepted.taskId } });
});

test.each([
  ['the payload is wrong', { ...FORECAST, payload: {} }, 'INVALID_PAYLOAD'],
  ['the body has another form', { nothing: 1 }, 'INVALID_REQUEST'],
])('the line of a refused request says that it ended at validation, when %s', async (_what, body, code) => {
  const answer = await world().notify(body);
  const line = await until(() => world().lines.find((seen) => seen.traceId === answer.body.traceId));
  expect(line).toMatchObject({
    level: 'warn',
    result: 'error',
    hopName: 'validate',
    hopResult: 'refused',
    status: 400,
    code,
  });
});

test('a 5xx makes the span an error with its code, a 4xx does not', async () => {
  const refused = await world().notify({ ...FORECAST, payload: {} });
  const [client] = await spansOf(refused.body.traceId, 1);
  expect(client).toMatchObject({ status: { code: 'unset' }, attributes: { 'http.response.status_code': 400 } });

  const publish = world().broker.publish;
  world().broker.publish = async () => ({ status: 'unreachable', reason: 'test' });
  const failed = await world().notify(FORECAST);
  world().broker.publish = publish;
  const server = (await spansOf(failed.body.traceId, 2)).find((span) => span.kind === 'server');
  expect(server).toMatchObject({
    status: { code: 'error' },
    attributes: { 'http.response.status_code': 503, 'error.type': 'BROKER_UNREACHABLE' },
  });
});

test('an unknown path has no route, so that its names cannot flood the metrics', async () => {
  const answer = await world().get('/some/odd/path?secret=1');
  const [span] = await spansOf(answer.body.traceId, 1);
  expect(span).toMatchObject({ name: 'GET', attributes: { 'url.path': '/some/odd/path' } });
  expect(span?.attributes).not.toHaveProperty('http.route');
  expect(JSON.stringify(span?.attributes)).not.toContain('secret');
});

test('a client that leaves before its answer is seen', async () => {
  const accepted = await world().accept();
  const controller = new AbortController();
  const url = `${world().url}${accepted.links.task}`;
  const asked = fetch(url, { headers: { prefer: 'wait=60' }, signal: controller.signal }).catch(() => null);
  await until(async () => (await activeRequests()) >= 1, { what: 'the waiting request' });
  controller.abort();
  await asked;
  const line = await until(() => world().lines.find((seen) => seen.code === 'client_closed'));
  expect(line).toMatchObject({ taskId: accepted.taskId, result: 'error', route: '/api/v1/tasks/{taskId}' });
  await until(async () => (await activeRequests()) === 0, { what: 'no request under way' });
});

const activeRequests = async () =>
  (await metricsNamed('http.server.active_requests')).reduce(
    (sum, { data }) => sum + (data.type === 'sum' ? data.value : 0),
    0,
  );

test('requests are counted and measured by method, route and status', async () => {
  await world().accept();
  const bytes = JSON.stringify(FORECAST).length;
  const of = async (name: string) => {
    const route = '/api/v1/agents/{agentId}/notify';
    const found = (await metricsNamed(name)).find(
      ({ attributes }) => attributes['http.route'] === route && attributes['http.response.status_code'] === 202,
    );
    if (found?.data.type !== 'histogram') throw new Error(`${name} is no histogram`);
    return { ...found.data, attributes: found.attributes };
  };
  const duration = await until(() => of('http.server.request.duration'));
  expect(duration.count).toBeGreaterThan(0);
  expect(duration.attributes).toEqual({
    'http.request.method': 'POST',
    'http.route': '/api/v1/agents/{agentId}/notify',
    'http.response.status_code': 202,
    'url.scheme': 'http',
  });
  expect((await of('http.server.request.body.size')).min).toBe(bytes);
  expect((await of('http.server.response.body.size')).min).toBeGreaterThan(300);
});

test('health is not traced and not logged, and still has its ids', async () => {
  const before = world().lines.length;
  const answers = await Promise.all(
    ['/health', '/health/live', '/health/ready', '/api/v1/status'].map((path) => world().get(path)),
  );
  await flush();
  for (const { headers } of answers) {
    const traceId = headers.get('x-trace-id');
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(headers.get('x-correlation-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(spans.some((span) => span.traceId === traceId)).toBe(false);
  }
  expect(
    world()
      .lines.slice(before)
      .filter((line) => line.layer === 'gateway'),
  ).toEqual([]);
});

test('malformed HTTP is counted with its reason', async () => {
  await sendRaw(world().port, [rawRequest('NONSENSE', [HOST])]);
  const counted = await until(async () =>
    (await metricsNamed('http.server.request.duration')).find(
      ({ attributes }) => attributes['error.type'] === 'MALFORMED_HTTP',
    ),
  );
  expect(counted.attributes).toMatchObject({ 'http.request.method': '_OTHER', 'http.response.status_code': 400 });
});

test('queues and dependencies are observed', async () => {
  const depth = await until(
    async () =>
      (await metricsNamed('tracepost.queue.depth')).find(
        ({ attributes }) => attributes['tracepost.queue'] === 'agent.weather',
      ),
    { timeoutMs: 15_000 },
  );
  expect(depth).toMatchObject({ data: { type: 'gauge' }, attributes: { 'tracepost.queue.state': 'ready' } });
  // Each once, although the embedded broker counts the same messages.
  const states = (await metricsNamed('tracepost.queue.depth')).map(({ attributes }) => [
    attributes['tracepost.queue'],
    attributes['tracepost.queue.state'],
  ]);
  const expected = ['ready', 'unacknowledged', 'delayed', 'dead'].map((state) => ['agent.weather', state]);
  expect(new Set(states.map(String))).toEqual(new Set([...expected, ['recorder', 'ready']].map(String)));
  const up = await metricsNamed('tracepost.dependency.up');
  expect(up.map(({ attributes }) => attributes['tracepost.dependency']).sort()).toEqual([
    'broker',
    'logs',
    'metrics',
    'records',
    'traces',
  ]);
});
