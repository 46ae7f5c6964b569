import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { status } from '@grpc/grpc-js';
import { context, logs, metrics, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readStartConfig } from '../src/start/config.ts';
import { startTelemetry, type Tuning } from '../src/start/start-telemetry.ts';
import { freePort, type GrpcCollector, startGrpcCollector } from './grpc-collector.ts';

const closers: (() => Promise<void>)[] = [];
const WAIT = { timeout: 15_000, interval: 20 };

beforeEach(() => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  for (const api of [trace, metrics, logs, context]) api.disable();
  vi.restoreAllMocks();
});

describe('a collector that is there', () => {
  it('gets spans, log records and metrics of the service', async () => {
    const { collector, telemetry } = await given();
    makeSpans(3);
    logs.getLogger('shop').emit({ body: 'hello', severityNumber: 9 });
    metrics.getMeter('shop').createCounter('carts').add(1);
    expect(await telemetry.flush(10_000)).toBe(true);
    expect(collector.taken).toMatchObject({ spans: ['span 0', 'span 1', 'span 2'], logs: ['hello'] });
    expect(collector.taken.metrics).toContain('carts');
    const request = collector.requests[0]?.bytes.toString('latin1') ?? '';
    for (const word of ['service.name', 'tracepost-test', 'service.namespace', 'service.instance.id', 'box-1'])
      expect(request).toContain(word);
    expect(request).not.toContain('process.pid');
  });

  it('gets what a thread records from its process', async () => {
    const { collector, telemetry } = await given();
    const channel = telemetry.openThreadChannel();
    const room = fileURLToPath(new URL('../src', import.meta.url));
    const thread = new Worker(
      `const { workerData } = require('node:worker_threads');
      void (async () => {
        const { startThreadTelemetry } = await import(${JSON.stringify(`${room}/start/thread/index.ts`)});
        const { createTelemetry } = await import(${JSON.stringify(`${room}/index.ts`)});
        const { flush } = startThreadTelemetry(workerData);
        const telemetry = createTelemetry({ serviceName: 'shop' });
        const outer = telemetry.tracer.startSpan('in the thread');
        outer.addLink({ context: outer.spanContext() });
        outer.end();
        telemetry.logger.info({}, 'said there');
        telemetry.metrics.add('weather.requests', 1);
        await flush();
      })();`,
      { eval: true, workerData: channel.data, transferList: [...channel.transferList], execArgv: [] },
    );
    await once(thread, 'exit');
    channel.close();
    expect(await telemetry.flush(10_000)).toBe(true);
    expect(collector.taken).toMatchObject({ spans: ['in the thread'], logs: ['said there'] });
    expect(collector.taken.metrics).toContain('weather.requests');
    const request = collector.requests[0]?.bytes.toString('latin1') ?? '';
    for (const word of ['tracepost-test', 'box-1']) expect(request).toContain(word);
  });

  it('gets batches without anybody asking', async () => {
    const { collector } = await given();
    makeSpans(1);
    await vi.waitFor(() => expect(collector.taken.spans).toEqual(['span 0']), WAIT);
  });

  it('gets what a caller marked as not sampled too: sampling is decided when the task ends', async () => {
    const { collector, telemetry } = await given();
    const parent = trace.setSpanContext(context.active(), {
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      spanId: '00f067aa0ba902b7',
      traceFlags: 0,
      isRemote: true,
    });
    trace.getTracer('shop').startSpan('kept', {}, parent).end();
    await telemetry.flush(10_000);
    expect(collector.taken.spans).toEqual(['kept']);
  });

  it('gets a large batch in parts that it can take, and not a single span that it cannot', async () => {
    const { collector, telemetry } = await given();
    const tracer = trace.getTracer('shop');
    for (let at = 0; at < 10; at += 1)
      tracer.startSpan(`span ${at}`, { attributes: { large: 'x'.repeat(at === 4 ? 5_000_000 : 900_000) } }).end();
    expect(await telemetry.flush(25_000)).toBe(true);
    expect([...collector.taken.spans].sort()).toEqual([0, 1, 2, 3, 5, 6, 7, 8, 9].map((at) => `span ${at}`));
    expect(telemetry.losses()).toEqual([{ signal: 'spans', reason: 'too_large', count: 1 }]);
  });
});

