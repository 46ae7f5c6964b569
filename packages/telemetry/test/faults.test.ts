import { status } from '@grpc/grpc-js';
import { context, logs, metrics, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readStartConfig } from '../src/start/config.ts';
import { type StartedTelemetry, startTelemetry, type Tuning } from '../src/start/start-telemetry.ts';
import { freePort, type GrpcCollector, startGrpcCollector } from './grpc-collector.ts';
import { startOddCollector } from './odd-collector.ts';

const closers: (() => Promise<void>)[] = [];
const WAIT = { timeout: 20_000, interval: 20 };

beforeEach(() => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  for (const api of [trace, metrics, logs, context]) api.disable();
  vi.restoreAllMocks();
});

describe('a collector that is absent at the start', () => {
  it('holds up nothing, and gets everything within ten seconds of its coming', async () => {
    const port = await freePort();
    const telemetry = await start(port);
    // The program works meanwhile: none of it waits for the collector.
    const worked = await work(50);
    expect(worked.done).toBe(50);
    const collector = await startCollector(port);
    const came = performance.now();
    await vi.waitFor(() => expect(collector.taken.spans).toHaveLength(50), WAIT);
    expect(performance.now() - came).toBeLessThan(10_000);
    expect(telemetry.losses()).toEqual([]);
  });
});

