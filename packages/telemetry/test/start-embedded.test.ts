import { spawnSync } from 'node:child_process';
import { context, logs, metrics, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { SignalBatch, SinkAnswer } from '@tracepost/contracts';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createTelemetry, withSpan } from '../src/index.ts';
import { readStartConfig } from '../src/start/config.ts';
import { type StartedTelemetry, startTelemetry, type Tuning } from '../src/start/start-telemetry.ts';

const closers: (() => Promise<void>)[] = [];
const TAKEN: SinkAnswer = { status: 'taken', refused: [] };

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  for (const api of [trace, metrics, logs, context]) api.disable();
  vi.restoreAllMocks();
});

describe('embedded', () => {
  it('gives the sink what was made before it was there', async () => {
    const { started, sink, got } = await given();
    trace.getTracer('tracepost-gateway').startSpan('early').end();
    // It has been tried by now, and waits for a sink and not for a time.
    expect(await started.flush(50)).toBe(false);
    started.attach(sink());
    await vi.waitFor(() => expect(got().spans.map(({ name }) => name)).toEqual(['early']));
  });

  it('gives every service its own resource', async () => {
    const { started, sink, got } = await given();
    started.attach(sink());
    for (const service of ['tracepost-gateway', 'tracepost-agents']) {
      const { tracer, logger, metrics: instruments } = createTelemetry({ serviceName: service });
      tracer.startSpan('work').end();
      logger.info({}, 'line');
      instruments.add('weather.requests', 1);
    }
    expect(await started.flush()).toBe(true);
    const origin = (service: string) => ({
      service,
      resource: {
        'service.name': service,
        'service.namespace': 'tracepost',
        'service.instance.id': 'box-1',
        'service.version': '0.1.0',
        'telemetry.distro.name': 'tracepost',
      },
      scopeName: service,
      scopeVersion: '0.1.0',
    });
    for (const signals of [got().spans, got().logs, got().metrics])
      expect(signals.map((signal) => signal.origin)).toEqual([origin('tracepost-gateway'), origin('tracepost-agents')]);
  });

  it('holds an instrument to 2,000 series, and counts together what is past them', async () => {
    const { started, sink, got } = await given();
    started.attach(sink());
    const { metrics: instruments } = createTelemetry({ serviceName: 'shop' });
    for (let at = 0; at < 5_000; at += 1) instruments.add('weather.requests', 1, { 'weather.location': `place-${at}` });
    expect(await started.flush()).toBe(true);
    const points = got().metrics.filter(({ name }) => name === 'weather.requests');
    expect(points).toHaveLength(2_000);
    const overflow = points.find(({ attributes }) => attributes['otel.metric.overflow'] === true);
    expect(overflow?.data).toMatchObject({ value: 5_000 - 1_999 });
  });

  it('keeps all that a span says', async () => {
    const { started, sink, got } = await given();
    started.attach(sink());
    const telemetry = createTelemetry({ serviceName: 'shop' });
    const linked = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', traceFlags: 1 };
    await withSpan(telemetry, { name: 'outer', kind: SpanKind.SERVER }, async (outer) => {
      const inner = telemetry.tracer.startSpan('inner', {
        kind: SpanKind.PRODUCER,
        attributes: { text: 'a', list: [1, 2], yes: true },
        links: [{ context: linked }],
        startTime: [1_780_000_000, 5],
      });
      inner.addEvent('retry', { attempt: 2 }, [1_780_000_000, 6]);
      inner.setStatus({ code: SpanStatusCode.ERROR, message: 'no' });
      inner.end([1_780_000_000, 7]);
      telemetry.logger.warn({ taskId: 't-1' }, 'inside');
      await started.flush();
      expect(got().spans).toEqual([
        {
          origin: expect.objectContaining({ service: 'shop' }),
          traceId: outer.spanContext().traceId,
          spanId: inner.spanContext().spanId,
          parentSpanId: outer.spanContext().spanId,
          name: 'inner',
          kind: 'producer',
          startTimeUnixNano: 1_780_000_000_000_000_005n,
          endTimeUnixNano: 1_780_000_000_000_000_007n,
          status: { code: 'error', message: 'no' },
          attributes: { text: 'a', list: [1, 2], yes: true },
          events: [{ timeUnixNano: 1_780_000_000_000_000_006n, name: 'retry', attributes: { attempt: 2 } }],
          links: [{ traceId: linked.traceId, spanId: linked.spanId, attributes: {} }],
        },
      ]);
      expect(got().logs).toEqual([
        {
          origin: expect.objectContaining({ service: 'shop' }),
          timeUnixNano: expect.any(BigInt),
          severityNumber: 13,
          severityText: 'warn',
          body: 'inside',
          attributes: { 'tracepost.task.id': 't-1' },
          traceId: outer.spanContext().traceId,
          spanId: outer.spanContext().spanId,
        },
      ]);
    });
    await started.flush();
    expect(got().spans.map(({ name, parentSpanId, kind }) => [name, parentSpanId, kind])).toContainEqual([
      'outer',
      null,
      'server',
    ]);
  });

  it('gives metrics as points of series', async () => {
    const { started, sink, got } = await given();
    started.attach(sink());
    const { metrics: instruments } = createTelemetry({ serviceName: 'shop' });
    instruments.add('weather.requests', 2, { 'weather.location': 'Lisbon' });
    instruments.add('http.server.active_requests', -1);
    instruments.record('tracepost.task.cost', 0.5);
    instruments.observe('process.uptime', () => [{ value: 7 }]);
    await started.flush();
    const byName = Object.fromEntries(got().metrics.map(({ name, data, attributes }) => [name, { data, attributes }]));
    expect(byName).toEqual({
      'weather.requests': {
        data: { type: 'sum', value: 2, isMonotonic: true, temporality: 'cumulative' },
        attributes: { 'weather.location': 'Lisbon' },
      },
      'http.server.active_requests': {
        data: { type: 'sum', value: -1, isMonotonic: false, temporality: 'cumulative' },
        attributes: {},
      },
      'tracepost.task.cost': {
        data: {
          type: 'histogram',
          temporality: 'cumulative',
          count: 1,
          sum: 0.5,
          min: 0.5,
          max: 0.5,
          bounds: [0, 0.00001, 0.0001, 0.001, 0.01, 0.1, 1, 10],
          bucketCounts: [0, 0, 0, 0, 0, 0, 1, 0, 0],
        },
        attributes: {},
      },
      'process.uptime': { data: { type: 'gauge', value: 7 }, attributes: {} },
    });
  });

  it('hands the same batch again when the sink says later or throws', async () => {
    const { started, sink, got } = await given();
    const answers: (() => SinkAnswer)[] = [
      () => ({ status: 'later', reason: 'store_full', retryAfterMs: 1 }),
      () => {
        throw new Error('disk');
      },
    ];
    started.attach(sink(({ spans }) => (spans.length === 0 ? TAKEN : (answers.shift()?.() ?? TAKEN))));
    trace.getTracer('shop').startSpan('kept').end();
    expect(await started.flush(5_000)).toBe(true);
    expect(got().spans.map(({ name }) => name)).toEqual(['kept', 'kept', 'kept']);
    expect(started.losses()).toEqual([]);
  });

  it('counts what nobody fetched in time, exactly, and shows it as a metric', async () => {
    const { started, sink, got } = await given({ itemsPerBatch: 10, waitingBatches: 3 });
    const tracer = trace.getTracer('shop');
    for (let at = 0; at < 100; at += 1) tracer.startSpan(`span ${at}`).end();
    started.attach(sink());
    await started.flush();
    const [loss] = started.losses();
    expect(loss).toMatchObject({ signal: 'spans', reason: 'queue_full' });
    expect(got().spans.length + (loss?.count ?? 0)).toBe(100);
    expect(got().metrics).toContainEqual(
      expect.objectContaining({
        name: 'tracepost.telemetry.dropped',
        attributes: { 'tracepost.signal': 'spans', 'tracepost.reason': 'queue_full' },
        data: { type: 'sum', value: loss?.count, isMonotonic: true, temporality: 'cumulative' },
      }),
    );
  });

  it('leaves the counting of what the sink refuses to the sink', async () => {
    const { started, sink } = await given();
    started.attach(sink(() => ({ status: 'taken', refused: [{ signal: 'spans', reason: 'invalid_time', count: 1 }] })));
    trace.getTracer('shop').startSpan('odd').end();
    await started.flush();
    // The sink has counted it already, as `tracepost.ingest.refused`: twice would be wrong.
    expect(started.losses()).toEqual([]);
  });

  it('hands on everything at the stop, which may be said twice', async () => {
    const { started, sink, got } = await given();
    started.attach(sink());
    const { tracer, metrics: instruments } = createTelemetry({ serviceName: 'shop' });
    tracer.startSpan('last').end();
    instruments.add('weather.requests', 1);
    await Promise.all([started.stop(), started.stop()]);
    expect(got().spans).toHaveLength(1);
    expect(got().metrics).toHaveLength(1);
  });
});