describe('a collector that is away', () => {
  it('costs nothing but patience: all arrives once it is there', async () => {
    const port = await freePort();
    const { telemetry } = await given({ port });
    makeSpans(20);
    expect(await telemetry.flush(300)).toBe(false);
    const collector = await startCollector(port);
    await vi.waitFor(() => expect(collector.taken.spans).toHaveLength(20), WAIT);
    expect(telemetry.losses()).toEqual([]);
  });

  it('makes two log lines, however long it is away', async () => {
    const port = await freePort();
    const { telemetry } = await given({ port });
    for (let at = 0; at < 5; at += 1) {
      makeSpans(1);
      await telemetry.flush(200);
    }
    const collector = await startCollector(port);
    const lines = () => collector.taken.logs;
    await vi.waitFor(() => expect(lines()).toHaveLength(2), WAIT);
    expect(lines()).toEqual([
      'the collector does not take telemetry; it waits here, within its limits',
      'the collector takes telemetry again',
    ]);
  });

  it('is a dependency that is there again', async () => {
    const port = await freePort();
    const { telemetry } = await given({ port });
    makeSpans(1);
    expect(await telemetry.flush(200)).toBe(false);
    const collector = await startCollector(port);
    await vi.waitFor(() => expect(collector.taken.spans).toHaveLength(1), WAIT);
    await telemetry.flush(10_000);
    expect(collector.taken.metrics).toContain('tracepost.dependency.up');
  });

  it('makes the oldest go when the queue is full, and every one of them is counted', async () => {
    const port = await freePort();
    const { telemetry } = await given({ port, tuning: { itemsPerBatch: 10, waitingBatches: 5 } });
    makeSpans(1_234);
    const collector = await startCollector(port);
    await telemetry.flush(10_000);
    await vi.waitFor(async () => expect(await telemetry.flush(5_000)).toBe(true), WAIT);
    const lost = telemetry.losses().reduce((sum, { count }) => sum + count, 0);
    expect(telemetry.losses()).toEqual([{ signal: 'spans', reason: 'queue_full', count: lost }]);
    expect(lost).toBeGreaterThan(1_000);
    expect(collector.taken.spans.length + lost).toBe(1_234);
    expect(collector.taken.spans.at(-1)).toBe('span 1233');
  });

  it('does not hold up the stop, and what is left is counted and said once', async () => {
    const { telemetry } = await given({ port: await freePort(), tuning: { stopTimeoutMs: 300 } });
    makeSpans(7);
    const begin = performance.now();
    await Promise.all([telemetry.stop(), telemetry.stop()]);
    expect(performance.now() - begin).toBeLessThan(2_000);
    expect(telemetry.losses()).toContainEqual({ signal: 'spans', reason: 'stopped', count: 7 });
    makeSpans(2);
    expect(telemetry.losses()).toContainEqual({ signal: 'spans', reason: 'after_stop', count: 2 });
    const said = vi.mocked(process.stderr.write).mock.calls.map(([text]) => String(text));
    expect(said.filter((line) => line.includes('could not be handed on'))).toHaveLength(1);
  });
});

