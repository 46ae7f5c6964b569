import { readFileSync } from 'node:fs';
import { describeWithDocker, startContainer, useInfluxDb, useServer } from '@tracepost/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { DASHBOARDS, fillIn, runnableQueries } from '../src/index.ts';
import { variable } from '../src/variables.ts';
import { type Row, runFlux, writeLines } from './influxdb.ts';
import { sampleLines } from './sample-metrics.ts';

/** Of two minutes of metrics, sent every five seconds, the second one; its figures can be worked out from sample-metrics.ts. */
const FROM = new Date('2026-11-21T09:00:00Z');
const TO = new Date('2026-11-21T09:01:03Z');
const FILL = { from: FROM, to: TO, intervalSeconds: 20, bucket: 'metrics' };

describeWithDocker('the queries of the dashboards, on the real InfluxDB', () => {
  const influxdb = useInfluxDb();
  beforeAll(async () => {
    await writeLines(influxdb(), sampleLines(new Date('2026-11-21T08:59:00Z'), 24));
  });

  const all = DASHBOARDS.flatMap((dashboard) => runnableQueries(dashboard, FILL));
  const queries = all.filter(({ dataSource }) => dataSource === 'influxdb');
  const rowsOf = (title: string): Promise<Row[]> => {
    const query = queries.find(({ name }) => name.includes(`/ ${title} /`) || name.endsWith(`variable ${title}`));
    if (!query) throw new Error(`No panel is called ${title}`);
    return runFlux(influxdb(), query.text);
  };

  test.each(queries.map(({ name, text }) => [name, text]))('%s gives rows', async (_, text) => {
    expect((await runFlux(influxdb(), text)).length).toBeGreaterThan(0);
  });

  test('a rate is the same in every window, over the restart of an instance too, and added up over the instances', async () => {
    // Two instances with 10 requests every 5 s each; the second begins anew in the middle.
    const rows = (await rowsOf('Requests')).filter(({ route }) => route === '/notify');
    expect(rows.map(({ _value }) => Number(_value))).toEqual([4, 4, 4]);
  });

  test('the share of failed requests is what the status codes say, and zero where none failed', async () => {
    const rows = await rowsOf('Failed requests');
    const shares = (route: string) => rows.filter((row) => row.route === route).map(({ _value }) => Number(_value));
    expect(shares('/broken')).toEqual([0.25, 0.25, 0.25]);
    expect(shares('/notify')).toEqual([0, 0, 0]);
  });

  test('a percentile comes from the buckets of all instances together', async () => {
    // Of 40 requests in a window 36 took up to 0.1 s and 4 up to 1 s: the 38th lies in the middle of the upper bucket.
    const rows = (await rowsOf('Request duration, p95')).filter(({ route }) => route === '/notify');
    for (const { _value } of rows) expect(Number(_value)).toBeCloseTo(0.55, 6);
    expect(rows).toHaveLength(3);
  });

  test('the depth of a queue is its own, not added up over those who look at it', async () => {
    const rows = (await rowsOf('Queue depth')).filter(
      ({ queue, state }) => queue === 'agent.weather' && state === 'ready',
    );
    expect(new Set(rows.map(({ _value }) => Number(_value)))).toEqual(new Set([7]));
  });

  test('the fill of a queue of the collector is its size over its capacity', async () => {
    const rows = (await rowsOf('Collector queues')).filter(({ exporter }) => exporter === 'otlp_grpc/jaeger');
    expect(new Set(rows.map(({ _value }) => Number(_value)))).toEqual(new Set([0.5]));
    expect(rows[0]?.signal).toBe('traces');
  });

  test('the loss ledger counts each hop over the whole window', async () => {
    const rows = await rowsOf('Loss ledger');
    const count = (hop: string) => rows.filter((row) => row.hop === hop).map((row) => Number(row.count));
    // 2 with each of the 13 exports from 9:00:00 to 9:01:00, and 3 of another reason.
    expect(count('tracepost.telemetry.dropped').sort()).toEqual([26, 39]);
    expect(count('otelcol_receiver_refused_spans')).toEqual([13]);
    expect(rows.find(({ hop }) => hop === 'otelcol_receiver_refused_spans')?.signal).toBe('spans');
  });

  test('an average is the sum of a histogram over its count', async () => {
    const rows = (await rowsOf('Attempts per task')).filter(({ agent }) => agent === 'weather');
    expect(rows).toHaveLength(3);
    for (const { _value } of rows) expect(Number(_value)).toBeCloseTo(1.2, 9);
  });

  test('a total is what was added in the whole window, by group, the largest first', async () => {
    // 0.001 USD with each of the 13 exports from 9:00:00 to 9:01:00.
    const rows = await rowsOf('Cost in this window');
    expect(rows.map(({ agent }) => agent).sort()).toEqual(['bg-remover', 'weather']);
    for (const { cost } of rows) expect(Number(cost)).toBeCloseTo(0.013, 9);
  });

  test('a dependency that one instance cannot reach is shown as down', async () => {
    const rows = await rowsOf('Dependencies that answer');
    const values = (name: string) => new Set(rows.filter((row) => row.dependency === name).map((row) => row._value));
    expect(values('broker')).toEqual(new Set(['0']));
    expect(values('records')).toEqual(new Set(['1']));
  });

  test('open connections are added up over the instances of a service, and told apart by door', async () => {
    const rows = await rowsOf('Open connections');
    const values = (door: string) => new Set(rows.filter((row) => row.door === door).map((row) => Number(row._value)));
    expect(values('gateway')).toEqual(new Set([7]));
    expect(values('otlp_http')).toEqual(new Set([2]));
  });

  test('percentiles of one panel are told apart by name', async () => {
    const wait = queries.filter(({ name }) => name.startsWith('Queues / Wait /'));
    const names = await Promise.all(wait.map(async ({ text }) => (await runFlux(influxdb(), text))[0]?.percentile));
    expect(names).toEqual(['p50', 'p95']);
  });

  test('a session that went on is counted once, as it was in the end, and one of another tenant is another', async () => {
    const counts = await rowsOf('Sessions by complexity');
    expect(sumBy(counts, 'complexity')).toEqual({ high: 1, low: 2 });
    const costs = sumBy(await rowsOf('Session cost by model'), 'model');
    expect(costs.opus).toBeCloseTo(0.5, 9);
    // Unpriced.
    expect(costs.house).toBe(0);
    expect(sumBy(await rowsOf('Session tokens by model'), 'model')).toEqual({ house: 50, opus: 400 });
  });

  test('averages of sessions are of those of which they are known', async () => {
    const mean = async (title: string) => sumBy(await rowsOf(title), 'model');
    expect(await mean('Session success')).toEqual({ house: 1, opus: 0.75 });
    expect(await mean('Session response time')).toEqual({ opus: 2 });
    expect(await mean('Session duration')).toEqual({ opus: 60 });
  });

  test('sessions are listed by model, the dearest first, and the newest each in a row', async () => {
    const models = await rowsOf('Sessions by model');
    expect(models.map(({ model, sessions, tokens }) => [model, Number(sessions), Number(tokens)])).toEqual([
      ['opus', 2, 400],
      ['house', 1, 50],
    ]);
    const latest = await rowsOf('Latest sessions');
    expect(latest.map(({ session_id, complexity, cost }) => [session_id, complexity, cost])).toEqual([
      ['a', 'low', '0.1'],
      ['b', 'low', ''],
      // What it cost, of which 0.4 counts here.
      ['a', 'high', '0.7'],
    ]);
  });

  test('a chosen agent is shown alone', async () => {
    const [query] = DASHBOARDS.flatMap((one) =>
      runnableQueries(one, { ...FILL, variables: { agent: ['weather'] } }),
    ).filter(({ name }) => name.includes('/ Tasks ended /'));
    const rows = await runFlux(influxdb(), query?.text ?? '');
    expect(new Set(rows.map(({ agent }) => agent))).toEqual(new Set(['weather']));
  });

  test('the variables list what there is', async () => {
    expect((await rowsOf('agent')).map(({ _value }) => _value)).toEqual(['bg-remover', 'weather']);
    expect((await rowsOf('queue')).map(({ _value }) => _value)).toEqual(['agent.weather']);
  });

  describe('the links from a span to metrics', () => {
    const file = readFileSync(new URL('../provisioning/datasources/tracepost.yaml', import.meta.url), 'utf8');
    const { datasources } = parse(file) as {
      datasources: { correlations?: { label: string; config: { target: { query: string } } }[] }[];
    };
    const links = datasources.flatMap(({ correlations = [] }) => correlations);

    test.each(links.map(({ label, config }) => [label, config.target.query]))('%s gives rows', async (_, raw) => {
      const query = raw.replaceAll('$$', '$').replaceAll(variable('serviceName'), 'tracepost-gateway');
      const oneSpan = { ...FILL, from: new Date('2026-11-21T09:00:30Z'), to: new Date('2026-11-21T09:00:30.004Z') };
      expect((await runFlux(influxdb(), fillIn(query, oneSpan))).length).toBeGreaterThan(0);
    });
  });
});

