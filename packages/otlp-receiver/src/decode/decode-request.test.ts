import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { MetricData, SignalBatch, SignalName } from '@tracepost/contracts';
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
  givenSpan,
  SPAN_ID,
  TRACE_ID,
} from '../../test/given.ts';
import { type Decoded, decodeRequest } from './decode-request.ts';

const origin = {
  service: 'shop',
  resource: { 'service.name': 'shop', 'service.instance.id': 'shop-1' },
  scopeName: 'shop-scope',
  scopeVersion: '1.2.3',
};

describe('spans', () => {
  it('are read as OpenTelemetry writes them, with every kind of value', async () => {
    const attributes = {
      text: 'grüße 🌍',
      yes: true,
      no: false,
      whole: 42,
      below: -7,
      large: Number.MAX_SAFE_INTEGER,
      part: 0.25,
      list: ['a', 'b'],
      numbers: [1, 2.5],
      empty: '',
    };
    const bytes = encodeSpans(
      givenSpan({
        kind: 3,
        attributes,
        parentSpanContext: { traceId: TRACE_ID, spanId: '1111111111111111', traceFlags: 1 },
        status: { code: 2, message: 'no stock' },
        events: [{ name: 'retry', time: [1_780_000_000, 6], attributes: { attempt: 2 } }],
        links: [{ context: { traceId: TRACE_ID, spanId: '2222222222222222', traceFlags: 1 }, attributes: { a: 1 } }],
      }),
    );
    const { spans } = await batchOf('spans', bytes);
    expect(spans).toEqual([
      {
        origin,
        traceId: TRACE_ID,
        spanId: SPAN_ID,
        parentSpanId: '1111111111111111',
        name: 'GET /cart',
        kind: 'producer',
        startTimeUnixNano: AT + 5n,
        endTimeUnixNano: AT + 1_000_005n,
        status: { code: 'error', message: 'no stock' },
        attributes,
        events: [{ timeUnixNano: AT + 6n, name: 'retry', attributes: { attempt: 2 } }],
        links: [{ traceId: TRACE_ID, spanId: '2222222222222222', attributes: {} }],
      },
    ]);
  });

  it('with a long conversation, an attribute for each part of it, have what is said after it', async () => {
    const parts = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`gen_ai.prompt.${at}.content`, 'hi']));
    const bytes = encodeSpans(givenSpan({ attributes: { model: 'm', ...parts, 'gen_ai.usage.input_tokens': 7 } }));
    const { spans } = await batchOf('spans', bytes);
    const attributes = spans[0]?.attributes ?? {};
    expect(Object.keys(attributes)).toHaveLength(129);
    expect(attributes).toMatchObject({ model: 'm', 'gen_ai.prompt.126.content': 'hi', 'gen_ai.usage.input_tokens': 7 });
  });

  it('of every kind keep it', async () => {
    const bytes = encodeSpans(...[0, 1, 2, 3, 4].map((kind) => givenSpan({ kind })));
    const { spans } = await batchOf('spans', bytes);
    expect(spans.map(({ kind }) => kind)).toEqual(['internal', 'server', 'client', 'producer', 'consumer']);
  });

  it('share one origin when each was written with its scope around it', async () => {
    const scopes = [
      { name: 'a', version: '1' },
      { name: 'a', version: '1' },
      { name: 'a', version: '2' },
      { name: 'b', version: '2' },
    ];
    const bytes = encodeSpans(...scopes.map((instrumentationScope) => givenSpan({ instrumentationScope })));
    const { spans } = await batchOf('spans', bytes);
    expect(spans.map(({ origin: { scopeName, scopeVersion } }) => `${scopeName} ${scopeVersion}`)).toEqual(
      scopes.map(({ name, version }) => `${name} ${version}`),
    );
    expect(spans[1]?.origin).toBe(spans[0]?.origin);
    expect(new Set(spans.map(({ origin: one }) => one)).size).toBe(3);
  });

  it('without a parent have none, and without a service name an unknown one', async () => {
    const nameless = { attributes: {}, asyncAttributesPending: false, getRawAttributes: () => [] };
    const { spans } = await batchOf('spans', encodeSpans(givenSpan({ resource: nameless })));
    expect(spans[0]).toMatchObject({ parentSpanId: null, origin: { service: 'unknown_service' } });
  });

  it('get their resource and scope also when those come behind them', async () => {
    const name = keyValue('service.name', (value) => value.tag(1, WireType.LengthDelimited).string('late'));
    const scope = message((writer) => writer.tag(1, WireType.LengthDelimited).string('late-scope'));
    const bytes = message((request) => {
      const scopeSpans = message((writer) =>
        embed(
          embed(
            writer,
            2,
            spanWith(() => {}),
          ),
          1,
          scope,
        ),
      );
      const resource = message((writer) => embed(writer, 1, name));
      return embed(
        request,
        1,
        message((writer) => embed(embed(writer, 2, scopeSpans), 1, resource)),
      );
    });
    const { spans } = await batchOf('spans', bytes);
    expect(spans[0]?.origin).toMatchObject({ service: 'late', scopeName: 'late-scope' });
  });

  it('may have fields that are not known yet', async () => {
    const bytes = oneSpan((writer) => writer.tag(99, WireType.Varint).uint32(7).tag(98, WireType.Bit32).fixed32(1));
    expect((await batchOf('spans', bytes)).spans).toHaveLength(1);
  });
});

