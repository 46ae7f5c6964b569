import { readFileSync } from 'node:fs';
import { describeWithDocker, type RunningContainer, startContainer, until, useServer } from '@tracepost/testing';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const base = readFileSync(new URL('../../otel-collector.yaml', import.meta.url), 'utf8');
const overlay = readFileSync(new URL('../sampling/otel-collector.yaml', import.meta.url), 'utf8');

interface Pipelines {
  readonly service: { readonly pipelines: Readonly<Record<string, Readonly<Record<string, string[]>>>> };
}

describe("the collector's files", () => {
  test('sample nothing by themselves, and with the second only what Jaeger keeps, redacted as before', () => {
    const { pipelines } = (parse(base) as Pipelines).service;
    for (const { processors } of Object.values(pipelines)) expect(processors).not.toContain('tail_sampling');
    expect((parse(overlay) as Pipelines).service.pipelines).toEqual({
      traces: { exporters: ['otlp_http/analyst'] },
      'traces/jaeger': {
        receivers: ['otlp'],
        processors: [
          'memory_limiter',
          'tail_sampling',
          'transform/kept',
          ...(pipelines.traces?.processors?.slice(1) ?? []),
        ],
        exporters: ['otlp_grpc/jaeger'],
      },
    });
  });
});

const ENDED = { 'tracepost.task.id': 't-1', 'tracepost.task.status': 'succeeded' };

/** The rules of services/analyst/src/sampling, in the same order. */
const KEPT: Readonly<Record<string, { attributes?: Record<string, unknown>; code?: number; ms?: number }>> = {
  'kept-failed': { attributes: ENDED, code: 2 },
  'kept-attempt-failed': { attributes: { ...ENDED, 'tracepost.task.status': 'retrying' } },
  'kept-timed-out': { attributes: { ...ENDED, 'tracepost.task.status': 'timed_out' } },
  'kept-slow': { attributes: ENDED, ms: 5_000 },
  'kept-expensive': { attributes: { ...ENDED, 'tracepost.cost_usd': 0.1 } },
  'kept-looped': { attributes: { ...ENDED, 'tracepost.task.stop_reason': 'loop_detected' } },
  'kept-tenant': { attributes: { ...ENDED, 'tracepost.tenant.id': 'gold' } },
  'kept-unfinished': { attributes: { 'tracepost.task.id': 't-2' } },
};

