import type { MetricCatalog, MetricData, MetricSeriesAnswer, MetricSignal, MetricValues } from '@tracepost/contracts';
import {
  type MetricStore,
  QueryTooLargeError,
  type RecordedMetricStore,
  StoreUnavailableError,
} from '@tracepost/stores';
import { describe, expect, test } from 'vitest';
import { useWorld } from './helpers/use-world.ts';

const BEGIN = Date.parse('2026-11-21T09:00:00.000Z');
const HOUR = 'from=2026-11-21T09:00:00Z&to=2026-11-21T10:00:00Z';

let writer: MetricStore | undefined;
/** What the gateway reads from; a test may change it. */
let troubled: { -readonly [key in keyof MetricStore]: MetricStore[key] } | undefined;
const world = useWorld({
  replace: ({ metrics }) => {
    writer = metrics;
    troubled = { ...metrics };
    return { metrics: troubled };
  },
});

describe('GET /api/v1/metrics', () => {
  test('one metric over time, in windows, by attributes, from both homes', async () => {
    await writer?.writeMetrics([
      counter('orders', 60, 4, { shop: 'a' }),
      counter('orders', 120, 10, { shop: 'a' }),
      counter('orders', 120, 1, { shop: 'b' }),
    ]);
    const { body } = await world().get<MetricSeriesAnswer>(
      `/api/v1/metrics/orders?from=2026-11-21T09:00:30Z&to=2026-11-21T09:03:00Z&every=1m&groupBy=shop&aggregation=SUM`,
    );
    expect(body).toEqual({
      name: 'orders',
      unit: '{order}',
      aggregation: 'SUM',
      series: [
        { attributes: { shop: 'a' }, points: points([0, 0], [60, 4], [120, 6]) },
        { attributes: { shop: 'b' }, points: points([0, 0], [60, 0], [120, 1]) },
      ],
    });
    const chosen = `/api/v1/metrics/orders?${HOUR}&where=shop:b&where=service.name:tracepost-test`;
    expect((await world().get<MetricSeriesAnswer>(chosen)).body).toMatchObject({
      aggregation: 'SUM',
      series: [{ attributes: {}, points: points([0, 1]) }],
    });

    await record('latency', 'histogram', [1, 2, 3, 4, 100]);
    const recorded = `/api/v1/metrics/latency?${HOUR}&every=30m&aggregation=P50`;
    const answer = (await world().get<MetricSeriesAnswer>(recorded)).body;
    expect(answer).toMatchObject({ name: 'latency', unit: 'ms', aggregation: 'P50', accuracy: 'sketch' });
    const [first, second, ...others] = answer.series[0]?.points ?? [];
    expect(others).toEqual([]);
    expect(Math.abs((first?.[1] ?? 0) - 3)).toBeLessThanOrEqual(0.008 * 3);
    expect(second).toEqual([at(1_800), null]);
    const ask = async (aggregation: string) =>
      (await world().get<MetricSeriesAnswer>(`/api/v1/metrics/latency?${HOUR}&aggregation=${aggregation}`)).body
        .series[0]?.points[0]?.[1];
    expect(await ask('MAX')).toBe(100);
    expect(await ask('MEAN')).toBe(22);
    expect(await ask('RATE')).toBe(5 / 3600);
  });

  test('one number of each, named or not, and what each of them can be asked for', async () => {
    await writer?.writeMetrics([
      { ...counter('sold', 60, 7), unit: '{item}' },
      { ...counter('stock', 60, 0), data: { type: 'gauge', value: 12 } },
    ]);
    await record('price', 'gauge', [2, 4]);
    const named = await world().get<MetricValues>(`/api/v1/metrics?names=sold,stock,price,nobody&${HOUR}`);
    const timeRange = { start: at(0), end: at(3_600) };
    expect(named.body.metrics).toEqual({
      sold: { value: 7, aggregation: 'SUM', sampleCount: 1, timeRange },
      stock: { value: 12, aggregation: 'MEAN', sampleCount: 1, timeRange },
      price: { value: 3, aggregation: 'MEAN', sampleCount: 2, timeRange },
      nobody: { value: null, aggregation: 'MEAN', sampleCount: 0, timeRange },
    });
    const all = (await world().get<MetricValues>(`/api/v1/metrics?${HOUR}&aggregation=MAX`)).body.metrics;
    expect(all).toMatchObject({ stock: { value: 12 }, price: { value: 4 } });
    expect(all).not.toHaveProperty('sold');
  });

  test('everything of a large catalog is answered at once, and so many names are not', async () => {
    const names = Array.from({ length: 250 }, (_, index) => `many.${index}`);
    await writer?.writeMetrics(names.map((name, index) => counter(name, 60, index)));
    const { metrics: all } = (await world().get<MetricValues>(`/api/v1/metrics?${HOUR}`)).body;
    for (const [index, name] of names.entries()) expect(all[name]?.value, name).toBe(index);
    const named = await world().get(`/api/v1/metrics?${HOUR}&names=${names.join(',')}`);
    expect(named).toMatchObject({ status: 422, body: { code: 'QUESTION_TOO_LARGE' } });
    expect(named.body.detail).toContain('at most 200');
  });

  test('of all metrics, those that cannot be answered are named and keep nobody from the others', async () => {
    const queryMetric = troubled?.queryMetric;
    if (!troubled || !queryMetric) throw new Error('there is a store');
    await writer?.writeMetrics([counter('wide', 60, 1), counter('damaged', 60, 1), counter('sound', 60, 7)]);
    const errors: Record<string, Error> = {
      wide: new QueryTooLargeError('It has too many series; ask for fewer.'),
      damaged: new StoreUnavailableError('sqlite', 'a row in /some/file'),
    };
    troubled.queryMetric = (question) =>
      errors[question.name] ? Promise.reject(errors[question.name]) : queryMetric(question);
    try {
      const { body } = await world().get<MetricValues>(`/api/v1/metrics?${HOUR}`);
      expect(body.metrics).toMatchObject({ sound: { value: 7 } });
      expect(body.metrics).not.toHaveProperty('wide');
      expect(body.unanswered?.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
        { name: 'damaged', detail: 'The store of metrics does not answer.' },
        { name: 'wide', detail: 'It has too many series; ask for fewer.' },
      ]);
      expect((await world().get(`/api/v1/metrics?${HOUR}&names=wide,sound`)).status).toBe(422);
      expect((await world().get(`/api/v1/metrics?${HOUR}&names=damaged,sound`)).status).toBe(503);
      // What is wrong with the question is wrong for all.
      expect((await world().get('/api/v1/metrics?from=2016-01-01&to=2026-01-01')).status).toBe(422);
    } finally {
      troubled.queryMetric = queryMetric;
    }
  });

  test('an aggregation that a kind cannot answer is refused with those that it can', async () => {
    await writer?.writeMetrics([counter('refused', 60, 7)]);
    await record('level', 'gauge', [1]);
    const answer = await world().get(`/api/v1/metrics/refused?${HOUR}&aggregation=P99`);
    expect(answer).toMatchObject({ status: 400, body: { code: 'INVALID_AGGREGATION' } });
    expect(answer.body.detail).toContain('can answer SUM, RATE, COUNT');
    expect((await world().get(`/api/v1/metrics?names=refused&${HOUR}&aggregation=MIN`)).body.code).toBe(
      'INVALID_AGGREGATION',
    );
    expect((await world().get(`/api/v1/metrics/level?${HOUR}&aggregation=RATE`)).body.code).toBe('INVALID_AGGREGATION');
  });

  test('an aggregation that there is not is told as one, with those that there are', async () => {
    for (const path of ['/api/v1/metrics/level', '/api/v1/metrics']) {
      for (const word of ['TOP', 'mean', 'p95', '']) {
        const answer = await world().get(`${path}?${HOUR}&aggregation=${word}`);
        expect(answer, word).toMatchObject({ status: 400, body: { code: 'INVALID_AGGREGATION' } });
        expect(JSON.stringify(answer.body.errors), word).toContain('MEAN');
      }
    }
    // With something else wrong beside it, it is the request as a whole.
    const both = await world().get(`/api/v1/metrics/level?${HOUR}&aggregation=TOP&every=1w`);
    expect(both.body.code).toBe('INVALID_REQUEST');
  });

  test('the catalog lists both homes with unit, kind and attributes', async () => {
    await writer?.writeMetrics([{ ...counter('listed', 60, 7, { shop: 'a' }), description: 'Orders' }]);
    await record('noted', 'counter', [1], { room: 'x' });
    const { body } = await world().get<MetricCatalog>(`/api/v1/metrics/catalog?${HOUR}`);
    expect(body.items.filter(({ name }) => name === 'listed' || name === 'noted')).toEqual([
      {
        name: 'listed',
        kind: 'counter',
        unit: '{order}',
        description: 'Orders',
        attributes: ['service.instance.id', 'service.name', 'shop'],
        home: 'telemetry',
      },
      { name: 'noted', kind: 'counter', unit: 'ms', description: '', attributes: ['room'], home: 'recorded' },
    ]);
  });

  test('questions that cost too much are refused with what to ask instead', async () => {
    const tooLarge = ['from=2016-01-01&to=2026-01-01', 'from=2026-11-01&to=2026-11-21&every=1s'];
    for (const query of tooLarge) {
      const answer = await world().get(`/api/v1/metrics/orders?${query}`);
      expect(answer).toMatchObject({ status: 422, body: { code: 'QUESTION_TOO_LARGE' } });
      expect(answer.body.detail).toMatch(/ask for/);
    }
    expect((await world().get(`/api/v1/metrics/latency?${tooLarge[1]}`)).status).toBe(422);
  });

  test('what cannot be a question is told by parameter', async () => {
    const wrong = [
      'every=0s',
      'every=1w',
      'every=1m&every=2m',
      'where=no-colon',
      'where=a:1&where=a:2',
      'groupBy=a,b,c,d,e,f,g,h,i',
      'from=2026-11-21&to=2026-11-20',
      'limit=1000000000',
    ];
    for (const query of wrong)
      expect((await world().get(`/api/v1/metrics/orders?${query}`)).body, query).toMatchObject({
        status: 400,
        code: 'INVALID_REQUEST',
      });
  });

  test('names, keys and values are data, whatever they hold', async () => {
    const odd = [`x") |> drop() //`, `' OR 1=1 --`, '../..', '__proto__', 'ж"\\'];
    for (const text of odd) {
      const part = encodeURIComponent(text);
      const query = `${HOUR}&groupBy=${part}&where=${part}:${part}&aggregation=COUNT`;
      const answer = await world().get<MetricSeriesAnswer>(`/api/v1/metrics/${part}?${query}`);
      expect(answer.status, text).toBe(200);
      expect(answer.body.series).toEqual([]);
    }
  });
});

