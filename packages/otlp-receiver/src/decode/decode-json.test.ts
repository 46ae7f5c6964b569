import { JsonLogsSerializer, JsonMetricsSerializer, JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { SignalName } from '@tracepost/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AT,
  encodeLogs,
  encodeMetrics,
  encodeSpans,
  givenLog,
  givenMetric,
  givenPoint,
  givenRequestOfMetrics,
  givenSpan,
  SPAN_ID,
  TRACE_ID,
} from '../../test/given.ts';
import { decodeRequest } from './decode-request.ts';

const spans = [
  // Room is made for the last one.
  givenSpan({
    attributes: Object.fromEntries(
      [...Array.from({ length: 200 }, (_, at) => `gen_ai.prompt.${at}.content`), 'gen_ai.usage.input_tokens'].map(
        (key) => [key, 1],
      ),
    ),
  }),
  givenSpan({
    kind: 3,
    attributes: { text: 'grüße 🌍', yes: true, whole: 42, below: -7, part: 0.25, list: ['a', 2, null], empty: '' },
    parentSpanContext: { traceId: TRACE_ID, spanId: '1111111111111111', traceFlags: 1 },
    status: { code: 2, message: 'no stock' },
    events: [{ name: 'retry', time: [1_780_000_000, 6], attributes: { attempt: 2 } }],
    links: [{ context: { traceId: TRACE_ID, spanId: '2222222222222222', traceFlags: 1 }, attributes: { a: 1 } }],
  }),
  givenSpan(),
];
const logs = [
  givenLog({ body: { a: [1, { b: 'c' }], bytes: new Uint8Array([1, 2, 3]) }, eventName: 'cart.empty' }),
  givenLog({ hrTime: [0, 0], spanContext: undefined }),
];
const exponential = {
  count: 4,
  sum: 9,
  min: 0,
  max: 5,
  scale: 2,
  zeroCount: 1,
  positive: { offset: 1, bucketCounts: [1, 2] },
  negative: { offset: 0, bucketCounts: [] },
};
const histogram = { count: 3, sum: 6.5, min: 0.5, max: 4, buckets: { boundaries: [1, 2.5], counts: [1, 0, 2] } };
const metrics = [
  givenMetric({ dataPoints: [givenPoint(3, { shop: 'a' }), givenPoint(4.5)] }),
  givenMetric({ isMonotonic: false, aggregationTemporality: 0 }),
  givenMetric({ dataPointType: 2 }),
  givenMetric({ dataPointType: 0, dataPoints: [givenPoint(histogram)] }),
  givenMetric({ dataPointType: 1, dataPoints: [givenPoint(exponential)] }),
];

describe('a request in JSON', () => {
  it.each<[SignalName, Uint8Array | undefined, Uint8Array]>([
    ['spans', JsonTraceSerializer.serializeRequest(spans as never), encodeSpans(...spans)],
    ['logs', JsonLogsSerializer.serializeRequest(logs as never), encodeLogs(...logs)],
    [
      'metrics',
      JsonMetricsSerializer.serializeRequest(givenRequestOfMetrics(metrics) as never),
      encodeMetrics(...metrics),
    ],
  ])('of %s says the same as in protobuf', async (signal, json = new Uint8Array(), protobuf) => {
    const decoded = await decodeRequest(signal, json, 'json');
    expect(decoded.status === 'decoded' && decoded.batch[signal].length).toBeGreaterThan(1);
    expect(decoded).toEqual(await decodeRequest(signal, protobuf));
  });

  it('may have ids in capitals, numbers of 64 bits as numbers, enumerations by name, and fields that are not known', async () => {
    const { spans: read } = await batchOf('spans', {
      resourceSpans: [{ scopeSpans: [{ spans: [], schemaUrl: 'x' }], unknown: { deep: [1] } }],
    });
    expect(read).toEqual([]);
    const text = `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"${TRACE_ID.toUpperCase()}","spanId":"${SPAN_ID}","name":"n",
      "kind":"SPAN_KIND_CLIENT","startTimeUnixNano":1780000000000000001,"endTimeUnixNano":"1780000000000000003","status":{"code":"STATUS_CODE_OK"},
      "attributes":[{"key":"large","value":{"intValue":9007199254740993}},{"key":"none","value":null}],"later":1}]}]}]}`;
    const [span] = (await batchOf('spans', text)).spans;
    expect(span).toMatchObject({
      traceId: TRACE_ID,
      kind: 'client',
      startTimeUnixNano: AT + 1n,
      endTimeUnixNano: AT + 3n,
      status: { code: 'ok' },
      attributes: { large: '9007199254740993', none: null },
    });
  });

  it('may write numbers that are none as texts', async () => {
    const attributes = ['NaN', 'Infinity', '-1.5e3'].map((doubleValue, at) => ({
      key: `k${at}`,
      value: { doubleValue },
    }));
    const { logs: read } = await batchOf('logs', logsOf({ timeUnixNano: String(AT), attributes }));
    expect(read[0]?.attributes).toEqual({ k0: Number.NaN, k1: Number.POSITIVE_INFINITY, k2: -1_500 });
  });

  it('keeps a summary as Prometheus writes it, but for quantiles without a value', async () => {
    const summary = {
      dataPoints: [
        {
          timeUnixNano: String(AT),
          startTimeUnixNano: String(AT - 5n),
          count: '7',
          sum: 3.5,
          attributes: [{ key: 'shop', value: { stringValue: 'a' } }],
          quantileValues: [
            { quantile: 0.5, value: 0.4 },
            { quantile: 0.99, value: 2 },
            { quantile: 1, value: 'NaN' },
          ],
        },
      ],
    };
    const { metrics: read } = await batchOf('metrics', metricsOf({ name: 'wait', unit: 's', summary }));
    const cumulative = { type: 'sum', isMonotonic: true, temporality: 'cumulative' };
    expect(read.map(({ name, unit, attributes, data }) => ({ name, unit, attributes, data }))).toEqual([
      { name: 'wait_count', unit: '1', attributes: { shop: 'a' }, data: { ...cumulative, value: 7 } },
      { name: 'wait_sum', unit: 's', attributes: { shop: 'a' }, data: { ...cumulative, value: 3.5 } },
      { name: 'wait', unit: 's', attributes: { shop: 'a', quantile: '0.5' }, data: { type: 'gauge', value: 0.4 } },
      { name: 'wait', unit: 's', attributes: { shop: 'a', quantile: '0.99' }, data: { type: 'gauge', value: 2 } },
    ]);
  });
});