describe('off', () => {
  it('makes nothing, and everything that is called does nothing', async () => {
    const started = await startTelemetry(readStartConfig({ TRACEPOST_TELEMETRY: 'off' }));
    const accept = vi.fn(async () => TAKEN);
    started.attach({ accept });
    expect(trace.getTracer('shop').startSpan('x').isRecording()).toBe(false);
    expect(await started.flush()).toBe(true);
    await started.stop();
    expect(accept).not.toHaveBeenCalled();
  });
});

describe('preloaded', () => {
  const run = (env: Record<string, string>, code: string) =>
    spawnSync(process.execPath, ['--import', '@tracepost/telemetry/start', '--input-type=module', '-e', code], {
      cwd: import.meta.dirname,
      env: { ...process.env, ...env },
      encoding: 'utf8',
    });

  it('has started before the first line of the program', () => {
    const code = `
      import { trace } from '@opentelemetry/api';
      import { attach, stop } from '@tracepost/telemetry/start';
      trace.getTracer('shop').startSpan('mine').end();
      attach({ accept: async ({ spans }) => {
        for (const { name } of spans) console.log(name);
        return { status: 'taken', refused: [] };
      } });
      await stop();`;
    expect(run({}, code)).toMatchObject({ stdout: 'mine\n', stderr: '', status: 0 });
  });

  it('does not load gRPC where there is no collector', () => {
    const code = `
      import { createRequire } from 'node:module';
      console.log(Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes('grpc')).length)`;
    expect(run({}, code)).toMatchObject({ stdout: '0\n', status: 0 });
  });

  it('tells a wrong setting in a sentence, and starts nothing', () => {
    const { stdout, stderr, status } = run({ TRACEPOST_TELEMETRY: 'otpl' }, `console.log('started')`);
    expect(stdout).toBe('');
    expect(stderr).toContain('TRACEPOST_TELEMETRY is "otpl"; it has to be one of otlp, embedded, off');
    expect(stderr).not.toContain('at ');
    expect(status).toBe(1);
  });
});

async function given(tuning: Partial<Tuning> = {}): Promise<{
  started: StartedTelemetry;
  sink: (answer?: (batch: SignalBatch) => SinkAnswer) => { accept: (batch: SignalBatch) => Promise<SinkAnswer> };
  got: () => SignalBatch;
}> {
  const batches: SignalBatch[] = [];
  const started = await startTelemetry(
    readStartConfig({
      TRACEPOST_TELEMETRY: 'embedded',
      TRACEPOST_INSTANCE_ID: 'box-1',
      TRACEPOST_METRIC_INTERVAL_MS: '600000',
    }),
    { stopTimeoutMs: 500, ...tuning },
  );
  closers.push(() => started.stop());
  return {
    started,
    sink: (answer = () => TAKEN) => ({
      accept: async (batch) => {
        batches.push(batch);
        return answer(batch);
      },
    }),
    got: () => ({
      spans: batches.flatMap(({ spans }) => spans),
      logs: batches.flatMap((batch) => batch.logs),
      // What a process says of its own telemetry stands in every collection.
      metrics: batches
        .flatMap((batch) => batch.metrics)
        .filter(({ name }) => name !== 'tracepost.telemetry.produced' && name !== 'tracepost.telemetry.waiting'),
    }),
  };
}