describe('GET /api/v1/metrics with a store away', () => {
  const fails = () => Promise.reject(new Error('away'));
  let real: MetricStore | undefined;
  const away = useWorld({
    replace: ({ metrics }) => {
      real = metrics;
      const recordedMetrics: Pick<RecordedMetricStore, 'querySamples' | 'catalog'> = {
        querySamples: fails,
        catalog: fails,
      };
      return { recordedMetrics };
    },
  });

  test('what telemetry knows is told, of anything else nobody claims that it is nothing', async () => {
    await real?.writeMetrics([counter('orders', 60, 4)]);
    const known = await away().get<MetricSeriesAnswer>(`/api/v1/metrics/orders?${HOUR}`);
    expect(known.body.series).toEqual([{ attributes: {}, points: points([0, 4]) }]);
    const unknown = await away().get(`/api/v1/metrics/latency?${HOUR}`);
    expect(unknown).toMatchObject({ status: 503, body: { code: 'RETRIEVAL_FAILURE' } });
    expect(unknown.headers.get('retry-after')).toBe('2');
    expect((await away().get(`/api/v1/metrics/catalog?${HOUR}`)).body.code).toBe('RETRIEVAL_FAILURE');
  });
});

function at(seconds: number): string {
  return new Date(BEGIN + seconds * 1_000).toISOString();
}