function sumBy(rows: readonly Row[], column: string): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const row of rows) sums[row[column] ?? ''] = (sums[row[column] ?? ''] ?? 0) + Number(row._value);
  return sums;
}

describeWithDocker('the table of tasks, on the real Postgres', () => {
  const postgres = useServer(() =>
    startContainer({
      image: 'postgres:18',
      ports: [],
      environment: { POSTGRES_PASSWORD: 'secret of the tests' },
      waitFor: (wait) => wait.forSuccessfulCommand('pg_isready -h 127.0.0.1'),
    }),
  );

  test('shows the newest tasks of the chosen agents in the window', async () => {
    const at = FROM.getTime() + 1000;
    const [query] = DASHBOARDS.flatMap((one) =>
      runnableQueries(one, { ...FILL, variables: { agent: ['weather'] } }),
    ).filter(({ dataSource }) => dataSource === 'postgres');
    const sql = `
      create table tasks (task_id text, agent_id text, notification_type text, status text, source text, trace_id text,
        accepted_at_ms bigint, ended_at_ms bigint);
      insert into tasks values
        ('t-1', 'weather', 'weather.forecast', 'succeeded', 'curl', 'aa', ${at}, ${at + 1500}),
        ('t-2', 'weather', 'weather.forecast', 'running', 'curl', 'bb', ${at + 1}, null),
        ('t-3', 'bg-remover', 'image.remove-background', 'failed', 'curl', 'cc', ${at}, ${at + 10}),
        ('t-4', 'weather', 'weather.forecast', 'succeeded', 'curl', 'dd', ${FROM.getTime() - 1}, ${at});
      copy (select task, round(duration, 1) as seconds, trace from (${query?.text}) as shown) to stdout csv`;
    const output = await postgres().exec(['psql', '-h', '/var/run/postgresql', '-U', 'postgres', '-qc', sql]);
    expect(output.trim().split('\n')).toEqual(['t-2,,bb', 't-1,1.5,aa']);
  });
});
