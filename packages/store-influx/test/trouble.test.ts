import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { flux } from '@influxdata/influxdb-client';
import type { MetricSignal } from '@tracepost/contracts';
import { StoreUnavailableError } from '@tracepost/stores';
import { createTelemetry } from '@tracepost/telemetry';
import { describeWithDocker, useInfluxDb } from '@tracepost/testing';
import { describe, expect, test } from 'vitest';
import { createConnection } from '../src/connection.ts';
import { createInfluxStores, type InfluxStores } from '../src/index.ts';
import { createRowReader } from '../src/query-rows.ts';
import { createSeriesStream, type SeriesPart } from '../src/query-series.ts';
import { createLineWriter } from '../src/write-lines.ts';

const telemetry = createTelemetry({ serviceName: 'tracepost-test' });
const NOON = BigInt(Date.parse('2026-11-21T12:00:00.000Z')) * 1_000_000n;
const window = { from: new Date('2026-11-21T00:00:00Z'), to: new Date('2026-11-22T00:00:00Z'), limit: 10 };

describeWithDocker('InfluxDB in trouble', () => {
  const influxDb = useInfluxDb();
  const openWith = (settings: Partial<Parameters<typeof createInfluxStores>[0]>) =>
    createInfluxStores({ ...influxDb(), telemetry, ...settings });
  const lineWriter = () => {
    const connection = createConnection(influxDb());
    return createLineWriter({ connection, bucket: influxDb().metricsBucket, signal: 'metrics', telemetry });
  };

  test('a wrong token or a missing bucket asks for a retry, since people can mend it', async () => {
    for (const settings of [{ token: 'wrong' }, { metricsBucket: 'no-such-bucket' }, { org: 'no-such-org' }]) {
      await using stores = asDisposable(openWith(settings));
      expect(await stores.metrics.writeMetrics([gauge(1)])).toMatchObject({ status: 'later', retryAfterMs: 15_000 });
      await expect(stores.metrics.readPoints({ ...window, name: 'm' })).rejects.toThrow(StoreUnavailableError);
      await expect(stores.metrics.ping()).rejects.toThrow(StoreUnavailableError);
    }
  });

  test('one malformed line among thousands is refused alone', async () => {
    const lines = Array.from({ length: 6000 }, (_, index) => `trouble,line=${index} gauge=1 ${NOON}`);
    lines[4321] = 'trouble,line=4321 gauge= nonsense';
    lines[5999] = `trouble gauge=NaN ${NOON}`;
    expect(await lineWriter().write(lines, [])).toEqual({
      status: 'taken',
      refused: [{ signal: 'metrics', reason: 'malformed', count: 2 }],
    });
    const rows = await rowReader()({
      operation: 'count',
      flux: flux`from(bucket: ${influxDb().metricsBucket}) |> range(start: 2026-11-21T00:00:00Z, stop: 2026-11-22T00:00:00Z)
        |> filter(fn: (r) => r._measurement == "trouble") |> group() |> count()`,
      maxRows: 1,
    });
    expect(rows[0]?.tableMeta.get(rows[0].values, '_value')).toBe(5998);
  });

  test('a point that collides with another type is refused alone, by count', async () => {
    await lineWriter().write([`collision gauge=1i ${NOON}`], []);
    const lines = [`collision gauge=1 ${NOON + 1n}`, `collision other=1 ${NOON}`, `collision gauge=2 ${NOON + 2n}`];
    expect(await lineWriter().write(lines, [])).toEqual({
      status: 'taken',
      refused: [{ signal: 'metrics', reason: 'type_conflict', count: 2 }],
    });
  });

  test('a query that fails after its first rows rejects all the same', async () => {
    const rows = rowReader()({
      operation: 'late_error',
      flux: flux`import "generate"
        numbers = (count) => generate.from(count: count, fn: (n) => n, start: 2026-01-01T00:00:00Z, stop: 2026-01-02T00:00:00Z)
        numbers(count: 50000) |> yield(name: "first")
        numbers(count: 2000) |> map(fn: (r) => ({r with x: if r._value == 1999 then int(v: "boom") else 1})) |> yield(name: "second")`,
      maxRows: 100_000,
    });
    await expect(rows).rejects.toThrow(/boom/);
  });

  test('an answer with more rows than asked for is an error and not a short answer', async () => {
    const rows = rowReader()({
      operation: 'too_many',
      flux: flux`import "array" array.from(rows: [{x: 1}, {x: 2}, {x: 3}])`,
      maxRows: 2,
    });
    await expect(rows).rejects.toThrow(/more than 2 rows/);
  });

  test('closing waits for what is under way, and takes nothing after it', async () => {
    const stores = openWith({});
    const underWay = stores.metrics.writeMetrics([gauge(1)]);
    await stores.close();
    await stores.close();
    expect(await underWay).toEqual({ status: 'taken', refused: [] });
    expect(await stores.metrics.writeMetrics([gauge(2)])).toMatchObject({ status: 'later' });
    await expect(stores.logs.queryLogs({ ...window })).rejects.toThrow(StoreUnavailableError);
  });

  test('a token that may only read, or only write, is enough for ping', async () => {
    for (const action of ['read', 'write'] as const) {
      await using stores = asDisposable(openWith({ token: await tokenFor(action) }));
      await stores.metrics.ping();
      await expect(stores.logs.ping()).rejects.toThrow(StoreUnavailableError);
    }
  });

  test('a token that may only read one bucket is enough to read its points, also of a bucket with a slash in its name', async () => {
    const name = 'odd/name of a bucket';
    const buckets = [influxDb().metricsBucket, await makeBucket(name)];
    for (const bucket of buckets) {
      const connection = createConnection(influxDb());
      const writer = createLineWriter({ connection, bucket, signal: 'metrics', telemetry });
      await writer.write([`slashed,tag=x gauge=4.5 ${NOON}`, `slashed,tag=x gauge=5 ${NOON + 1n}`], []);
      await connection.close();
      const read = createSeriesStream(
        createConnection({ ...influxDb(), token: await tokenFor('read', bucket) }),
        telemetry,
      );
      const parts: SeriesPart[] = [];
      await read({ operation: 'read', bucket, select: 'SELECT * FROM "slashed" GROUP BY *' }, (part) =>
        parts.push(part),
      );
      expect(parts).toEqual([
        {
          tags: { tag: 'x' },
          tagsAsked: 1,
          columns: ['time', 'gauge'],
          rows: [
            ['2026-11-21T12:00:00Z', 4.5],
            ['2026-11-21T12:00:00.000000001Z', 5],
          ],
        },
      ]);
    }
  });

  test('a question that InfluxDB cannot read, or whose bucket is not there, rejects', async () => {
    const read = createSeriesStream(createConnection(influxDb()), telemetry);
    const ask = (bucket: string, select: string) => read({ operation: 'read', bucket, select }, () => {});
    await expect(ask(influxDb().metricsBucket, 'SELECT FROM')).rejects.toThrow(StoreUnavailableError);
    await expect(ask('no-such-bucket', 'SELECT * FROM "m"')).rejects.toThrow(StoreUnavailableError);
    // Said in an answer that is 200.
    await expect(ask(influxDb().metricsBucket, 'SELECT mean(*), gauge FROM "m"')).rejects.toThrow(/mix/);
  });

  test('ping resolves however many series have just been written', async () => {
    await using stores = asDisposable(openWith({ token: await tokenFor('read') }));
    // Spread over the next ten seconds, so that some are of the last second whenever the query comes.
    const now = Date.now();
    const lines = Array.from(
      { length: 2000 },
      (_, index) => `busy,series=${index} gauge=${index},text="no number" ${BigInt(now + index * 5) * 1_000_000n}`,
    );
    await lineWriter().write(lines, []);
    await stores.metrics.ping();
  });

  function rowReader() {
    return createRowReader(createConnection(influxDb()), telemetry);
  }

  async function makeBucket(name: string): Promise<string> {
    const { url, token, metricsBucket } = influxDb();
    const headers = { authorization: `Token ${token}`, 'content-type': 'application/json' };
    const found = await fetch(`${url}/api/v2/buckets?name=${metricsBucket}`, { headers });
    const { buckets } = (await found.json()) as { buckets: { orgID: string }[] };
    const body = JSON.stringify({ orgID: buckets[0]?.orgID, name, retentionRules: [] });
    expect((await fetch(`${url}/api/v2/buckets`, { method: 'POST', headers, body })).status).toBe(201);
    return name;
  }

  async function tokenFor(action: 'read' | 'write', bucket = influxDb().metricsBucket): Promise<string> {
    const { url, token } = influxDb();
    const headers = { authorization: `Token ${token}`, 'content-type': 'application/json' };
    const found = await fetch(`${url}/api/v2/buckets?name=${encodeURIComponent(bucket)}`, { headers });
    const { buckets } = (await found.json()) as { buckets: { id: string; orgID: string }[] };
    const { id = '', orgID = '' } = buckets[0] ?? {};
    const body = JSON.stringify({ orgID, permissions: [{ action, resource: { type: 'buckets', id, orgID } }] });
    const made = await fetch(`${url}/api/v2/authorizations`, { method: 'POST', headers, body });
    return ((await made.json()) as { token: string }).token;
  }
});