function points(...rows: readonly (readonly [number, number | null])[]): [string, number | null][] {
  return rows.map(([seconds, value]) => [at(seconds), value]);
}

function counter(name: string, seconds: number, value: number, attributes: Record<string, string> = {}): MetricSignal {
  const data: MetricData = { type: 'sum', value, isMonotonic: true, temporality: 'cumulative' };
  return {
    origin: {
      service: 'tracepost-test',
      resource: { 'service.instance.id': 'test-1' },
      scopeName: '',
      scopeVersion: '',
    },
    name,
    unit: '{order}',
    description: '',
    attributes,
    startTimeUnixNano: BigInt(BEGIN) * 1_000_000n,
    timeUnixNano: BigInt(BEGIN + seconds * 1_000) * 1_000_000n,
    data,
  };
}

let events = 0;

/** Values at 9:01, as if they had been recorded over the API. */
async function record(
  name: string,
  kind: 'counter' | 'gauge' | 'histogram',
  values: readonly number[],
  attributes: Record<string, string> = {},
): Promise<void> {
  await world().records.events.record(
    values.map((value) => {
      const sample = { name, value, kind, unit: 'ms', attributes };
      const event = {
        eventId: `metrics-test-${events++}`,
        type: 'METRIC',
        source: 'test',
        data: sample,
        timestamp: at(60),
        severity: null,
        correlationId: null,
        traceId: null,
      };
      return { event, sample };
    }),
  );
}