describe('a collector that refuses', () => {
  it.each([
    ['UNAVAILABLE', status.UNAVAILABLE],
    ['RESOURCE_EXHAUSTED', status.RESOURCE_EXHAUSTED],
    ['DEADLINE_EXCEEDED', status.DEADLINE_EXCEEDED],
    ['ABORTED', status.ABORTED],
  ])('with %s is asked again until it takes, and gets everything once', async (_, code) => {
    const { collector, telemetry } = await given();
    collector.behave({ does: 'fail', code });
    makeSpans(5);
    await vi.waitFor(() => expect(collector.requests.length).toBeGreaterThanOrEqual(3), WAIT);
    collector.behave({ does: 'take' });
    expect(await telemetry.flush(10_000)).toBe(true);
    expect(collector.taken.spans).toHaveLength(5);
    expect(telemetry.losses()).toEqual([]);
  });

  it.each([
    ['invalid_argument', status.INVALID_ARGUMENT],
    ['unauthenticated', status.UNAUTHENTICATED],
    ['unimplemented', status.UNIMPLEMENTED],
    ['internal', status.INTERNAL],
  ])('with %s is not asked again; the loss is counted', async (reason, code) => {
    const { collector, telemetry } = await given();
    collector.behave({ does: 'fail', code });
    makeSpans(5);
    expect(await telemetry.flush(10_000)).toBe(true);
    expect(collector.requests.filter(({ signal }) => signal === 'spans')).toHaveLength(1);
    expect(telemetry.losses()).toContainEqual({ signal: 'spans', reason, count: 5 });
  });

  it('a part tells how many, and they are counted', async () => {
    const { collector, telemetry } = await given();
    collector.behave({ does: 'reject', count: 3 });
    makeSpans(10);
    logs.getLogger('shop').emit({ body: 'a' });
    await telemetry.flush(10_000);
    expect(collector.taken.spans).toHaveLength(7);
    expect(telemetry.losses()).toContainEqual({ signal: 'spans', reason: 'collector_rejected', count: 3 });
  });
});

describe('a collector that does not answer', () => {
  it('is given up on in time and asked again', async () => {
    const { collector, telemetry } = await given({ tuning: { callTimeoutMs: 200 } });
    collector.behave({ does: 'hang' });
    makeSpans(5);
    await vi.waitFor(() => expect(collector.requests.length).toBeGreaterThanOrEqual(2), WAIT);
    collector.behave({ does: 'take' });
    expect(await telemetry.flush(10_000)).toBe(true);
    expect(collector.taken.spans).toHaveLength(5);
  });

  it('does not hold up the stop', async () => {
    const { collector, telemetry } = await given({ tuning: { stopTimeoutMs: 300 } });
    collector.behave({ does: 'hang' });
    makeSpans(5);
    await vi.waitFor(() => expect(collector.requests.length).toBe(1), WAIT);
    await telemetry.stop();
    expect(telemetry.losses()).toContainEqual({ signal: 'spans', reason: 'stopped', count: 5 });
    // Called off, or it would keep the process from ending.
    await vi.waitFor(() => expect(collector.cancelled()).toBe(1), WAIT);
  });
});

function makeSpans(count: number): void {
  const tracer = trace.getTracer('shop');
  for (let at = 0; at < count; at += 1) tracer.startSpan(`span ${at}`).end();
}

async function startCollector(port?: number): Promise<GrpcCollector> {
  const collector = await startGrpcCollector(port === undefined ? {} : { port });
  closers.push(() => collector.stop());
  return collector;
}

/** Without a port there is a collector; with one the test starts it, later or never. */
async function given({ port, tuning = {} }: { port?: number; tuning?: Partial<Tuning> } = {}) {
  const collector = port === undefined ? await startCollector() : null;
  const config = readStartConfig({
    TRACEPOST_TELEMETRY: 'otlp',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector?.endpoint ?? `http://127.0.0.1:${port}`,
    TRACEPOST_SERVICE_NAME: 'tracepost-test',
    TRACEPOST_INSTANCE_ID: 'box-1',
    TRACEPOST_LOG_LEVEL: 'silent',
    // Long: a test asks for metrics when it wants them.
    TRACEPOST_METRIC_INTERVAL_MS: '600000',
  });
  const telemetry = await startTelemetry(config, { stopTimeoutMs: 500, ...tuning });
  closers.push(() => telemetry.stop());
  return { telemetry, collector: collector as GrpcCollector };
}
