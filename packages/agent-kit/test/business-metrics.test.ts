import type { Attributes, Meter } from '@opentelemetry/api';
import { createTelemetry, type Telemetry } from '@tracepost/telemetry';
import { describe, expect, it } from 'vitest';
import { createBusinessMetrics } from '../src/business-metrics.ts';
import { defineMetric, type MetricDefinition } from '../src/index.ts';
import { agentOf, type Handle, openWorkbench } from './workbench.ts';

const ORDERS = defineMetric({ name: 'orders.placed', type: 'counter', unit: '{order}', attributes: ['country'] });
const BASKET = defineMetric({ name: 'orders.value', type: 'histogram', unit: 'EUR', buckets: [10, 100] });
const STOCK = defineMetric({ name: 'shop.stock', type: 'gauge', unit: '{piece}', attributes: ['shelf'] });

describe('a metric of an author', () => {
  it('is one line: counted, measured, or set', () => {
    const { taker, numbers, instruments } = given();
    taker.count(ORDERS, 2, { country: 'PT' });
    taker.count(ORDERS);
    taker.measure(BASKET, 12.5);
    taker.setLevel(STOCK, 4, { shelf: 3 });
    expect(numbers).toEqual([
      ['orders.placed', 2, { country: 'PT', 'tracepost.agent.id': 'shop' }],
      ['orders.placed', 1, { 'tracepost.agent.id': 'shop' }],
      ['orders.value', 12.5, { 'tracepost.agent.id': 'shop' }],
      ['shop.stock', 4, { shelf: 3, 'tracepost.agent.id': 'shop' }],
    ]);
    expect(instruments).toMatchObject([
      ['counter', 'orders.placed', { unit: '{order}' }],
      ['histogram', 'orders.value', { unit: 'EUR', advice: { explicitBucketBoundaries: [10, 100] } }],
      ['gauge', 'shop.stock', { unit: '{piece}' }],
    ]);
  });

  it('needs no definition: a bare name has the attributes of its first use', () => {
    const { taker, numbers, lines } = given();
    taker.count('coupons.used', 1, { kind: 'summer' });
    taker.count('coupons.used', 1, { colour: 'red' });
    expect(numbers.filter(([name]) => name === 'coupons.used')).toHaveLength(1);
    expect(lines).toMatchObject([{ message: expect.stringContaining('no attribute "colour"; it has kind') }]);
  });
});

describe('a definition that is wrong', () => {
  it.each<[string, MetricDefinition]>([
    ['it is counter, histogram or gauge', { name: 'orders.placed', type: 'sum' as 'counter' }],
    ['words of a-z and 0-9', { name: 'Orders placed', type: 'counter' }],
    ['begin with a word of your own', { name: 'http.server.orders', type: 'counter' }],
    ['begin with a word of your own', { name: 'tracepost.orders', type: 'counter' }],
    ['begin with a word of your own', { name: 'weather.requests', type: 'counter' }],
    ['each value would be a series', { name: 'orders.placed', type: 'counter', attributes: ['taskId'] }],
    ['each value would be a series', { name: 'orders.placed', type: 'counter', attributes: ['user.id'] }],
    ['belongs to Tracepost', { name: 'orders.placed', type: 'counter', attributes: ['tracepost.agent'] }],
    ['at most 8', { name: 'orders.placed', type: 'counter', attributes: [...'abcdefghi'] }],
    ['each larger than the one before', { name: 'orders.value', type: 'histogram', buckets: [2, 1] }],
    ['1 to 63 ASCII characters', { name: 'orders.value', type: 'histogram', unit: '€' }],
  ])('is refused at once, and told: %s', (words, definition) => {
    expect(() => defineMetric(definition)).toThrow(words);
  });
});

