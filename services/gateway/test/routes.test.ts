import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import {
  AgentView,
  ArtifactInfo,
  type LogSignal,
  LogView,
  MAX_ARTIFACT_BYTES,
  type Problem,
  type SpanSignal,
  StatusView,
  TraceView,
} from '@tracepost/contracts';
import type { LogStore, TraceReader, TraceWriter } from '@tracepost/stores';
import { until } from '@tracepost/testing';
import { Check } from 'typebox/value';
import { describe, expect, test } from 'vitest';
import { PROBLEM_STATUS } from '../src/index.ts';
import { openWorld, WEATHER, workerEvent } from './helpers/open-world.ts';
import { HOST, rawRequest, sendRaw } from './helpers/send-raw.ts';
import { useWorld } from './helpers/use-world.ts';

let spanWriter: TraceWriter;
let logWriter: LogStore;
const world = useWorld({
  replace: ({ traces, logs }) => {
    spanWriter = traces as TraceReader & TraceWriter;
    logWriter = logs;
    return {};
  },
});

const origin = { service: 'tracepost-gateway', resource: {}, scopeName: 'test', scopeVersion: '1' };
const nano = (offsetMs: number) => BigInt(Date.now() + offsetMs) * 1_000_000n;
const spanSignal = (rest: Partial<SpanSignal>): SpanSignal => ({
  origin,
  traceId: 'a'.repeat(32),
  spanId: '1'.repeat(16),
  parentSpanId: null,
  name: 'work',
  kind: 'server',
  startTimeUnixNano: nano(-50),
  endTimeUnixNano: nano(-20),
  status: { code: 'unset', message: '' },
  attributes: { 'http.route': '/x' },
  events: [],
  links: [],
  ...rest,
});
const logSignal = (rest: Partial<LogSignal>): LogSignal => ({
  origin,
  timeUnixNano: nano(-10),
  severityNumber: 9,
  severityText: 'info',
  body: 'a line',
  attributes: {},
  traceId: null,
  spanId: null,
  ...rest,
});

describe('GET /api/v1/traces/{traceId}', () => {
  test('an unknown trace is 404, and an id that is none is 400', async () => {
    expect((await world().get(`/api/v1/traces/${'b'.repeat(32)}`)).body.code).toBe('TRACE_NOT_FOUND');
    expect((await world().get('/api/v1/traces/xyz')).body.code).toBe('INVALID_REQUEST');
    expect((await world().get(`/api/v1/traces/${'B'.repeat(32)}`)).status).toBe(400);
  });

  test('of a known task: not complete before its spans are there, complete after', async () => {
    const { taskId, traceId, links } = await world().accept();
    const early = await world().get<TraceView>(links.trace);
    expect(early.status).toBe(200);
    expect(early.body).toMatchObject({ traceId, complete: false, spans: [], startedAt: null });
    expect(Check(TraceView, early.body)).toBe(true);

    const task = (await world().get(links.task)).body as unknown as Parameters<typeof workerEvent>[0];
    const spanId = 'c'.repeat(16);
    await world().publish(workerEvent(task, 'succeeded', spanId));
    await until(
      async () => ((await world().get(links.task)).body as unknown as { status: string }).status === 'succeeded',
    );
    await spanWriter.writeSpans([spanSignal({ traceId })]);
    expect((await world().get<TraceView>(links.trace)).body).toMatchObject({
      complete: false,
      spans: [{ name: 'work' }],
    });
    await spanWriter.writeSpans([spanSignal({ traceId, spanId, parentSpanId: '1'.repeat(16), kind: 'consumer' })]);
    const whole = await world().get<TraceView>(links.trace);
    expect(whole.body).toMatchObject({ complete: true, services: ['tracepost-gateway'] });
    expect(whole.body.spans).toHaveLength(2);
    expect(Check(TraceView, whole.body)).toBe(true);
    expect(taskId).toBeTruthy();
  });
});