describe('log records', () => {
  it('are read as OpenTelemetry writes them', async () => {
    const { logs } = await batchOf(
      'logs',
      encodeLogs(givenLog({ attributes: { n: 1 }, eventName: 'cart.empty' }), givenLog({ spanContext: undefined })),
    );
    expect(logs).toEqual([
      {
        origin,
        timeUnixNano: AT + 7n,
        severityNumber: 13,
        severityText: 'warn',
        body: 'the cart is empty',
        attributes: { n: 1, 'event.name': 'cart.empty' },
        traceId: TRACE_ID,
        spanId: SPAN_ID,
      },
      expect.objectContaining({ traceId: null, spanId: null }),
    ]);
  });

  it('that do not know their time have the one at which they were seen', async () => {
    const { logs } = await batchOf('logs', encodeLogs(givenLog({ hrTime: [0, 0] })));
    expect(logs[0]?.timeUnixNano).toBe(AT + 9n);
  });

  it('keep a body that is a map, a list or bytes', async () => {
    const bodies = [{ a: { b: [1, 'x', null] } }, ['y', true], new Uint8Array([1, 2, 3])];
    const { logs } = await batchOf('logs', encodeLogs(...bodies.map((body) => givenLog({ body }))));
    expect(logs.map(({ body }) => body)).toEqual([bodies[0], bodies[1], 'AQID']);
  });
});

