import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { context, logs, metrics, trace } from '@opentelemetry/api';
import type { MetricSignal, SignalBatch } from '@tracepost/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTelemetry } from '../src/index.ts';
import { readStartConfig } from '../src/start/config.ts';
import { type StartedTelemetry, startTelemetry } from '../src/start/start-telemetry.ts';

const ROOM = fileURLToPath(new URL('../src', import.meta.url));
let folder: string;
let started: StartedTelemetry;
let batches: SignalBatch[];
const threads: Worker[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tracepost-thread-telemetry-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(async () => {
  for (const thread of threads.splice(0)) await thread.terminate();
  await started.stop();
  for (const api of [trace, metrics, logs, context]) api.disable();
});

describe('a thread', () => {
  it('has its spans, log lines and metrics leave with its process, under the same service and resource', async () => {
    await start();
    const end = await run(`
      await withSpan(telemetry, { name: 'outer', attributes: { a: 1 } }, async (span) => {
        span.addEvent('noted', { b: 2 });
        span.addLink({ context: span.spanContext(), attributes: { c: 3 } });
        telemetry.logger.warn({ taskId: 't-1', layer: 'agent' }, 'inside');
        telemetry.metrics.add('weather.requests', 2, { 'weather.location': 'Lisbon' });
        telemetry.metrics.record('tracepost.task.cost', 0.01, { 'tracepost.agent.id': 'x' });
        await withSpan(telemetry, { name: 'inner' }, async () => {});
      });
    `);
    await end();
    await started.flush();
    const [inner, outer] = all('spans');
    const origin = {
      service: 'tracepost-agents',
      resource: {
        'service.name': 'tracepost-agents',
        'service.namespace': 'tracepost',
        'service.instance.id': 'box-1',
        'service.version': '0.1.0',
      },
    };
    expect(outer).toMatchObject({ origin, name: 'outer', parentSpanId: null, kind: 'internal' });
    expect(outer).toMatchObject({
      attributes: { a: 1 },
      events: [{ name: 'noted', attributes: { b: 2 } }],
      links: [{ spanId: outer?.spanId, attributes: { c: 3 } }],
    });
    expect(inner).toMatchObject({ name: 'inner', traceId: outer?.traceId, parentSpanId: outer?.spanId });
    expect(all('logs')).toMatchObject([
      {
        origin,
        body: 'inside',
        severityText: 'warn',
        traceId: outer?.traceId,
        spanId: outer?.spanId,
        attributes: { layer: 'agent', 'tracepost.task.id': 't-1' },
      },
    ]);
    expect(last('weather.requests')).toMatchObject([
      { origin, unit: '{request}', attributes: { 'weather.location': 'Lisbon' }, data: { type: 'sum', value: 2 } },
    ]);
    expect(last('tracepost.task.cost')).toMatchObject([{ data: { type: 'histogram', count: 1, sum: 0.01 } }]);
    expect(last('tracepost.task.cost')[0]?.data).toMatchObject({
      bounds: [0, 0.00001, 0.0001, 0.001, 0.01, 0.1, 1, 10],
    });
    expect(started.losses()).toEqual([]);
  });

  it('and its process count in one series, which goes on when the thread is replaced', async () => {
    await start();
    const count = `telemetry.metrics.add('weather.requests', 1, { 'weather.location': 'Lisbon' });`;
    const telemetry = createTelemetry({ serviceName: 'tracepost-agents' });
    telemetry.metrics.add('weather.requests', 1, { 'weather.location': 'Lisbon' });
    for (let thread = 0; thread < 3; thread += 1) {
      const end = await run(`${count}${count}`);
      await end();
      await started.flush();
    }
    const points = all('metrics').filter(({ name }) => name === 'weather.requests');
    expect(points.map(({ data }) => ('value' in data ? data.value : null))).toEqual([3, 5, 7]);
    expect(new Set(points.map(({ startTimeUnixNano }) => startTimeUnixNano)).size).toBe(1);
  });

  it.each([
    ['process.exit(3)', 'process.exit(3);'],
    ['an error that nobody catches', "setTimeout(() => { throw new Error('boom'); }); await new Promise(() => {});"],
    ['a loop that never ends', 'for (;;);'],
  ])('that ends by %s has said what it said', async (_how, fatal) => {
    await start();
    const end = await run(`
      const span = telemetry.tracer.startSpan('done before');
      span.end();
      telemetry.metrics.add('weather.requests', 1);
      telemetry.logger.info({}, 'last words');
      tell('said');
      ${fatal}
    `);
    await end();
    await started.flush();
    expect(all('logs')).toMatchObject([{ body: 'last words' }]);
    expect(all('spans')).toMatchObject([{ name: 'done before' }]);
    expect(last('weather.requests')).toMatchObject([{ data: { value: 1 } }]);
  });

  it('is asked for what it observes, at its own interval, until it ends', async () => {
    await start('embedded', 100);
    const end = await run(`
      let asked = 0;
      telemetry.metrics.observe('tracepost.queue.depth', () => { throw new Error('not today'); });
      telemetry.metrics.observe('process.uptime', () => [{ value: ++asked }]);
      tell('said');
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    `);
    const seen = () => Math.max(0, ...last('process.uptime').map(({ data }) => ('value' in data ? data.value : 0)));
    await vi.waitFor(async () => expect(seen()).toBeGreaterThan(2), 10_000);
    await end();
    await started.flush();
    const atTheEnd = seen();
    await started.flush();
    expect(seen()).toBe(atTheEnd);
  });

  it('that floods its process is bounded, and what is lost is counted', async () => {
    await start();
    const end = await run(`
      for (let line = 0; line < 20_000; line += 1) telemetry.logger.info({ text: 'x'.repeat(5_000) }, 'flood');
      tell('said');
    `);
    await end();
    await started.flush();
    const lost =
      started.losses().find(({ signal, reason }) => signal === 'logs' && reason === 'queue_full')?.count ?? 0;
    expect(lost).toBeGreaterThan(0);
    expect(all('logs').length + lost).toBe(20_000);
  });

  it('loses of what cannot cross only that, and counts it', async () => {
    await start();
    const end = await run(`
      telemetry.meter.createCounter('good').add(1, { fine: 'yes' });
      telemetry.meter.createCounter('bad').add(1, { odd: () => {} });
      telemetry.metrics.add('weather.requests', 1);
    `);
    await end();
    await started.flush();
    expect(last('good')).toHaveLength(1);
    expect(last('bad')).toHaveLength(0);
    expect(last('weather.requests')).toHaveLength(1);
    expect(started.losses()).toEqual([{ signal: 'metrics', reason: 'unreadable', count: 1 }]);
  });

  it('costs nothing and keeps working when telemetry is off', async () => {
    await start('off');
    const end = await run(`
      await withSpan(telemetry, { name: 'outer' }, async (span) => tell(span.spanContext().traceId));
    `);
    expect(await end()).toMatch(/^[0-9a-f]{32}$/);
    expect(batches).toEqual([]);
  });
});

async function start(mode = 'embedded', metricIntervalMs = 600_000): Promise<void> {
  batches = [];
  const config = readStartConfig({
    TRACEPOST_TELEMETRY: mode,
    TRACEPOST_INSTANCE_ID: 'box-1',
    TRACEPOST_METRIC_INTERVAL_MS: String(metricIntervalMs),
  });
  started = await startTelemetry(config);
  started.attach({
    accept: async (batch) => {
      batches.push(batch);
      return { status: 'taken', refused: [] };
    },
  });
}

let files = 0;

/** Runs the body in a thread with telemetry, until it has ended or said something; what is returned ends it and gives what it said. */
async function run(body: string): Promise<() => Promise<unknown>> {
  const file = join(folder, `thread-${++files}.ts`);
  await writeFile(
    file,
    `import { parentPort, workerData } from 'node:worker_threads';
    import { createTelemetry, withSpan } from '${ROOM}/index.ts';
    import { startThreadTelemetry } from '${ROOM}/start/thread/index.ts';
    const threads = startThreadTelemetry(workerData);
    const telemetry = createTelemetry({ serviceName: 'tracepost-agents' });
    const tell = (word) => parentPort.postMessage(word);
    ${body}
    await threads.flush();
    tell('ended');`,
  );
  const channel = started.openThreadChannel();
  const thread = new Worker(file, { workerData: channel.data, transferList: [...channel.transferList], execArgv: [] });
  threads.push(thread);
  thread.on('error', () => {});
  const [said] = await Promise.race([once(thread, 'message'), once(thread, 'exit')]);
  return async () => {
    await thread.terminate();
    channel.close();
    channel.close();
    return said;
  };
}

function all<K extends keyof SignalBatch>(signal: K): SignalBatch[K][number][] {
  return batches.flatMap((batch): readonly SignalBatch[K][number][] => batch[signal]);
}

/** The points of the last collection that had any of that name. */
function last(name: string): MetricSignal[] {
  const points = all('metrics').filter((point) => point.name === name);
  const newest = points.at(-1)?.timeUnixNano;
  return points.filter(({ timeUnixNano }) => timeUnixNano === newest);
}