describe('GET /api/v1/logs', () => {
  const traceId = 'd'.repeat(32);
  test('lines are found by trace, level and text', async () => {
    await logWriter.writeLogs([
      logSignal({ traceId, body: 'first line', timeUnixNano: nano(-30) }),
      logSignal({ traceId, body: 'second LINE', severityNumber: 17, severityText: 'error', timeUnixNano: nano(-20) }),
      logSignal({ body: 'of nobody' }),
    ]);
    const find = async (query: string) =>
      (await world().get<{ items: LogView[]; nextCursor: null }>(`/api/v1/logs?${query}`)).body;
    const all = await find(`traceId=${traceId}`);
    expect(all.items.map((line) => line.message)).toEqual(['first line', 'second LINE']);
    expect(all.nextCursor).toBeNull();
    for (const line of all.items) expect(Check(LogView, line)).toBe(true);
    expect((await find(`traceId=${traceId}&level=warn`)).items.map((line) => line.message)).toEqual(['second LINE']);
    expect((await find(`traceId=${traceId}&text=SECOND`)).items).toHaveLength(1);
    expect((await find(`traceId=${traceId}&service=other`)).items).toHaveLength(0);
    expect((await find('limit=1')).items).toHaveLength(1);
    const past = '2020-01-01T00:00:00.000Z';
    expect((await find(`traceId=${traceId}&to=${past}`)).items).toHaveLength(0);
  });

  test('pages hold every line once, also those of one millisecond', async () => {
    const moment = nano(-1_000);
    const ofPaging = (count: number, fields: Partial<LogSignal>) =>
      Array.from({ length: count }, (_, index) =>
        logSignal({ body: `paging ${index}`, timeUnixNano: moment, ...fields }),
      );
    const traceOfPaging = 'e'.repeat(32);
    await logWriter.writeLogs([...ofPaging(25, {}), ...ofPaging(25, { traceId: traceOfPaging })]);
    for (const [query, count] of [
      ['text=paging', 50],
      [`traceId=${traceOfPaging}`, 25],
    ] as const) {
      const lines: LogView[] = [];
      let cursor = '';
      do {
        const path = `/api/v1/logs?${query}&limit=7${cursor}`;
        const { body } = await world().get<{ items: LogView[]; nextCursor: string | null }>(path);
        lines.push(...body.items);
        cursor = body.nextCursor === null ? '' : `&cursor=${body.nextCursor}`;
      } while (cursor !== '');
      expect(lines).toHaveLength(count);
      expect(new Set(lines.map(({ message, traceId: id }) => `${message} ${id}`)).size).toBe(count);
    }
  });

  test('times need no milliseconds, and may have an offset', async () => {
    const ask = async (query: string) => (await world().get(`/api/v1/logs?${query}`)).status;
    expect(await ask('from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00%2B02:00')).toBe(200);
    expect(await ask('from=2026-01-01')).toBe(200);
  });

  test.each([
    ['traceId=xyz'],
    ['cursor=xyz'],
    ['from=2099-01-01'],
    ['level=loud'],
    ['limit=0'],
    ['limit=1001'],
    ['limit=1e3'],
    ['from=yesterday'],
    ['from=2026-01-02T00:00:00.000Z&to=2026-01-01T00:00:00.000Z'],
    ['from=2026-99-99T00:00:00.000Z'],
    ['text='],
    [`text=${'x'.repeat(257)}`],
    ['nothing=1'],
    ['limit=1&limit=2'],
  ])('%s is refused', async (query) => {
    expect((await world().get(`/api/v1/logs?${query}`)).body).toMatchObject({ status: 400, code: 'INVALID_REQUEST' });
  });
});

describe('GET /api/v1/agents', () => {
  test('shows who has announced itself', async () => {
    const list = await world().get<{ items: AgentView[]; nextCursor: null }>('/api/v1/agents');
    const weather = list.body.items.find((agent) => agent.agentId === 'weather');
    expect(weather).toMatchObject({ status: 'running', capacity: 4, version: '1.2.3', queue: 'agent.weather' });
    expect(weather?.notificationTypes).toEqual(WEATHER.notificationTypes);
    expect(Check(AgentView, weather)).toBe(true);
    expect((await world().get<AgentView>('/api/v1/agents/weather')).body).toEqual(weather);
    expect((await world().get('/api/v1/agents/nobody')).body).toMatchObject({ status: 404, code: 'AGENT_NOT_FOUND' });
  });
});