describe('metrics', () => {
  it('are read as OpenTelemetry writes them, one signal for each point', async () => {
    const histogram = {
      count: 3,
      sum: 6.5,
      min: 0.5,
      max: 4,
      buckets: { boundaries: [1, 2.5], counts: [1, 0, 2] },
    };
    const { metrics } = await batchOf(
      'metrics',
      encodeMetrics(
        givenMetric({ dataPoints: [givenPoint(3, { shop: 'a' }), givenPoint(4.5, { shop: 'b' })] }),
        givenMetric({ isMonotonic: false, aggregationTemporality: 0 }),
        givenMetric({ dataPointType: 2 }),
        givenMetric({ dataPointType: 0, dataPoints: [givenPoint(histogram)] }),
      ),
    );
    const shared = { origin, name: 'carts', unit: '{cart}', description: 'Carts seen', startTimeUnixNano: AT };
    const point = { ...shared, timeUnixNano: AT + 11n, attributes: {} };
    expect(metrics).toEqual([
      {
        ...point,
        attributes: { shop: 'a' },
        data: { type: 'sum', value: 3, isMonotonic: true, temporality: 'cumulative' },
      },
      {
        ...point,
        attributes: { shop: 'b' },
        data: { type: 'sum', value: 4.5, isMonotonic: true, temporality: 'cumulative' },
      },
      { ...point, data: { type: 'sum', value: 3, isMonotonic: false, temporality: 'delta' } },
      { ...point, data: { type: 'gauge', value: 3 } },
      {
        ...point,
        data: {
          type: 'histogram',
          temporality: 'cumulative',
          count: 3,
          sum: 6.5,
          min: 0.5,
          max: 4,
          bounds: [1, 2.5],
          bucketCounts: [1, 0, 2],
        },
      },
    ]);
  });

  it('may be whole numbers, as other SDKs send them, also below zero', async () => {
    const point = message((writer) => writer.tag(3, WireType.Bit64).fixed64(AT).tag(6, WireType.Bit64).sfixed64(-12n));
    const gauge = message((writer) => embed(writer, 1, point));
    const metric = message((writer) => embed(writer.tag(1, WireType.LengthDelimited).string('carts'), 5, gauge));
    const { metrics } = await batchOf('metrics', spansOf(metric));
    expect(metrics).toMatchObject([{ name: 'carts', timeUnixNano: AT, data: { type: 'gauge', value: -12 } }]);
  });

  it('without a value, whose series has ended, are refused by that reason', async () => {
    const point = message((writer) =>
      writer.tag(3, WireType.Bit64).fixed64(AT).tag(4, WireType.Bit64).double(1).tag(8, WireType.Varint).uint32(1),
    );
    const gauge = message((writer) => embed(writer, 1, point));
    const metric = message((writer) => embed(writer.tag(1, WireType.LengthDelimited).string('carts'), 5, gauge));
    const decoded = await decodeRequest('metrics', spansOf(metric));
    expect(refusedOf(decoded)).toEqual([{ signal: 'metrics', reason: 'no_recorded_value', count: 1 }]);
  });

  it('that are exponential histograms get the same explicit bounds at every point', async () => {
    const exponential = (offset: number, counts: number[]) => ({
      count: 7,
      sum: 12.5,
      min: 0,
      max: 4,
      scale: 1,
      zeroCount: 2,
      positive: { offset, bucketCounts: counts },
      negative: { offset: 0, bucketCounts: [1] },
    });
    const { metrics } = await batchOf(
      'metrics',
      encodeMetrics(
        givenMetric({
          dataPointType: 1,
          dataPoints: [givenPoint(exponential(0, [1, 0, 3])), givenPoint(exponential(-300, [4]))],
        }),
      ),
    );
    const [first, second] = metrics.map(({ data }) => data) as Histogram[];
    expect(first).toMatchObject({ type: 'histogram', temporality: 'cumulative', count: 7, sum: 12.5, min: 0, max: 4 });
    expect(first?.bounds).toHaveLength(121);
    expect(second?.bounds).toEqual(first?.bounds);
    const belowOf = (histogram: Histogram | undefined, bound: number) => {
      const end = histogram?.bounds.findIndex((one) => Math.abs(one - bound) < 1e-9) ?? -1;
      return histogram?.bucketCounts.slice(0, end + 1).reduce((sum, count) => sum + count, 0);
    };
    // Zero and below, then above 1 to the root of 2, then above 2 to the root of 8.
    expect([1, Math.SQRT2, 2, 2 * Math.SQRT2].map((bound) => belowOf(first, bound))).toEqual([3, 4, 4, 7]);
    expect(second?.bucketCounts[0]).toBe(7);
  });
});

