import type { MetricSignal } from '@tracepost/contracts';
import { type MetricQuestion, QueryTooLargeError } from '@tracepost/stores';
import { createTelemetry } from '@tracepost/telemetry';
import { describeWithDocker, useInfluxDb } from '@tracepost/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createInfluxStores, type InfluxStores } from '../src/index.ts';

const HOUR = 3_600_000;
const BEGIN = Date.parse('2026-11-10T09:00:00.000Z');
/** InfluxDB knows attributes and bounds by the week at least. */
const LATER = BEGIN + 14 * 24 * HOUR;
const SERIES = Array.from({ length: 250 }, (_, index) => index);

describeWithDocker('a metric that was written wider than any is now', () => {
  const influxDb = useInfluxDb();
  let stores: InfluxStores;
  beforeAll(async () => {
    stores = createInfluxStores({ ...influxDb(), telemetry: createTelemetry({ serviceName: 'tracepost-test' }) });
    const { metrics } = stores;
    const write = async (points: readonly MetricSignal[]) =>
      expect(await metrics.writeMetrics(points)).toEqual({ status: 'taken', refused: [] });
    await write(SERIES.map((index) => point('wide', index, { type: 'gauge', value: 1 }, ownKeys(index))));
    // Two requests, each as large as may be.
    for (const from of [0, 125])
      await write(SERIES.slice(from, from + 125).map((index) => point('tall', index, ownBounds(index), {})));
    await write([point('wide', 1, { type: 'gauge', value: 1 }, {}, LATER)]);
    await write([point('tall', 1, { ...ownBounds(1), bounds: [1], bucketCounts: [256, 0] }, {}, LATER)]);
  });
  afterAll(() => stores.close());

  test.each(['wide', 'tall'])(
    'is refused with what to ask instead, at once, and answers for a few of its series and for another time (%s)',
    async (name) => {
      const began = performance.now();
      await expect(countOf(name)).rejects.toBeInstanceOf(QueryTooLargeError);
      await expect(countOf(name)).rejects.toThrow('ask for fewer series by "where"');
      // Where the first series has nothing in the time, too.
      await expect(countOf(name, { from: new Date(BEGIN + 30_000) })).rejects.toThrow('ask for fewer series');
      expect(performance.now() - began).toBeLessThan(5_000);
      expect(await countOf(name, { where: { series: '7' } })).toBe(name === 'tall' ? 256 : 1);
      expect(await countOf(name, { from: new Date(LATER), to: new Date(LATER + HOUR) })).toBe(
        name === 'tall' ? 256 : 1,
      );
    },
  );

  test('is left out of the hours at once, and the others are put together', async () => {
    const began = performance.now();
    const { failed } = await stores.metrics.rollUp(new Date(BEGIN + 2 * HOUR));
    expect(failed?.map(({ name }) => name).sort()).toEqual(['tall', 'wide']);
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  async function countOf(name: string, question: Partial<MetricQuestion> = {}): Promise<unknown> {
    const answer = await stores.metrics.queryMetric({
      ...{ name, from: new Date(BEGIN), to: new Date(BEGIN + HOUR), everyMs: null, groupBy: [], where: {} },
      aggregation: 'COUNT',
      ...question,
    });
    return answer.status === 'answered' ? answer.series[0]?.points[0]?.value : answer;
  }
});

/** As many as a point may have. */
function ownKeys(index: number): Readonly<Record<string, string>> {
  return Object.fromEntries(Array.from({ length: 120 }, (_, key) => [`own.${index}.${key}`, 'value']));
}

function ownBounds(index: number): Extract<MetricSignal['data'], { type: 'histogram' }> {
  const bounds = Array.from({ length: 255 }, (_, bound) => index + bound / 256);
  const bucketCounts = Array.from({ length: 256 }, () => 1);
  return { type: 'histogram', temporality: 'delta', count: 256, sum: 256, min: 0, max: 300, bounds, bucketCounts };
}

/** The first series has a point of the first minute alone. */
function point(
  name: string,
  index: number,
  data: MetricSignal['data'],
  attributes: Readonly<Record<string, string>>,
  beginMs = BEGIN,
): MetricSignal {
  const at = BigInt(beginMs + (index === 0 ? 10_000 : 60_000)) * 1_000_000n;
  return {
    origin: { service: 's', resource: {}, scopeName: '', scopeVersion: '' },
    name,
    unit: '1',
    description: '',
    attributes: { series: `${index}`, ...attributes },
    startTimeUnixNano: at,
    timeUnixNano: at,
    data,
  };
}