describe('artifacts', () => {
  const put = async (content: Buffer | Readable, contentType: string | null, headers: Record<string, string> = {}) => {
    const { promise, resolve, reject } = Promise.withResolvers<{
      status: number;
      body: ArtifactInfo & Problem;
      location: string;
    }>();
    const upload = request(`${world().url}/api/v1/artifacts`, {
      method: 'POST',
      headers: { ...(contentType === null ? {} : { 'content-type': contentType }), ...headers },
    });
    upload.on('response', async (response) => {
      const text = await response.setEncoding('utf8').reduce((all, part) => all + part, '');
      resolve({ status: response.statusCode ?? 0, body: JSON.parse(text), location: response.headers.location ?? '' });
    });
    // The other side may answer and hang up before everything is sent; what counts is its answer.
    upload.on('error', (error) => setTimeout(() => reject(error), 500));
    if (Buffer.isBuffer(content)) upload.end(content);
    else content.pipe(upload);
    return promise;
  };

  test('come back as they went, whatever they are', async () => {
    for (const type of ['image/png', 'application/json', 'text/html; charset=utf-8', 'application/octet-stream']) {
      const content = randomBytes(300 * 1024);
      const kept = await put(content, type);
      expect(kept.status).toBe(201);
      expect(Check(ArtifactInfo, kept.body)).toBe(true);
      expect(kept.body).toMatchObject({ bytes: content.length, contentType: type });
      expect(kept.location).toBe(`/api/v1/artifacts/${kept.body.artifactId}`);
      const response = await fetch(world().url + kept.location);
      expect(Buffer.from(await response.arrayBuffer()).equals(content)).toBe(true);
      expect(response.headers.get('content-type')).toBe(type);
      expect(response.headers.get('content-security-policy')).toContain('sandbox');
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      expect(response.headers.get('x-trace-id')).toMatch(/^[0-9a-f]{32}$/);
    }
  });

  test('past 25 MiB are refused, with a length and without', async () => {
    const block = Buffer.alloc(1024 * 1024);
    const endless = () => Readable.from(Array.from({ length: 26 }, () => block));
    const counted = await put(endless(), 'image/png', { 'content-length': String(26 * block.length) });
    expect(counted.body).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' });
    const chunked = await put(endless(), 'image/png');
    expect(chunked.body).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' });
    expect(26 * block.length).toBeGreaterThan(MAX_ARTIFACT_BYTES);
  });

  test('need a content type and a content', async () => {
    expect((await put(Buffer.from('x'), null)).body.code).toBe('UNSUPPORTED_MEDIA_TYPE');
    expect((await put(Buffer.from('x'), 'image/png; x="a b"')).body.code).toBe('UNSUPPORTED_MEDIA_TYPE');
    expect((await put(Buffer.alloc(0), 'image/png', { 'content-length': '0' })).body.code).toBe('INVALID_REQUEST');
    const chunkedEmpty = await put(Readable.from([]), 'image/png');
    expect(chunkedEmpty.body).toMatchObject({ status: 400, code: 'INVALID_REQUEST' });
    expect(chunkedEmpty.body.detail).toContain('empty');
    const lengthless = await sendRaw(world().port, [
      rawRequest('POST /api/v1/artifacts HTTP/1.1', [HOST, 'Content-Type: image/png', 'Connection: close']),
    ]);
    expect(lengthless.text).toMatch(/^HTTP\/1\.1 400 .*the body is empty/is);
  });

  test('that nobody has are 404, and ids that are none are 400', async () => {
    const missing = '0198c0de-0000-7000-8000-000000000000';
    expect((await world().get(`/api/v1/artifacts/${missing}`)).body).toMatchObject({
      status: 404,
      code: 'ARTIFACT_NOT_FOUND',
    });
    for (const id of ['..', '%2e%2e%2fqueue.db', 'x', `${missing}%00`])
      expect([400, 404]).toContain((await world().get(`/api/v1/artifacts/${id}`)).status);
  });
});