describe('what is wrong in JSON', () => {
  it.each<[string, string]>([
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['half of an object', '{"resourceSpans":[{"scopeSpans":'],
    ['spans that are no list', '{"resourceSpans":[{"scopeSpans":[{"spans":{}}]}]}'],
    ['a resource that is none', '{"resourceSpans":[{"resource":[1]}]}'],
    ['requests of another signal', '{"resourceLogs":[]}'],
    ['brackets ten thousand deep', '['.repeat(10_000) + ']'.repeat(10_000)],
    ['brackets that never end', '{"a":'.repeat(500_000)],
    ['a million empty objects', `{"a":[${'{},'.repeat(1_000_000)}{}]}`],
    ['a million keys', `{${'"a":1,'.repeat(1_000_000)}"a":1}`],
  ])('refuses the whole: %s', async (_, text) => {
    expect((await decodeRequest('spans', Buffer.from(text), 'json')).status).toBe('malformed');
  });

  it('refuses bytes that are no UTF-8, and does not repeat what was sent', async () => {
    const bytes = Buffer.concat([Buffer.from('{"secret":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')]);
    expect(await decodeRequest('spans', bytes, 'json')).toEqual({
      status: 'malformed',
      reason: expect.not.stringContaining('secret'),
    });
  });

  it.each<[string, object, string]>([
    ['a name that is a number', { name: 5 }, 'malformed'],
    ['a time that is a word', { startTimeUnixNano: 'soon' }, 'malformed'],
    ['a time with a fraction', { startTimeUnixNano: 1.5 }, 'malformed'],
    ['half a character', { name: '\ud800' }, 'malformed'],
    ['attributes as a map', { attributes: { key: 'value' } }, 'malformed'],
    [
      'a list of values that is none',
      { attributes: [{ key: 'a', value: { kvlistValue: [{ key: 'type' }] } }] },
      'malformed',
    ],
    ['values nested deeper than 32', { attributes: [{ key: 'a', value: nested(33) }] }, 'too_deep'],
  ])('refuses a record alone: %s', async (_, over, reason) => {
    const good = { traceId: TRACE_ID, spanId: SPAN_ID };
    const request = { resourceSpans: [{ scopeSpans: [{ spans: [{ ...good, ...over }, good, null] }] }] };
    const decoded = await decodeRequest('spans', Buffer.from(JSON.stringify(request)), 'json');
    expect(decoded.status === 'decoded' && decoded.batch.spans).toHaveLength(2);
    expect(decoded.status === 'decoded' && decoded.refused.list()).toEqual([{ signal: 'spans', reason, count: 1 }]);
  });

  it.each<[string, string, object]>([
    [
      'a histogram of ten thousand buckets',
      'too_many_buckets',
      { positive: { bucketCounts: Array(10_000).fill('1') }, count: '10000' },
    ],
    [
      'an offset that no number reaches',
      'invalid_histogram',
      { positive: { offset: 2_147_483_647, bucketCounts: ['1'] }, count: '1' },
    ],
    ['a scale of a thousand', 'invalid_histogram', { scale: 1_000 }],
    ['a scale of minus a thousand', 'invalid_histogram', { scale: -1_000 }],
    ['a count that is not its buckets', 'invalid_histogram', { count: '3' }],
    ['no sum', 'histogram_without_sum', { sum: null }],
  ])('refuses an exponential histogram by its reason: %s', async (_, reason, over) => {
    const point = { timeUnixNano: String(AT), count: '1', sum: 1, positive: { bucketCounts: ['1'] }, ...over };
    const exponentialHistogram = { aggregationTemporality: 2, dataPoints: [point] };
    const request = Buffer.from(JSON.stringify(metricsOf({ name: 'wait', exponentialHistogram })));
    const decoded = await decodeRequest('metrics', request, 'json');
    expect(decoded.status === 'decoded' && decoded.refused.list()).toEqual([{ signal: 'metrics', reason, count: 1 }]);
  });

  it('counts a summary once, however much of it is wrong', async () => {
    const quantileValues = Array.from({ length: 9 }, (_, at) => ({ quantile: at / 10, value: 1 }));
    const point = { timeUnixNano: String(AT), count: 9, sum: 1, quantileValues };
    const wrong = [
      { name: 'not a name', summary: { dataPoints: [point] } },
      { name: 'late', summary: { dataPoints: [{ ...point, timeUnixNano: '5' }] } },
      { name: 'above', summary: { dataPoints: [{ ...point, quantileValues: [{ quantile: 7, value: 1 }] }] } },
    ];
    const decoded = await decodeRequest('metrics', Buffer.from(JSON.stringify(metricsOf(...wrong))), 'json');
    expect(decoded.status === 'decoded' && decoded.refused.list()).toEqual(
      ['invalid_name', 'invalid_time', 'invalid_summary'].map((reason) => ({ signal: 'metrics', reason, count: 1 })),
    );
  });

  it('never changes the prototype of an object', async () => {
    const text = `{"__proto__":{"x":1},"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"${AT}","__proto__":{"x":1},
      "attributes":[{"key":"__proto__","value":{"kvlistValue":{"values":[{"key":"x","value":{"boolValue":true}}]}}}]}]}]}]}`;
    const { logs: read } = await batchOf('logs', text);
    expect(read[0]?.attributes.x).toBeUndefined();
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  it('gives an answer and never throws, whatever the JSON is', async () => {
    const signals: readonly SignalName[] = ['spans', 'logs', 'metrics'];
    const key = fc.constantFrom(
      ...[
        'resourceSpans',
        'scopeSpans',
        'spans',
        'resourceLogs',
        'scopeLogs',
        'logRecords',
        'resourceMetrics',
        'metrics',
      ],
      ...[
        'scopeMetrics',
        'attributes',
        'value',
        'key',
        'kvlistValue',
        'values',
        'dataPoints',
        'sum',
        'summary',
        'histogram',
      ],
    );
    const value = fc.letrec((again) => ({
      any: fc.oneof(
        { depthSize: 'large' },
        fc.oneof(fc.integer(), fc.double(), fc.string(), fc.boolean(), fc.constant(null)),
        fc.array(again('any'), { maxLength: 3 }),
        fc.dictionary(key, again('any'), { maxKeys: 4 }),
      ),
    })).any;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...signals), value, async (signal, request) => {
        const bytes = Buffer.from(JSON.stringify(request) ?? '');
        expect(['decoded', 'malformed']).toContain((await decodeRequest(signal, bytes, 'json')).status);
      }),
      { numRuns: 2_000 },
    );
  });
});

async function batchOf(signal: SignalName, request: object | string) {
  const bytes = Buffer.from(typeof request === 'string' ? request : JSON.stringify(request));
  const decoded = await decodeRequest(signal, bytes, 'json');
  if (decoded.status === 'malformed') throw new Error(decoded.reason);
  expect(decoded.refused.list()).toEqual([]);
  return decoded.batch;
}

function logsOf(...logRecords: object[]): object {
  return { resourceLogs: [{ scopeLogs: [{ logRecords }] }] };
}

function metricsOf(...list: object[]): object {
  return { resourceMetrics: [{ scopeMetrics: [{ metrics: list }] }] };
}

function nested(depth: number): object {
  let value: object = { stringValue: 'deep' };
  for (let at = 1; at < depth; at += 1) value = { arrayValue: { values: [value] } };
  return value;
}