describe('a server that is not well', () => {
  test.each([429, 500, 502, 503, 504])('%i asks for a retry', async (status) => {
    await withServer(
      (_, response) => response.writeHead(status, { 'retry-after': '7' }).end(),
      async ({ metrics }) => {
        expect(await metrics.writeMetrics([gauge(1)])).toMatchObject({ status: 'later', retryAfterMs: 7000 });
      },
    );
  });

  test('points outside the retention are refused, as many as the server says', async () => {
    const message = 'failure writing points to database: partial write: dropped 2 points outside retention policy';
    await withServer(
      (_, response) =>
        response
          .writeHead(422, { 'content-type': 'application/json' })
          .end(JSON.stringify({ code: 'unprocessable entity', message })),
      async ({ metrics }) => {
        expect(await metrics.writeMetrics([gauge(1), gauge(2), gauge(3)])).toEqual({
          status: 'taken',
          refused: [{ signal: 'metrics', reason: 'outside_retention', count: 2 }],
        });
      },
    );
  });

  test('the beginning of a series comes again until it is stored, and then no more', async () => {
    const answers = [503, 204, 204];
    const bodies: string[] = [];
    const counter: MetricSignal = {
      ...gauge(5),
      startTimeUnixNano: NOON - 1n,
      data: { type: 'sum', value: 5, isMonotonic: true, temporality: 'cumulative' },
    };
    await withServer(
      async (request, response) => {
        const body = await text(request);
        if (!request.url?.includes('bucket=m&')) return void response.writeHead(204).end();
        bodies.push(body);
        response.writeHead(answers.shift() ?? 500).end();
      },
      async ({ metrics }) => {
        expect(await metrics.writeMetrics([counter])).toMatchObject({ status: 'later' });
        expect(await metrics.writeMetrics([counter])).toEqual({ status: 'taken', refused: [] });
        expect(await metrics.writeMetrics([counter])).toEqual({ status: 'taken', refused: [] });
      },
    );
    const point = `m,service.name=s counter=5 ${NOON}`;
    const beginning = `m,service.name=s counter=0 ${NOON - 1n}`;
    expect(bodies).toEqual([`${point}\n${beginning}`, `${point}\n${beginning}`, point]);
  });

  test('the search for malformed lines ends, and what is left is refused as a whole', async () => {
    let requests = 0;
    await withServer(
      (_, response) => {
        requests += 1;
        response
          .writeHead(400, { 'content-type': 'application/json' })
          .end('{"code":"invalid","message":"unable to parse"}');
      },
      async ({ metrics }) => {
        expect(await metrics.writeMetrics(Array.from({ length: 1000 }, (_, index) => gauge(index)))).toEqual({
          status: 'taken',
          refused: [{ signal: 'metrics', reason: 'malformed', count: 1000 }],
        });
      },
    );
    expect(requests).toBeGreaterThan(10);
    expect(requests).toBeLessThan(80);
  });

  test('silence ends at the deadline', async () => {
    await withServer(
      () => {},
      async ({ logs, metrics }) => {
        expect(await metrics.writeMetrics([gauge(1)])).toMatchObject({ status: 'later' });
        await expect(logs.queryLogs({ ...window })).rejects.toThrow(StoreUnavailableError);
      },
      { timeoutMs: 50 },
    );
  });

  test('an answer that never ends, ends at the deadline', async () => {
    await withServer(
      (_, response) => {
        // Empty lines are an answer without rows that goes on: no silence, and no end.
        const timer = setInterval(() => response.write('\r\n'), 5);
        response.on('close', () => clearInterval(timer));
      },
      async ({ logs }) => {
        await expect(logs.queryLogs({ ...window })).rejects.toThrow(/abort/i);
      },
      { timeoutMs: 50 },
    );
  });

  test('a connection that breaks asks for a retry', async () => {
    await withServer(
      (request) => request.socket.destroy(),
      async ({ logs, metrics }) => {
        expect(await metrics.writeMetrics([gauge(1)])).toMatchObject({ status: 'later' });
        await expect(logs.queryLogs({ ...window })).rejects.toThrow(StoreUnavailableError);
      },
    );
  });
});

async function withServer(
  listener: RequestListener,
  work: (stores: InfluxStores) => Promise<void>,
  settings: { readonly timeoutMs?: number } = {},
): Promise<void> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stores = createInfluxStores({
    ...{ url, org: 'o', token: 't', metricsBucket: 'm', logsBucket: 'l', telemetry },
    ...settings,
  });
  try {
    await work(stores);
  } finally {
    await stores.close();
    server.closeAllConnections();
    server.close();
  }
}

function asDisposable(stores: InfluxStores): InfluxStores & AsyncDisposable {
  return { ...stores, [Symbol.asyncDispose]: stores.close };
}

function gauge(value: number): MetricSignal {
  return {
    origin: { service: 's', resource: {}, scopeName: '', scopeVersion: '' },
    name: 'm',
    unit: '1',
    description: '',
    attributes: {},
    startTimeUnixNano: 0n,
    timeUnixNano: NOON,
    data: { type: 'gauge', value },
  };
}
