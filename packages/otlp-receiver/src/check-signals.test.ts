import type { LogSignal, MetricData, MetricSignal, SignalBatch, SpanSignal } from '@tracepost/contracts';
import { describe, expect, it } from 'vitest';
import { AT, NOW_MS, SPAN_ID, TRACE_ID } from '../test/given.ts';
import { checkSignals } from './check-signals.ts';
import { Refusals } from './refusals.ts';

const origin = { service: 'shop', resource: {}, scopeName: '', scopeVersion: '' };
const span: SpanSignal = {
  origin,
  traceId: TRACE_ID,
  spanId: SPAN_ID,
  parentSpanId: null,
  name: 'GET /cart',
  kind: 'server',
  startTimeUnixNano: AT,
  endTimeUnixNano: AT + 5n,
  status: { code: 'unset', message: '' },
  attributes: {},
  events: [],
  links: [],
};
const log: LogSignal = {
  origin,
  timeUnixNano: AT,
  severityNumber: 9,
  severityText: 'info',
  body: 'hello',
  attributes: {},
  traceId: null,
  spanId: null,
};
const metric: MetricSignal = {
  origin,
  name: 'carts',
  unit: '1',
  description: '',
  attributes: {},
  startTimeUnixNano: AT,
  timeUnixNano: AT,
  data: { type: 'gauge', value: 1 },
};

describe('a signal that is right', () => {
  it('passes unchanged', () => {
    const { batch, refused } = check({ spans: [span], logs: [log], metrics: [metric] });
    expect(batch).toEqual({ spans: [span], logs: [log], metrics: [metric] });
    expect(refused).toEqual([]);
  });

  it('is not copied when it is a span that is stored as it came', () => {
    const plain = { ...span, attributes: { 'http.route': '/cart' } };
    const { batch } = check({ spans: [plain], logs: [], metrics: [] });
    expect(batch.spans[0]).toBe(plain);
  });
});

describe('spans are refused by reason', () => {
  it.each<[string, Partial<SpanSignal>]>([
    ['invalid_trace_id', { traceId: '0'.repeat(32) }],
    ['invalid_trace_id', { traceId: TRACE_ID.slice(2) }],
    ['invalid_trace_id', { traceId: TRACE_ID.toUpperCase() }],
    ['invalid_span_id', { spanId: '0'.repeat(16) }],
    ['invalid_span_id', { spanId: '' }],
    ['invalid_parent_span_id', { parentSpanId: '12' }],
    ['ends_before_start', { endTimeUnixNano: AT - 1n }],
    ['invalid_time', { startTimeUnixNano: 0n }],
    ['invalid_time', { endTimeUnixNano: 18_446_744_073_709_551_615n }],
  ])('%s: %o', (reason, over) => {
    const { batch, refused } = check({ spans: [{ ...span, ...over }, span] });
    expect(refused).toEqual([{ signal: 'spans', reason, count: 1 }]);
    expect(batch.spans).toEqual([span]);
  });
});

describe('log records', () => {
  it('with wrong ids or times are refused', () => {
    const wrong = [{ traceId: '12' }, { spanId: 'x' }, { timeUnixNano: 0n }];
    expect(check({ logs: wrong.map((over) => ({ ...log, ...over })) }).refused).toEqual([
      { signal: 'logs', reason: 'invalid_trace_id', count: 1 },
      { signal: 'logs', reason: 'invalid_span_id', count: 1 },
      { signal: 'logs', reason: 'invalid_time', count: 1 },
    ]);
  });

  it('without a severity get one from their text, else information', () => {
    const texts = ['ERROR', 'warning', 'debug', 'Fatal', 'verbose', ''];
    const { batch } = check({ logs: texts.map((severityText) => ({ ...log, severityNumber: 0, severityText })) });
    expect(batch.logs.map(({ severityNumber }) => severityNumber)).toEqual([17, 13, 5, 21, 9, 9]);
  });

  it('keep only a severity text that is a word', () => {
    const { batch } = check({ logs: [{ ...log, severityText: 'mail me@example.org' }] });
    expect(batch.logs[0]?.severityText).toBe('');
  });
});