describe('status', () => {
  test('has every check, and all is well', async () => {
    const status = await until(async () => {
      const answer = await world().get<StatusView>('/api/v1/status');
      return answer.body.status === 'healthy' ? answer.body : null;
    });
    expect(Check(StatusView, status)).toBe(true);
    expect(status.checks.map((check) => check.name)).toEqual([
      'broker',
      'records',
      'metrics',
      'traces',
      'logs',
      'agents',
      'telemetry',
      'disk',
    ]);
    expect(status.storage.usedBytes).toBeGreaterThan(0);
    expect((await world().get<{ status: string }>('/health')).body.status).toBe('healthy');
    expect((await world().get('/health/ready')).status).toBe(200);
  });

  test('answers at once though every store hangs', async () => {
    const hangs = () => new Promise<never>(() => undefined);
    await using hung = await openWorld({
      isAnnounced: false,
      replace: ({ records, traces, logs, metrics }) => ({
        records: { ...records, ping: hangs, countTasks: hangs, listAnnouncements: hangs },
        traces: { ...traces, ping: hangs, getTrace: hangs },
        logs: { ...logs, ping: hangs },
        metrics: { ...metrics, ping: hangs, readPoints: hangs },
      }),
    });
    const started = performance.now();
    for (let asked = 0; asked < 20; asked++) expect((await hung.get('/api/v1/status')).status).toBe(200);
    expect(performance.now() - started).toBeLessThan(1_500);
    const status = await until(async () => {
      const { body } = await hung.get<StatusView>('/api/v1/status');
      return body.checks.find((check) => check.name === 'traces')?.message.includes('did not answer') ? body : null;
    });
    // With the record store hanging no task is claimed, so no work makes progress.
    expect(status.status).toBe('unhealthy');
  });
});

test('a store that fails is 503 with its code, not 500', async () => {
  const away = () => Promise.reject(new Error('secret host db-7.internal refused'));
  await using broken = await openWorld({
    replace: ({ traces, logs, artifacts }) => ({
      traces: { ...traces, getTrace: away },
      logs: { ...logs, queryLogs: away },
      artifacts: { ...artifacts, get: away, put: away },
    }),
  });
  const answers = await Promise.all([
    broken.get(`/api/v1/traces/${'e'.repeat(32)}`),
    broken.get('/api/v1/logs'),
    broken.get('/api/v1/artifacts/0198c0de-0000-7000-8000-000000000000'),
    broken.post('/api/v1/artifacts', 'x'),
  ]);
  expect(answers.map(({ body }) => body.code)).toEqual([
    'TRACES_UNAVAILABLE',
    'LOGS_UNAVAILABLE',
    'ARTIFACTS_UNAVAILABLE',
    'ARTIFACTS_UNAVAILABLE',
  ]);
  for (const { status, headers, body } of answers) {
    expect(status).toBe(503);
    expect(headers.get('retry-after')).toBe('2');
    expect(JSON.stringify(body)).not.toContain('db-7');
  }
});

test('S22: a provoked 500 shows an id to look up, and nothing of the inside', async () => {
  await using broken = await openWorld({
    replace: ({ records }) => ({
      // A record that cannot be written as JSON: nothing expects that.
      records: {
        ...records,
        getTask: async () => ({ taskId: 'x', statusChanges: [], attempts: [], big: 1n }) as never,
      },
    }),
  });
  const answer = await broken.get('/api/v1/tasks/x');
  expect(answer.body).toMatchObject({ status: 500, code: 'INTERNAL_ERROR' });
  expect(answer.body.traceId).toBe(answer.headers.get('x-trace-id'));
  expect(JSON.stringify(answer.body)).not.toMatch(/BigInt|stack|\.ts|node_modules|at /);
  const line = await until(() => broken.lines.find((seen) => String(seen['error.message']).includes('BigInt')));
  expect(line).toMatchObject({ level: 'error', traceId: answer.body.traceId });
});

