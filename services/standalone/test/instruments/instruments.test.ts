import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { INSTRUMENTS, LOG_LAYERS, LOG_PHASES, LOG_RESULTS, SPANS } from '@tracepost/telemetry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OneProcess, startAsProcess } from '../start-as-process.ts';

/** Instruments that say nothing here, and why. */
const SILENT: Readonly<Record<string, string>> = {
  'tracepost.outbox.messages': 'embedded, the broker is a file: there is no outbox',
  'tracepost.outbox.size': 'the same',
  'tracepost.outbox.oldest.age': 'the same',
  'tracepost.outbox.outcomes': 'the same',
  'tracepost.messages.parked': 'nobody but the gateway can send to the embedded broker',
  'tracepost.retention.purged': 'nothing is a day old',
  'tracepost.metrics.rollup.failures': 'all hours are put together',
  'tracepost.task.given_back': 'no worker stops under its work',
  'tracepost.telemetry.dropped': 'nothing is lost',
  'tracepost.sessions.words.dropped': 'whatever models were given and answered comes with its span',
  'tracepost.sessions.exported': 'embedded, there is no InfluxDB to write them to',
  'tracepost.ingest.repeated': 'nothing is sent twice',
  'tracepost.ingest.waiting': 'all traces are kept: none waits for a decision',
};

let one: OneProcess;

beforeAll(async () => {
  one = await startAsProcess({
    TRACEPOST_METRIC_INTERVAL_MS: '500',
    TRACEPOST_AGENT_FILES: join(import.meta.dirname, 'busy-agent.ts'),
    TRACEPOST_HANDLER_STALL_MS: '300',
    TRACEPOST_LOG_LEVEL: 'silent',
  });
  await makeTraffic();
}, 120_000);

afterAll(() => one.stop());