describe('a wrong use', () => {
  it.each<[string, string, (taker: ReturnType<typeof given>['taker']) => void]>([
    ['wrong_measurement', 'not a finite number', (taker) => taker.measure(BASKET, Number.NaN)],
    ['wrong_measurement', 'it only rises', (taker) => taker.count(ORDERS, -1)],
    ['wrong_measurement', 'has no attribute', (taker) => taker.count(ORDERS, 1, { city: 'Lisbon' } as never)],
    ['wrong_measurement', 'holds an id', (taker) => taker.count(ORDERS, 1, { country: 'task-4711' })],
    ['wrong_measurement', 'holds an id', (taker) => taker.count(ORDERS, 1, { country: crypto.randomUUID() })],
    ['wrong_measurement', 'no text, number', (taker) => taker.count(ORDERS, 1, { country: {} as never })],
    ['wrong_measurement', 'more than 128', (taker) => taker.count(ORDERS, 1, { country: 'x'.repeat(129) })],
    ['wrong_type', 'was used as a histogram', (taker) => taker.measure(ORDERS, 1)],
    ['wrong_definition', 'words of a-z', (taker) => taker.count('No Name')],
    ['wrong_definition', 'words of a-z', (taker) => taker.count({ type: 'counter' } as never)],
    ['wrong_measurement', 'undefined', (taker) => taker.count(undefined as never, 1, {})],
    ['wrong_measurement', 'null', (taker) => taker.count(ORDERS, 1, null as never)],
  ])('(%s: %s) throws nothing, is counted, and said once', (reason, words, use) => {
    const { taker, numbers, lines } = given();
    use(taker);
    use(taker);
    expect(numbers).toEqual([
      ['tracepost.agent.metrics.refused', 1, { 'tracepost.agent.id': 'shop', 'tracepost.reason': reason }],
      ['tracepost.agent.metrics.refused', 1, { 'tracepost.agent.id': 'shop', 'tracepost.reason': reason }],
    ]);
    // An id of its own each time is another fault each time; everything else is the same one.
    expect(lines[0]).toMatchObject({ level: 'warn', message: expect.stringContaining(words) });
    expect(lines).toHaveLength(1);
  });

  it('fails no task', async () => {
    await using bench = await openWorkbench();
    const handle: Handle = async ({ count, measure }) => {
      count('orders.placed', Number.NaN);
      measure(ORDERS, 1);
      return 'done';
    };
    await bench.host([agentOf(handle)]);
    await bench.publish({ what: 'x' });
    expect(await bench.ending()).toMatchObject({ kind: 'succeeded', result: 'done' });
  });
});

describe('an attribute with values without number', () => {
  it('is held to a thousand series, the sum stays right, and one line names it', () => {
    const { taker, numbers, lines } = given();
    for (let at = 0; at < 5_000; at += 1) taker.count(ORDERS, 1, { country: `c${at}` });
    const counted = numbers.filter(([name]) => name === 'orders.placed');
    expect(new Set(counted.map(([, , attributes]) => JSON.stringify(attributes))).size).toBe(1_001);
    expect(counted.reduce((sum, [, value]) => sum + value, 0)).toBe(5_000);
    expect(counted.at(-1)?.[2]).toEqual({ 'otel.metric.overflow': true, 'tracepost.agent.id': 'shop' });
    expect(numbers.filter(([name]) => name === 'tracepost.series.overflow')).toHaveLength(4_000);
    expect(lines).toMatchObject([{ attribute: 'country', message: expect.stringContaining('orders.placed') }]);
  });
});

function given() {
  const numbers: [string, number, Attributes][] = [];
  const lines: Record<string, unknown>[] = [];
  const instruments: unknown[] = [];
  const write = (name: string, value: number, attributes: Attributes = {}): void => {
    numbers.push([name, value, attributes]);
  };
  const make = (kind: string) => (name: string, options: unknown) => {
    instruments.push([kind, name, options]);
    const take = (value: number, attributes: Attributes) => write(name, value, attributes);
    return { add: take, record: take };
  };
  const base = createTelemetry({
    serviceName: 'test',
    terminalLevel: 'debug',
    write: (line) => lines.push(JSON.parse(line)),
  });
  const meter = { createCounter: make('counter'), createHistogram: make('histogram'), createGauge: make('gauge') };
  const telemetry: Telemetry = {
    ...base,
    meter: Object.assign(Object.create(base.meter), meter) as Meter,
    metrics: { add: write, record: write, observe: () => () => {} },
  };
  const taker = createBusinessMetrics(telemetry, 'shop').forTask(['task-4711', null, 'c-1']);
  return { taker, numbers, lines, instruments };
}