describe('the OpenAPI document', () => {
  interface Document {
    openapi: string;
    paths: Record<string, Record<string, { responses: Record<string, unknown>; summary?: string }>>;
  }
  test('is made from the schemas of the routes', async () => {
    const { body } = await world().get<Document>('/api/v1/openapi.json');
    expect(body.openapi).toBe('3.1.0');
    expect(Object.keys(body.paths).sort()).toEqual([
      '/api/v1/agents',
      '/api/v1/agents/{agentId}',
      '/api/v1/agents/{agentId}/metrics',
      '/api/v1/agents/{agentId}/notify',
      '/api/v1/analysis/anomalies',
      '/api/v1/analysis/costs',
      '/api/v1/analysis/forecast',
      '/api/v1/analysis/live',
      '/api/v1/analysis/patterns',
      '/api/v1/analysis/recommendations',
      '/api/v1/analysis/sequences',
      '/api/v1/analysis/times',
      '/api/v1/analysis/tools',
      '/api/v1/artifacts',
      '/api/v1/artifacts/{artifactId}',
      '/api/v1/audit',
      '/api/v1/events',
      '/api/v1/live',
      '/api/v1/logs',
      '/api/v1/metrics',
      '/api/v1/metrics/catalog',
      '/api/v1/metrics/{name}',
      '/api/v1/queues',
      '/api/v1/queues/{queue}/dead-letters',
      '/api/v1/queues/{queue}/dead-letters/{taskId}',
      '/api/v1/queues/{queue}/dead-letters/{taskId}/requeue',
      '/api/v1/sessions',
      '/api/v1/sessions/import',
      '/api/v1/sessions/{sessionId}',
      '/api/v1/sessions/{sessionId}/compare/{otherId}',
      '/api/v1/status',
      '/api/v1/tasks',
      '/api/v1/tasks/bulk',
      '/api/v1/tasks/{taskId}',
      '/api/v1/tasks/{taskId}/cancel',
      '/api/v1/tasks/{taskId}/events',
      '/api/v1/tasks/{taskId}/retry',
      '/api/v1/traces',
      '/api/v1/traces/{traceId}',
      '/health',
      '/health/live',
      '/health/ready',
    ]);
    for (const methods of Object.values(body.paths))
      for (const operation of Object.values(methods)) expect(operation.summary).toBeTruthy();
    expect(Object.keys(body.paths['/api/v1/agents/{agentId}/notify']?.post?.responses ?? {})).toContain('202');
    expect(JSON.stringify(body.paths['/api/v1/agents/{agentId}/notify'])).toContain('notificationType');
  });

  test('can be read on a page that needs nothing from elsewhere', async () => {
    const page = await fetch(`${world().url}/api/docs`);
    expect(page.url).toBe(`${world().url}/api/docs/`);
    const html = await page.text();
    expect(html).toContain('/api/v1/openapi.json');
    expect(html).not.toMatch(/(src|href)="https?:/);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('http');
    const script = await fetch(`${world().url}/api/docs/js/scalar.js`);
    expect(script.headers.get('content-type')).toContain('javascript');
    expect((await script.text()).length).toBeGreaterThan(1_000_000);
  });
});

describe('a refusal says what would be right', () => {
  test('a path that leads nowhere: what is near it', async () => {
    const { body } = await world().get('/api/v1/task');
    expect(body).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    expect(body.detail).toContain('GET /api/v1/tasks');
    expect((await world().get('/nothing/like/this')).body.detail).not.toContain('Near');
  });

  test('a body that is too large: the limit', async () => {
    const { body } = await world().notify({ notificationType: 'a', payload: 'x'.repeat(300_000) });
    expect(body).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' });
    expect(body.detail).toContain('256 KiB');
  });

  test.each([
    ['/api/v1/agents/weather/notify', 'application/json'],
    ['/api/v1/artifacts', 'image/png'],
  ])('a compressed body at %s: that it is taken as it is', async (path, type) => {
    const headers = { 'content-encoding': 'gzip', 'content-type': type };
    const answer = await world().post(path, '{}', headers);
    expect(answer.body).toMatchObject({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' });
    expect(answer.body.detail).toContain('Content-Encoding');
    expect(answer.headers.get('accept-encoding')).toBe('identity');
    const plain = await world().post(path, '{}', { ...headers, 'content-encoding': 'identity' });
    expect(plain.status).not.toBe(415);
  });

  test('a payload that fits no alternative: what to give', async () => {
    const choice = (name: string) => ({ type: 'object', required: [name], properties: { [name]: {} } });
    await world().announce({
      ...WEATHER,
      agentId: 'chooser',
      at: new Date().toISOString(),
      notificationTypes: [{ type: 'a.b', description: '', schema: { anyOf: [choice('one'), choice('other')] } }],
    });
    const { body } = await world().post('/api/v1/agents/chooser/notify', { notificationType: 'a.b', payload: {} });
    expect(body).toMatchObject({
      code: 'INVALID_PAYLOAD',
      errors: [{ pointer: '/payload', message: 'give one, or other' }],
    });
  });
});

test('every code is a public one: UPPER_SNAKE, with an error status', () => {
  for (const [code, status] of Object.entries(PROBLEM_STATUS)) {
    expect(code).toMatch(/^[A-Z][A-Z_]+[A-Z]$/);
    expect(status).toBeGreaterThanOrEqual(400);
  }
});