describe('after traffic of every kind, the store holds', () => {
  it('points of every instrument, but for those that have a reason not to', { timeout: 60_000 }, async () => {
    const wanted = Object.keys(INSTRUMENTS).filter((name) => !Object.hasOwn(SILENT, name));
    await expect.poll(() => wanted.filter((name) => !names().has(name)), { timeout: 30_000 }).toEqual([]);
  });

  it('an author’s own metrics, from handlers and from tools', () => {
    const own = query('SELECT name, tags FROM series WHERE name IN (?, ?, ?, ?) ORDER BY name', [
      ...['orders.placed', 'orders.value', 'questions.asked', 'shop.stock'],
    ]).map(({ name, tags }) => [name, JSON.parse(String(tags))]);
    expect(own).toMatchObject([
      ['orders.placed', { country: 'PT', 'tracepost.agent.id': 'busy' }],
      ['orders.value', { country: 'PT', 'tracepost.agent.id': 'busy' }],
      ['questions.asked', { kind: 'test', 'tracepost.agent.id': 'busy' }],
      ['shop.stock', { 'tracepost.agent.id': 'busy' }],
    ]);
  });

  it('only attributes that their instruments allow', () => {
    const common = ['service.instance.id', 'otel.metric.overflow'];
    const wrong = query('SELECT name, tags FROM series', []).flatMap(({ name, tags }) => {
      const spec = INSTRUMENTS[String(name) as keyof typeof INSTRUMENTS];
      const allowed: readonly string[] = spec ? [...spec.attributes, ...common] : [];
      return spec ? Object.keys(JSON.parse(String(tags))).filter((key) => !allowed.includes(key)) : [];
    });
    expect(wrong).toEqual([]);
  });

  it('every dependency of each service, as being there', () => {
    const up = query(
      `SELECT DISTINCT service, tags FROM series JOIN metric_points ON series = series.id
       WHERE name = ? AND json_extract(fields, '$.gauge') = 1`,
      ['tracepost.dependency.up'],
    ).map(({ service, tags }) => `${service} ${JSON.parse(String(tags))['tracepost.dependency']}`);
    const own = up.filter((line) => !line.includes(':')).sort();
    expect(own).toEqual([
      ...['broker', 'records'].map((name) => `tracepost-agents ${name}`),
      ...['logs', 'metrics', 'traces'].map((name) => `tracepost-analyst ${name}`),
      ...['broker', 'logs', 'metrics', 'records', 'traces'].map((name) => `tracepost-gateway ${name}`),
      ...['broker', 'records'].map((name) => `tracepost-recorder ${name}`),
    ]);
  });

  it('the open connections of every door', () => {
    const doors = query('SELECT DISTINCT service, tags FROM series WHERE name = ?', ['tracepost.connections.open']);
    const told = doors.map(({ service, tags }) => `${service} ${JSON.parse(String(tags))['tracepost.door']}`).sort();
    expect(told).toEqual(['tracepost-analyst otlp_http', 'tracepost-gateway gateway']);
  });

  it('every span of the list, with its service and kind, and with no attribute that is not listed', () => {
    const spans = query(
      `SELECT DISTINCT name, kind, service, attributes FROM spans JOIN origins ON origins.id = spans.origin
       WHERE service LIKE 'tracepost-%'`,
      [],
    );
    const seen = spans.map(({ name, kind, service, attributes }) => {
      const spec = SPANS.find(
        (each) =>
          patternOf(each.name).test(String(name)) && each.kind === kind && `tracepost-${each.service}` === service,
      );
      const keys = Object.keys(JSON.parse(String(attributes)));
      return { name, spec: spec?.name, unlisted: keys.filter((key) => !spec?.attributes.includes(key)) };
    });
    expect(seen.filter(({ spec, unlisted }) => spec === undefined || unlisted.length > 0)).toEqual([]);
    expect(new Set(seen.map(({ spec }) => spec))).toEqual(new Set(SPANS.map(({ name }) => name)));
  });

  it('whose task it is, on every span of one', () => {
    const spans = query(
      `SELECT name, attributes FROM spans WHERE json_extract(attributes, '$."tracepost.task.id"') IS NOT NULL
       AND json_extract(attributes, '$."tracepost.agent.id"') = 'busy'`,
      [],
    );
    const lacking = spans.filter(({ attributes }) => {
      const has = JSON.parse(String(attributes));
      return (
        has['tracepost.source'] !== 'test' || has['session.id'] !== 's-1' || has['tracepost.tenant.id'] !== 'default'
      );
    });
    expect(spans.length).toBeGreaterThan(20);
    expect(lacking).toEqual([]);
  });

  it('log lines whose layer, phase and result are words of the list', () => {
    const lines = query('SELECT DISTINCT attributes FROM logs', []).map(({ attributes }) =>
      JSON.parse(String(attributes)),
    );
    const words = (key: string) => [...new Set(lines.map((line) => line[key]).filter((word) => word !== undefined))];
    expect(LOG_LAYERS).toEqual(expect.arrayContaining(words('layer')));
    expect(LOG_PHASES).toEqual(expect.arrayContaining(words('phase')));
    expect(LOG_RESULTS).toEqual(expect.arrayContaining(words('result')));
    expect(words('layer').length).toBeGreaterThan(3);
  });
});

describe('a program that sends series without number', () => {
  it('is held to the limit; the alarm names its attribute, and the sum of its series is right', {
    timeout: 60_000,
  }, async () => {
    const seriesOf = () => query('SELECT tags FROM series WHERE name = ?', ['flood']).length;
    await expect.poll(seriesOf, { timeout: 20_000 }).toBe(2_001);
    const sums = query(
      `SELECT tags, max(json_extract(fields, '$.counter')) AS counter FROM series JOIN metric_points ON series = series.id
       WHERE name = ? GROUP BY series.id`,
      ['flood'],
    );
    expect(sums.reduce((sum, { counter }) => sum + Number(counter), 0)).toBe(10_000);
    const alarms = query("SELECT message, attributes FROM logs WHERE message LIKE 'flood has more series%'", []);
    expect(alarms.map(({ attributes }) => JSON.parse(String(attributes)).attribute)).toEqual(['user']);
    expect((await fetch(`${one.url}/health/ready`)).status).toBe(200);
  });
});