describe('what is wrong', () => {
  it('is refused alone: the records beside it are taken', async () => {
    const broken = message((writer) => writer.tag(1, WireType.Varint).uint32(5));
    const decoded = await decodeRequest('spans', spansOf(spanWith(), broken, spanWith()));
    expect(decoded.status === 'decoded' && decoded.batch.spans).toHaveLength(2);
    expect(refusedOf(decoded)).toEqual([{ signal: 'spans', reason: 'malformed', count: 1 }]);
  });

  it('cannot take what belongs to the next: a name that reaches past its span', async () => {
    const greedy = Buffer.concat([spanWith(), Buffer.from([0x2a, 0x04])]);
    const decoded = await decodeRequest('spans', spansOf(greedy, spanWith()));
    expect(decoded.status === 'decoded' && decoded.batch.spans).toHaveLength(1);
    expect(refusedOf(decoded)).toEqual([{ signal: 'spans', reason: 'malformed', count: 1 }]);
  });

  it('is a value nested deeper than 32, and not one nested so deep', async () => {
    const depths = [31, 32].map((depth) => spanWith((writer) => embed(writer, 9, nested(depth))));
    const decoded = await decodeRequest('spans', spansOf(...depths));
    expect(decoded.status === 'decoded' && decoded.batch.spans).toHaveLength(1);
    expect(refusedOf(decoded)).toEqual([{ signal: 'spans', reason: 'too_deep', count: 1 }]);
  });

  it('is told when logs are sent where spans belong, and the other way round', async () => {
    const logs = encodeLogs(givenLog(), givenLog());
    const metrics = encodeMetrics(givenMetric());
    const spans = encodeSpans(givenSpan());
    for (const [signal, bytes] of [
      ['spans', logs],
      ['spans', metrics],
      ['logs', spans],
      ['logs', metrics],
      ['metrics', spans],
      ['metrics', logs],
    ] as const)
      expect((await decodeRequest(signal, bytes)).status, `${signal} from others`).toBe('malformed');
  });

  it.each<[string, Uint8Array]>([
    ['a varint of eleven bytes', Buffer.from([...Array(10).fill(0xff), 0x01])],
    ['a length of 2^31', Buffer.from([0x0a, 0x80, 0x80, 0x80, 0x80, 0x08])],
    ['a group', oneSpan((writer) => writer.raw(Buffer.from([0x1b, 0x1c])))],
    ['a group around all', Buffer.from([0x0b, 0x0c])],
    ['field number 0', Buffer.from([0x00, 0x00])],
    ['values in values ten thousand deep', oneSpan((writer) => embed(writer, 9, nested(10_000)))],
    ['overlong UTF-8', oneSpan((writer) => writer.tag(5, WireType.LengthDelimited).bytes(Buffer.from([0xc0, 0xaf])))],
    ['a million unknown fields', Buffer.alloc(2_000_000, Buffer.from([0x78, 0x01]))],
    ['a request that ends too soon', encodeSpans(givenSpan()).subarray(0, -1)],
    ['a million empty resources', Buffer.alloc(2_000_000, Buffer.from([0x0a, 0x00]))],
  ])('is refused: %s', async (_, bytes) => {
    expect((await decodeRequest('spans', bytes)).status).toBe('malformed');
  });

  it('stays out of memory: of a million empty records only as many are read as their bytes could fill', async () => {
    const bytes = spansOf(...Array(100_000).fill(Buffer.alloc(0)));
    const decoded = await decodeRequest('spans', bytes);
    const read = decoded.status === 'decoded' ? decoded.batch.spans.length : 0;
    expect(read).toBeLessThan(40_000);
    expect(refusedOf(decoded)).toEqual([{ signal: 'spans', reason: 'too_many_parts', count: 100_000 - read }]);
  });

  it('never changes the prototype of an object', async () => {
    const evil = keyValue('__proto__', (value) =>
      embed(
        value,
        6,
        message((map) =>
          embed(
            map,
            1,
            keyValue('x', (v) => v.tag(2, WireType.Varint).bool(true)),
          ),
        ),
      ),
    );
    const { spans } = await batchOf(
      'spans',
      oneSpan((writer) => embed(writer, 9, evil)),
    );
    expect(spans.map(({ attributes }) => attributes.x)).toEqual([undefined]);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });
});

