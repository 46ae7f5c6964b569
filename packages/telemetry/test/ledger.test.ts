import { context, logs, metrics, trace } from '@opentelemetry/api';
import type { MetricSignal, SignalBatch, SignalName, SinkAnswer } from '@tracepost/contracts';
import { afterEach, expect, it, vi } from 'vitest';
import { readStartConfig } from '../src/start/config.ts';
import { startTelemetry, type Tuning } from '../src/start/start-telemetry.ts';

const SIGNALS: readonly SignalName[] = ['spans', 'logs', 'metrics'];
const TAKEN: SinkAnswer = { status: 'taken', refused: [] };
const LATER: SinkAnswer = { status: 'later', reason: 'store_full', retryAfterMs: 1 };
const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  for (const api of [trace, metrics, logs, context]) api.disable();
  vi.restoreAllMocks();
});

it('every collection holds one instant: what was made is what the sink had taken, what was dropped and what waited', async () => {
  const { started, reports } = await given({ itemsPerBatch: 7, waitingBatches: 3 }, (round) =>
    round % 3 === 0 ? LATER : TAKEN,
  );
  for (let round = 0; round < 60; round += 1) {
    make(round % 11);
    // Sometimes it is looked at in the middle of everything.
    if (round % 4 === 0) await new Promise((resolve) => setTimeout(resolve, 3));
    if (round % 5 === 0) await started.flush(20);
  }
  await started.flush(5_000);
  await vi.waitFor(async () => expect(await started.flush(1_000)).toBe(true));
  const all = reports();
  expect(all.length).toBeGreaterThan(3);
  for (const { takenThen, produced, dropped, waiting } of all)
    for (const signal of SIGNALS) expect(produced[signal]).toBe(takenThen[signal] + dropped[signal] + waiting[signal]);
  // The run has seen all of it.
  expect(all.some(({ dropped }) => dropped.spans > 0)).toBe(true);
  expect(all.some(({ waiting }) => waiting.logs > 0)).toBe(true);
});

it('the last collection says that nothing waits any more, since the rest has left before it', async () => {
  const { started, reports } = await given({}, () => TAKEN);
  make(5);
  await started.stop();
  const last = reports().at(-1);
  expect(last).toMatchObject({ produced: { spans: 5, logs: 5 }, waiting: { spans: 0, logs: 0, metrics: 0 } });
});

it('what comes after the stop was made and lost, a collection of metrics with every point', async () => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const { started } = await given({}, () => TAKEN);
  await started.stop();
  make(3);
  expect(started.losses()).toEqual([
    { signal: 'spans', reason: 'after_stop', count: 3 },
    { signal: 'logs', reason: 'after_stop', count: 3 },
  ]);
});

function make(count: number): void {
  for (let at = 0; at < count; at += 1) {
    trace.getTracer('shop').startSpan(`span ${at}`).end();
    logs.getLogger('shop').emit({ body: `line ${at}` });
    metrics.getMeter('shop').createCounter(`carts.${at}`).add(1);
  }
}

type Counts = Record<SignalName, number>;

interface Report {
  readonly takenThen: Counts;
  readonly produced: Counts;
  readonly dropped: Counts;
  readonly waiting: Counts;
}

/** The sink's own count of what it had taken rides in each collection. */
async function given(tuning: Partial<Tuning>, answer: (round: number) => SinkAnswer) {
  const taken: Counts = { spans: 0, logs: 0, metrics: 0 };
  const points: MetricSignal[] = [];
  let round = 0;
  const started = await startTelemetry(
    readStartConfig({ TRACEPOST_TELEMETRY: 'embedded', TRACEPOST_METRIC_INTERVAL_MS: '600000' }),
    { stopTimeoutMs: 500, ...tuning },
  );
  closers.push(() => started.stop());
  // Asked in the same turn as the ledger's own.
  metrics
    .getMeter('witness')
    .createObservableGauge('witness')
    .addCallback((result) => {
      for (const signal of SIGNALS) result.observe(taken[signal], { 'tracepost.signal': signal });
    });
  started.attach({
    accept: async (batch: SignalBatch) => {
      round += 1;
      await new Promise((resolve) => setImmediate(resolve));
      const said = answer(round);
      if (said.status === 'taken') {
        for (const signal of SIGNALS) taken[signal] += batch[signal].length;
        points.push(...batch.metrics);
      }
      return said;
    },
  });
  const reports = (): Report[] => {
    const times = new Set(points.map(({ timeUnixNano }) => timeUnixNano));
    return [...times].map((time) => {
      const read = (name: string): Counts => {
        const counts: Counts = { spans: 0, logs: 0, metrics: 0 };
        for (const point of points) {
          if (point.name !== name || point.timeUnixNano !== time || point.data.type === 'histogram') continue;
          counts[point.attributes['tracepost.signal'] as SignalName] += point.data.value;
        }
        return counts;
      };
      return {
        takenThen: read('witness'),
        produced: read('tracepost.telemetry.produced'),
        dropped: read('tracepost.telemetry.dropped'),
        waiting: read('tracepost.telemetry.waiting'),
      };
    });
  };
  return { started, reports };
}