describe('data points are refused by reason', () => {
  const histogram: MetricData = {
    type: 'histogram',
    temporality: 'cumulative',
    count: 3,
    sum: 4,
    min: null,
    max: null,
    bounds: [1, 2],
    bucketCounts: [1, 1, 1],
  };

  it.each<[string, Partial<MetricSignal>]>([
    ['invalid_name', { name: '' }],
    ['invalid_name', { name: 'a b' }],
    ['invalid_name', { name: 'a'.repeat(256) }],
    ['invalid_time', { timeUnixNano: 0n }],
    ['attributes_too_large', { attributes: { a: 'x'.repeat(4_097) } }],
    ['attributes_too_large', { attributes: Object.fromEntries(Array.from({ length: 129 }, (_, at) => [`k${at}`, 1])) }],
    ['not_finite', { data: { type: 'gauge', value: Number.NaN } }],
    ['not_finite', { data: { ...histogram, sum: Number.POSITIVE_INFINITY } }],
    ['invalid_histogram', { data: { ...histogram, bounds: [2, 1] } }],
    ['invalid_histogram', { data: { ...histogram, bounds: [1, 1] } }],
    ['invalid_histogram', { data: { ...histogram, bucketCounts: [1, 2] } }],
    ['invalid_histogram', { data: { ...histogram, count: 4 } }],
    ['invalid_histogram', { data: { ...histogram, bucketCounts: [] } }],
    ['too_many_buckets', { data: { ...histogram, bounds: Array.from({ length: 257 }, (_, at) => at) } }],
  ])('%s: %o', (reason, over) => {
    const { batch, refused } = check({ metrics: [{ ...metric, ...over }, metric] });
    expect(refused).toEqual([{ signal: 'metrics', reason, count: 1 }]);
    expect(batch.metrics).toEqual([metric]);
  });

  it('may be histograms without buckets', () => {
    const data = { ...histogram, bounds: [], bucketCounts: [] };
    expect(check({ metrics: [{ ...metric, data }] }).batch.metrics).toHaveLength(1);
  });
});