describeWithDocker('the collector that samples', () => {
  const collector = useServer(startCollector);

  test('keeps whole what failed, was slow, expensive, stopped, unfinished or of a tenant of note, and leaves out the rest', async () => {
    const ordinary = Array.from({ length: 20 }, (_, at) => [`ordinary-${at}`, { attributes: ENDED }] as const);
    const traces = [...ordinary, ...Object.entries(KEPT)];
    for (const [name, special] of traces) await send([span(name, {}), span(name, special)]);
    const all = traces.map(([name]) => name);
    const kept = Object.keys(KEPT);
    const { count, stop } = await follow();
    await until(() => kept.every((name) => count('debug/jaeger', name) === 2), {
      what: 'the kept traces',
      timeoutMs: 40_000,
    }).finally(stop);
    // Theirs came first, and were decided on first.
    expect(ordinary.filter(([name]) => count('debug/jaeger', name) > 0)).toEqual([]);
    // Nobody else's way is sampled.
    expect(all.filter((name) => count('debug/analyst', name) !== 2)).toEqual([]);
  });

  test('keeps a task that fails in a trace that was left out, and what comes after it', async () => {
    const trace = 'left-out-first';
    const of = (name: string, special: (typeof KEPT)[string] = {}) => ({ ...span(trace, special), name });
    const { count, stop } = await follow();
    try {
      await send([of('well', { attributes: ENDED }), of('well')]);
      // One that is kept tells when those beside it were decided on.
      for (const other of ['left-out-1', 'left-out-2']) {
        await send([span(other, { attributes: ENDED }), span(`kept-${other}`, { code: 2 })]);
        await until(() => count('debug/jaeger', `kept-${other}`) === 1, { what: `kept-${other}`, timeoutMs: 20_000 });
      }
      await send([of('failing', { attributes: { 'tracepost.task.id': 't-2' } })]);
      await send([of('failing', { attributes: { 'tracepost.task.id': 't-2', 'tracepost.task.status': 'failed' } })]);
      await until(() => count('debug/jaeger', 'failing') === 2, { what: 'the failed task', timeoutMs: 20_000 });
      await send([of('after')]);
      await until(() => count('debug/jaeger', 'after') === 1, { what: 'what came after it', timeoutMs: 20_000 });
      expect(count('debug/jaeger', 'well')).toBe(0);
    } finally {
      stop();
    }
  });

  test('tells how many spans it let through, in the words that the ledger asks for', async () => {
    await send([span('kept-and-told', { code: 2 })]);
    const { text, stop } = await follow();
    // Its own metrics, every ten seconds.
    const told = () =>
      /Name: otelcol_processor_outgoing_items.*?processor: Str\(transform\/kept\).*?Value: (\d+)/s.exec(text());
    await until(() => Number(told()?.[1]) > 0, { what: 'its word', timeoutMs: 30_000 }).finally(stop);
  });

  async function send(spans: readonly unknown[]): Promise<void> {
    const answer = await fetch(`http://127.0.0.1:${collector().port(4318)}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }),
    });
    expect(answer.status, await answer.text()).toBe(200);
  }

  /** What it prints, and how often a span of that name went that way. */
  async function follow(): Promise<{ text(): string; count(way: string, name: string): number; stop(): void }> {
    let printed = '';
    const stream = await collector().started.logs();
    stream.on('data', (part: Buffer | string) => {
      printed += String(part);
    });
    const count = (way: string, name: string): number =>
      printed
        .split('\n')
        .filter((line) => line.includes(`"${way}"`))
        .reduce((sum, line) => sum + line.split(`\\n${name} `).length - 1, 0);
    return { text: () => printed, count, stop: () => void stream.destroy() };
  }
});

let spans = 0;

function span(trace: string, { attributes = {}, code = 0, ms = 1 }: (typeof KEPT)[string]): object {
  spans += 1;
  const start = BigInt(Date.now()) * 1_000_000n;
  return {
    traceId: Buffer.from(trace.padEnd(16, '.').slice(-16)).toString('hex'),
    spanId: spans.toString(16).padStart(16, '0'),
    name: trace,
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + BigInt(ms) * 1_000_000n),
    attributes: Object.entries(attributes).map(([key, value]) => ({
      key,
      value: typeof value === 'number' ? { doubleValue: value } : { stringValue: value },
    })),
    status: { code },
  };
}

function startCollector(): Promise<RunningContainer> {
  return startContainer({
    image: 'otel/opentelemetry-collector-contrib:0.155.0',
    ports: [4318],
    command: [
      '--config=/etc/tracepost/otel-collector.yaml',
      '--config=/etc/tracepost/sampling/otel-collector.yaml',
      '--config=yaml:exporters::debug/analyst::verbosity: normal',
      '--config=yaml:exporters::debug/jaeger::verbosity: normal',
      '--config=yaml:exporters::debug/metrics::verbosity: detailed',
      '--config=yaml:service::pipelines::metrics::exporters: [debug/metrics]',
      '--config=yaml:service::pipelines::traces::exporters: [debug/analyst]',
      '--config=yaml:service::pipelines::traces/jaeger::exporters: [debug/jaeger]',
    ],
    environment: {
      TRACEPOST_TRACE_KEEP_PERCENT: '0',
      TRACEPOST_TRACE_KEEP_TENANTS: 'silver,gold',
      TRACEPOST_TRACE_DECIDE_SECONDS: '2',
    },
    files: [
      { target: '/etc/tracepost/otel-collector.yaml', content: base },
      { target: '/etc/tracepost/sampling/otel-collector.yaml', content: overlay },
      { target: '/run/tracepost/ingest-token', content: 'token-of-the-tests' },
    ],
    tmpfs: { '/var/lib/otelcol': 'rw,uid=10001,gid=10001' },
    waitFor: (wait) => wait.forLogMessage(/Everything is ready/),
  });
}