describe('any bytes at all', () => {
  const signals: readonly SignalName[] = ['spans', 'logs', 'metrics'];
  const whole: Readonly<Record<SignalName, Buffer>> = {
    spans: encodeSpans(
      givenSpan({ attributes: { a: 'x', b: [1, 2] }, events: [{ name: 'e', time: [1, 2], attributes: { c: true } }] }),
      givenSpan({ links: [{ context: { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 1 }, attributes: {} }] }),
    ),
    logs: encodeLogs(givenLog({ body: { a: [1, { b: 'c' }] } })),
    metrics: encodeMetrics(
      givenMetric(),
      givenMetric({
        dataPointType: 0,
        dataPoints: [givenPoint({ count: 1, sum: 1, min: 1, max: 1, buckets: { boundaries: [1], counts: [1, 0] } })],
      }),
    ),
  };

  it('give an answer and never throw', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...signals), fc.uint8Array({ maxLength: 400 }), async (signal, bytes) => {
        expect(['decoded', 'malformed']).toContain((await decodeRequest(signal, bytes)).status);
      }),
      { numRuns: 2_000 },
    );
  });

  it('do so too where a real request was changed, cut and pasted', async () => {
    const change = fc.record({
      at: fc.nat(1_000),
      byte: fc.nat(255),
      cut: fc.nat(40),
      insert: fc.uint8Array({ maxLength: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...signals),
        fc.array(change, { minLength: 1, maxLength: 4 }),
        async (signal, changes) => {
          let bytes = Buffer.from(whole[signal]);
          for (const { at, byte, cut, insert } of changes) {
            const place = at % (bytes.length + 1);
            bytes = Buffer.concat([bytes.subarray(0, place), insert, bytes.subarray(place + (cut % 3))]);
            if (place < bytes.length) bytes[place] = byte;
          }
          const decoded = await decodeRequest(signal, bytes);
          if (decoded.status === 'malformed') return;
          for (const { attributes } of [...decoded.batch.spans, ...decoded.batch.logs, ...decoded.batch.metrics])
            expect(typeof attributes).toBe('object');
        },
      ),
      { numRuns: 3_000 },
    );
  });
});

async function batchOf(signal: SignalName, bytes: Uint8Array): Promise<SignalBatch> {
  const decoded = await decodeRequest(signal, bytes);
  if (decoded.status === 'malformed') throw new Error(decoded.reason);
  expect(decoded.refused.list()).toEqual([]);
  return decoded.batch;
}

function refusedOf(decoded: Decoded) {
  return decoded.status === 'decoded' ? decoded.refused.list() : decoded.reason;
}

type Histogram = Extract<MetricData, { type: 'histogram' }>;
type Write = (writer: BinaryWriter) => unknown;

function message(write: Write): Uint8Array {
  const writer = new BinaryWriter();
  write(writer);
  return writer.finish();
}

function embed(writer: BinaryWriter, field: number, bytes: Uint8Array): BinaryWriter {
  return writer.tag(field, WireType.LengthDelimited).bytes(bytes);
}

function keyValue(key: string, value: Write): Uint8Array {
  return message((writer) => embed(writer.tag(1, WireType.LengthDelimited).string(key), 2, message(value)));
}

function spanWith(more: Write = () => {}): Uint8Array {
  return message((writer) => {
    writer.tag(1, WireType.LengthDelimited).bytes(Buffer.from(TRACE_ID, 'hex'));
    writer.tag(2, WireType.LengthDelimited).bytes(Buffer.from(SPAN_ID, 'hex'));
    more(writer);
  });
}

function spansOf(...spans: Uint8Array[]): Uint8Array {
  const scope = message((writer) => {
    for (const span of spans) embed(writer, 2, span);
  });
  return message((writer) =>
    embed(
      writer,
      1,
      message((inner) => embed(inner, 2, scope)),
    ),
  );
}

function oneSpan(more: Write): Uint8Array {
  return spansOf(spanWith(more));
}

/** A KeyValue whose value is a list in a list in a list … */
function nested(depth: number): Uint8Array {
  let value: Uint8Array = message((writer) => writer.tag(1, WireType.LengthDelimited).string('deep'));
  for (let at = 0; at < depth; at += 1) {
    const list = message((writer) => embed(writer, 1, value));
    value = message((writer) => embed(writer, 5, list));
  }
  return message((writer) => embed(writer.tag(1, WireType.LengthDelimited).string('k'), 2, value));
}