describe('what is too large is cut and says so', () => {
  const flag = 'tracepost.truncated';

  it('names and messages over 1 KiB, of the span and of its events', () => {
    const long = 'n'.repeat(1_025);
    const event = { timeUnixNano: AT, name: 'retry', attributes: {} };
    const given = [
      { ...span, name: long },
      { ...span, status: { code: 'error' as const, message: long } },
      { ...span, events: [event, { ...event, name: long, attributes: { attempt: 2 } }] },
    ];
    const [named, failed, eventful] = check({ spans: given }).batch.spans;
    expect(named).toMatchObject({ name: 'n'.repeat(1_024), attributes: { [flag]: true } });
    expect(failed).toMatchObject({ status: { message: 'n'.repeat(1_024) }, attributes: { [flag]: true } });
    expect(eventful?.attributes).toEqual({});
    expect(eventful?.events.map(({ attributes }) => attributes)).toEqual([{}, { attempt: 2, [flag]: true }]);
  });

  it('also beside as many attributes as there may be, and whatever the sender says of itself', () => {
    const attributes = Object.fromEntries(Array.from({ length: 128 }, (_, index) => [`k${index}`, index]));
    const name = 'n'.repeat(1_025);
    const many = check({
      spans: [{ ...span, name, attributes }],
      logs: [{ ...log, body: 'z'.repeat(20_000), attributes }],
    });
    for (const { attributes: kept } of [...many.batch.spans, ...many.batch.logs]) {
      expect(Object.keys(kept)).toHaveLength(128);
      expect(kept[flag]).toBe(true);
    }
    const [denied] = check({ spans: [{ ...span, name, attributes: { [flag]: false } }] }).batch.spans;
    expect(denied?.attributes).toEqual({ [flag]: true });
  });

  it('attributes past the 128th', () => {
    const attributes = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`k${at}`, at]));
    const [cut] = check({ spans: [{ ...span, attributes }] }).batch.spans;
    expect(Object.keys(cut?.attributes ?? {})).toHaveLength(128);
    expect(cut?.attributes).toMatchObject({ k0: 0, [flag]: true });
  });

  it('of many attributes those first that are one of many', () => {
    const parts = Object.fromEntries(
      Array.from({ length: 200 }, (_, at) => [`llm.input_messages.${at}.message.role`, 'u']),
    );
    const [cut] = check({ spans: [{ ...span, attributes: { first: 1, ...parts, used: 2 } }] }).batch.spans;
    expect(Object.keys(cut?.attributes ?? {})).toHaveLength(128);
    expect(cut?.attributes).toMatchObject({
      first: 1,
      'llm.input_messages.0.message.role': 'u',
      used: 2,
      [flag]: true,
    });
  });

  it('values of more than 4 KiB, at a whole character', () => {
    const attributes = { ascii: 'x'.repeat(1_000_000), wide: '€'.repeat(2_000), exact: 'y'.repeat(4_096) };
    const [cut] = check({ logs: [{ ...log, attributes }] }).batch.logs;
    expect(cut?.attributes).toEqual({
      ascii: 'x'.repeat(4_096),
      wide: '€'.repeat(1_365),
      exact: 'y'.repeat(4_096),
      [flag]: true,
    });
  });

  it('lists and maps, from the front', () => {
    const list = Array.from({ length: 5_000 }, (_, at) => `item ${at}`);
    const [cut] = check({ spans: [{ ...span, attributes: { list, map: { first: 'a', list, last: 'b' } } }] }).batch
      .spans;
    const kept = cut?.attributes.list as readonly string[];
    expect(kept[0]).toBe('item 0');
    expect(kept.length).toBeGreaterThan(300);
    expect(kept.join('').length).toBeLessThanOrEqual(4_096);
    expect(cut?.attributes.map).toMatchObject({ first: 'a' });
    expect(cut?.attributes.map).not.toHaveProperty('last');
    expect(cut?.attributes[flag]).toBe(true);
  });

  it('bodies of more than 16 KiB', () => {
    const [cut] = check({ logs: [{ ...log, body: 'z'.repeat(20_000) }] }).batch.logs;
    expect(cut).toMatchObject({ body: 'z'.repeat(16_384), attributes: { [flag]: true } });
  });

  it('events and links past the 128th', () => {
    const events = Array.from({ length: 200 }, () => ({ timeUnixNano: AT, name: 'e', attributes: {} }));
    const [cut] = check({ spans: [{ ...span, events }] }).batch.spans;
    expect(cut?.events).toHaveLength(128);
    expect(cut?.attributes).toEqual({ [flag]: true });
  });

  it('values nested deeper than 32', () => {
    let deep: object = { end: true };
    for (let at = 0; at < 40; at += 1) deep = { deep };
    const [cut] = check({ spans: [{ ...span, attributes: { deep: deep as never } }] }).batch.spans;
    expect(JSON.stringify(cut?.attributes.deep)).not.toContain('end');
    expect(cut?.attributes[flag]).toBe(true);
  });
});

it('links lose their attributes, which nobody redacts, and those to nowhere go', () => {
  const good = { traceId: TRACE_ID, spanId: SPAN_ID, attributes: { mail: 'me@example.org' } };
  const [kept] = check({ spans: [{ ...span, links: [good, { ...good, spanId: '' }] }] }).batch.spans;
  expect(kept?.links).toEqual([{ traceId: TRACE_ID, spanId: SPAN_ID, attributes: {} }]);
});

function check(batch: Partial<SignalBatch>) {
  const refusals = new Refusals();
  const checked = checkSignals({ spans: [], logs: [], metrics: [], ...batch }, NOW_MS, refusals);
  return { batch: checked, refused: refusals.list() };
}