async function makeTraffic(): Promise<void> {
  const stream = new AbortController();
  const live = await fetch(`${one.url}/api/v1/live`, { signal: stream.signal });
  const deeds = ['work', 'misuse', 'retry', 'fail', 'spin', 'exit'];
  const tasks = await Promise.all(
    deeds.map((deed) => notify('busy', 'deed.wanted', { deed, url: `${one.url}/health/live` })),
  );
  tasks.push(await notify('weather', 'weather.forecast', { location: 'Lisbon' }));
  const image = JSON.parse(await readFile(join(one.dataFolder, 'remove-background.json'), 'utf8'));
  tasks.push(await notify('bg-remover', image.notificationType, image.payload));
  expect((await post('/api/v1/agents/busy/notify', { notificationType: 'deed.wanted', payload: 1 })).status).toBe(400);
  expect((await post('/api/v1/metrics', { name: 'clicks', value: 'many' })).status).toBe(400);
  for (const task of tasks) {
    const answer = await fetch(`${one.url}/api/v1/tasks/${task}`, { headers: { prefer: 'wait=50' } });
    expect(await answer.json()).toMatchObject({ endedAt: expect.any(String) });
  }
  stream.abort();
  await live.body?.cancel().catch(() => {});
  await flood();
}

/** Ten thousand values of one attribute, and a span that nobody can take. */
async function flood(): Promise<void> {
  const now = BigInt(Date.now()) * 1_000_000n;
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] };
  for (let batch = 0; batch < 10; batch += 1) {
    const dataPoints = Array.from({ length: 1_000 }, (_, at) => ({
      asDouble: 1,
      startTimeUnixNano: String(now - 1_000_000n),
      timeUnixNano: String(now),
      attributes: [{ key: 'user', value: { stringValue: `u-${batch}-${at}` } }],
    }));
    const sum = { aggregationTemporality: 2, isMonotonic: true, dataPoints };
    const metrics = [{ name: 'flood', unit: '1', sum }];
    const body = JSON.stringify({ resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] });
    const headers = { 'content-type': 'application/json' };
    expect((await fetch(`${one.otlp.http}/v1/metrics`, { method: 'POST', headers, body })).status).toBe(200);
  }
  const spans = [
    { traceId: '00', spanId: '00', name: 'x', startTimeUnixNano: String(now), endTimeUnixNano: String(now) },
  ];
  const body = JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] });
  await fetch(`${one.otlp.http}/v1/traces`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
}

function post(path: string, body: unknown): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return fetch(`${one.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
}

async function notify(agentId: string, notificationType: string, payload: unknown): Promise<string> {
  const body = { notificationType, payload, source: 'test', sessionId: 's-1' };
  const answer = await post(`/api/v1/agents/${agentId}/notify`, body);
  expect(answer.status).toBe(202);
  return ((await answer.json()) as { taskId: string }).taskId;
}

function names(): ReadonlySet<string> {
  return new Set(query('SELECT DISTINCT name FROM series', []).map(({ name }) => String(name)));
}

/** Read from the file itself, as the store has written it. */
function query(sql: string, parameters: readonly string[]): Record<string, unknown>[] {
  const database = new DatabaseSync(join(one.dataFolder, 'telemetry.db'), { readOnly: true, readBigInts: false });
  try {
    return database.prepare(sql).all(...parameters) as Record<string, unknown>[];
  } finally {
    database.close();
  }
}

function patternOf(name: string): RegExp {
  const literal = name.split(/\{[^}]+\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literal.join('.+')}$`);
}