describe('a collector that is down under load', () => {
  it('costs bounded memory, and what was made is what it got and what was counted as lost, to the unit', async () => {
    const port = await freePort();
    const telemetry = await start(port, { itemsPerBatch: 50, waitingBatches: 4 });
    const made = { spans: 0, logs: 0 };
    const burst = async (count: number) => {
      for (let at = 0; at < count; at += 1) {
        trace.getTracer('shop').startSpan(`span ${made.spans}`).end();
        logs.getLogger('shop').emit({ body: `line ${made.logs}` });
        made.spans += 1;
        made.logs += 1;
        if (at % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await burst(1_500);
    const first = await startCollector(port);
    await vi.waitFor(() => expect(first.taken.spans.length).toBeGreaterThan(0), WAIT);
    await burst(300);
    // It goes in good order: one that is killed between taking and answering has what was then counted as lost.
    await vi.waitFor(async () => expect(await telemetry.flush(5_000)).toBe(true), WAIT);
    await first.stop();
    await burst(1_500);
    const second = await startCollector(port);
    await burst(300);
    await vi.waitFor(async () => expect(await telemetry.flush(5_000)).toBe(true), WAIT);
    const got = new Set([...first.taken.spans, ...second.taken.spans]).size;
    const lost = telemetry.losses().filter(({ signal }) => signal === 'spans');
    expect(lost.map(({ reason }) => reason)).toEqual(['queue_full']);
    expect(got + (lost[0]?.count ?? 0)).toBe(made.spans);
  });
});

describe('a collector that takes and does not answer as it should', () => {
  it.each(['drips', 'floods', 'swells'] as const)(
    'because it %s is given up on in time, and the program works on',
    async (answer) => {
      const odd = await startOddCollector(answer);
      closers.push(() => odd.stop());
      const telemetry = await start(odd.port, { callTimeoutMs: 400, itemsPerBatch: 10, waitingBatches: 3 });
      const before = process.memoryUsage().rss;
      const { done } = await work(200);
      // Asked again: so the first call has ended.
      await vi.waitFor(() => expect(odd.requests()).toBeGreaterThanOrEqual(3), WAIT);
      expect(done).toBe(200);
      // A gigabyte was on offer.
      expect(odd.sent()).toBeLessThan(64 * 1_024 * 1_024);
      expect(process.memoryUsage().rss - before).toBeLessThan(128 * 1_024 * 1_024);
      const lost = telemetry.losses().filter(({ signal }) => signal === 'spans');
      // None was taken for an answer: what is held still waits.
      expect(await telemetry.flush(1_000)).toBe(false);
      // Not cut into halves until nothing is left: it was the answer that was too large.
      expect(lost.map(({ reason }) => reason)).toEqual(['queue_full']);
    },
  );
});

describe('whatever listens where the collector should, with answers that no collector gives,', () => {
  it('is named in the log, with the setting that leads there', async () => {
    const odd = await startOddCollector('floods');
    const telemetry = await start(odd.port);
    trace.getTracer('shop').startSpan('one').end();
    await vi.waitFor(async () => {
      expect(await telemetry.flush(100)).toBe(false);
      expect(odd.requests()).toBeGreaterThanOrEqual(2);
    }, WAIT);
    await odd.stop();
    const collector = await startCollector(odd.port);
    await vi.waitFor(() => expect(collector.taken.logs.length).toBeGreaterThan(0), WAIT);
    const [said = ''] = collector.taken.logs;
    expect(said).toContain('4 MiB');
    expect(said).toContain('OTEL_EXPORTER_OTLP_ENDPOINT');
    expect(said).toContain(`http://127.0.0.1:${odd.port}`);
  });
});

describe('a collector that refuses', () => {
  it('and says when it wants to be asked again is left alone until then', async () => {
    const collector = await startCollector();
    const telemetry = await start(collector.port);
    collector.behave({ does: 'fail', code: status.RESOURCE_EXHAUSTED, retryAfterSeconds: 3 });
    trace.getTracer('shop').startSpan('waits').end();
    void telemetry.flush(50);
    await vi.waitFor(() => expect(spanRequests(collector)).toBe(1), WAIT);
    const asked = performance.now();
    collector.behave({ does: 'take' });
    await vi.waitFor(() => expect(collector.taken.spans).toEqual(['waits']), WAIT);
    expect(performance.now() - asked).toBeGreaterThan(2_500);
    expect(telemetry.losses()).toEqual([]);
  });

  it('in every way at once leaves a ledger that is right to the unit', async () => {
    const collector = await startCollector();
    const telemetry = await start(collector.port, { itemsPerBatch: 20 });
    const ways = [
      { does: 'fail', code: status.UNAVAILABLE },
      { does: 'fail', code: status.INVALID_ARGUMENT },
      { does: 'reject', count: 3 },
      { does: 'take' },
    ] as const;
    let made = 0;
    for (let round = 0; round < 24; round += 1) {
      collector.behave(ways[round % ways.length] ?? { does: 'take' });
      for (let at = 0; at < 20; at += 1, made += 1) trace.getTracer('shop').startSpan(`span ${made}`).end();
      await telemetry.flush(100);
    }
    collector.behave({ does: 'take' });
    await vi.waitFor(async () => expect(await telemetry.flush(5_000)).toBe(true), WAIT);
    const lost = telemetry.losses().filter(({ signal }) => signal === 'spans');
    expect(new Set(lost.map(({ reason }) => reason))).toEqual(new Set(['invalid_argument', 'collector_rejected']));
    const got = new Set(collector.taken.spans).size;
    expect(got + lost.reduce((sum, { count }) => sum + count, 0)).toBe(made);
  });
});

/** What a program does beside: turns of its event loop, each with a span. */
async function work(turns: number): Promise<{ done: number }> {
  let done = 0;
  for (let turn = 0; turn < turns; turn += 1) {
    trace.getTracer('shop').startSpan(`span ${turn}`).end();
    await new Promise((resolve) => setImmediate(resolve));
    done += 1;
  }
  return { done };
}

function spanRequests({ requests }: GrpcCollector): number {
  return requests.filter(({ signal }) => signal === 'spans').length;
}

async function startCollector(port?: number): Promise<GrpcCollector> {
  const collector = await startGrpcCollector(port === undefined ? {} : { port });
  closers.push(() => collector.stop());
  return collector;
}

async function start(port: number, tuning: Partial<Tuning> = {}): Promise<StartedTelemetry> {
  const config = readStartConfig({
    TRACEPOST_TELEMETRY: 'otlp',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    TRACEPOST_SERVICE_NAME: 'tracepost-test',
    TRACEPOST_LOG_LEVEL: 'silent',
    TRACEPOST_METRIC_INTERVAL_MS: '600000',
  });
  const telemetry = await startTelemetry(config, { stopTimeoutMs: 500, ...tuning });
  closers.push(() => telemetry.stop());
  return telemetry;
}
