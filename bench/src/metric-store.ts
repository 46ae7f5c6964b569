import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MetricSignal } from '@tracepost/contracts';
import { createInfluxStores } from '@tracepost/store-influx';
import { openLocalSignalStore } from '@tracepost/store-local';
import type { MetricQuestion, MetricStore } from '@tracepost/stores';
import { createTelemetry } from '@tracepost/telemetry';
import { startInfluxDb } from '@tracepost/testing';
import { machine, writeResult } from './harness/report.ts';
import { median, thirdLowest } from './harness/statistics.ts';

// How fast points are stored, and what p99 over 30 days and a million points of a histogram costs; and, embedded, what such questions cost
// those who write meanwhile (P22).
const DAYS = Number(process.env.BENCH_DAYS ?? 30);
const ROUTES = 4;
const INSTANCES = 6;
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const BATCH = 2_000;
const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 12);
const ROUND_MS = 3_000;

const END = Math.floor(Date.now() / MINUTE) * MINUTE - 17 * MINUTE;
const BEGIN = END - DAYS * DAY;
const telemetry = createTelemetry({ serviceName: 'bench', terminalLevel: 'silent' });
const folder = await mkdtemp(join(tmpdir(), 'tracepost-bench-'));
await using influxDb = await startInfluxDb();
const stores: Record<string, { readonly metrics: MetricStore; close(): Promise<void> }> = {
  SQLite: await openLocalSignalStore({ path: join(folder, 'telemetry.db'), telemetry }),
  InfluxDB: createInfluxStores({ ...influxDb, telemetry, timeoutMs: 60_000 }),
};
const rows: string[] = [];
try {
  for (const [name, { metrics }] of Object.entries(stores)) {
    const fresh = await writeFresh(metrics);
    const backfill = await writeMonth(metrics);
    const rollUp = await timed(() => metrics.rollUp(new Date(END)));
    const questions = await askAll(metrics);
    rows.push(
      `| ${name} | ${fresh} | ${backfill.perSecond} | ${(rollUp.ms / 1_000).toFixed(1)} | ${questions.map((ms) => ms.toFixed(0)).join(' | ')} |`,
    );
    console.log(rows.at(-1));
  }
  const p22 = await measureP22(stores.SQLite?.metrics as MetricStore);
  writeResult(
    'metric-store',
    [
      '# How fast are points of metrics stored, and what does p99 over 30 days cost?',
      '',
      machine(),
      '',
      `| store | points/s as they come | points/s, ${DAYS} days late | roll-up of ${DAYS} days, s | p99 of ${DAYS} days, ms | p99 by route, ms | p99 of each day by route, ms | p99 of 24 h by 5 min, ms |`,
      '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
      ...rows,
      '',
      `- ${(DAYS * 1_440 * ROUTES * INSTANCES).toLocaleString('en')} points of a histogram with ${BOUNDS.length} bounds, ${ROUTES * INSTANCES} series, one a minute; batches of ${BATCH}, one after the other. Late: every point marks its hour to be put together.`,
      '- The range begins and ends within an hour, so whole hours are read as they were put together and the edges as points. Median of five, after one for warming up.',
      '- InfluxDB runs in a container on the same cores. No baseline: the limit is 2,000 ms.',
      '',
      '## P22: what does whoever writes lose while such questions are asked, embedded?',
      '',
      ...p22,
      '',
    ].join('\n'),
  );
} finally {
  await Promise.all(Object.values(stores).map((store) => store.close()));
  await rm(folder, { recursive: true });
}

/** Points per second that come with the present time, as from programs that run now. */
async function writeFresh(metrics: MetricStore): Promise<number> {
  const batches = Array.from({ length: 10 }, (_, batch) =>
    Array.from({ length: BATCH }, (_, index) => point('bench.fresh', Date.now() + batch, index)),
  );
  const rates: number[] = [];
  for (const batch of batches) {
    const { ms } = await timed(() => must(metrics, batch));
    rates.push(BATCH / (ms / 1_000));
  }
  return Math.round(median(rates.slice(1)));
}

async function writeMonth(metrics: MetricStore): Promise<{ readonly perSecond: number }> {
  const series = ROUTES * INSTANCES;
  let batch: MetricSignal[] = [];
  let ms = 0;
  let count = 0;
  const flush = async () => {
    const took = await timed(() => must(metrics, batch));
    ms += took.ms;
    count += batch.length;
    batch = [];
  };
  for (let at = BEGIN; at < END; at += MINUTE) {
    for (let index = 0; index < series; index++) batch.push(point('bench.duration', at, index));
    if (batch.length + series > BATCH) await flush();
  }
  await flush();
  return { perSecond: Math.round(count / (ms / 1_000)) };
}

/** Of a series that counts up evenly, so that every percentile is known. */
function point(name: string, atMs: number, index: number): MetricSignal {
  const passed = Math.max(1, Math.round((atMs - BEGIN) / MINUTE));
  const bucketCounts = [...BOUNDS, Number.POSITIVE_INFINITY].map((_, place) => passed * (place + 1));
  const count = bucketCounts.reduce((sum, one) => sum + one, 0);
  return {
    origin: {
      service: 'bench',
      resource: { 'service.instance.id': `i-${Math.floor(index / ROUTES)}` },
      scopeName: 'bench',
      scopeVersion: '1',
    },
    name,
    unit: 's',
    description: 'How long it took',
    attributes: { 'http.route': `/r${index % ROUTES}`, 'http.request.method': 'POST' },
    startTimeUnixNano: BigInt(BEGIN - MINUTE) * 1_000_000n,
    timeUnixNano: BigInt(atMs) * 1_000_000n,
    data: {
      type: 'histogram',
      temporality: 'cumulative',
      count,
      sum: count / 3,
      min: 0.001,
      max: 12,
      bounds: BOUNDS,
      bucketCounts,
    },
  };
}

function question(fields: Partial<MetricQuestion>): MetricQuestion {
  return {
    name: 'bench.duration',
    from: new Date(BEGIN + 7 * MINUTE),
    to: new Date(END),
    everyMs: null,
    groupBy: [],
    where: {},
    aggregation: 'P99',
    ...fields,
  };
}

async function askAll(metrics: MetricStore): Promise<number[]> {
  const byRoute = ['http.route'];
  const asked = [
    question({}),
    question({ groupBy: byRoute }),
    question({ groupBy: byRoute, everyMs: DAY }),
    question({ groupBy: byRoute, everyMs: 5 * MINUTE, from: new Date(END - DAY) }),
  ];
  const times: number[] = [];
  for (const one of asked) {
    const all: number[] = [];
    for (let round = 0; round <= 5; round++) {
      const { ms, value } = await timed(() => metrics.queryMetric(one));
      if (value.status !== 'answered' || value.sampleCount === 0) throw new Error('the question was not answered');
      if (round > 0) all.push(ms);
    }
    times.push(median(all));
  }
  return times;
}

/** Rounds of writing alone (A), while one p99 of 30 days a second is asked (B), and alone again (A'). */
async function measureP22(metrics: MetricStore): Promise<string[]> {
  const rounds = { alone: [] as number[], again: [] as number[], asked: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    const order = round % 2 === 0 ? (['alone', 'asked', 'again'] as const) : (['again', 'asked', 'alone'] as const);
    for (const variant of order) rounds[variant].push(await writeFor(metrics, variant === 'asked'));
  }
  const ratios = rounds.asked.map((rate, index) => rate / (rounds.alone[index] ?? Number.NaN));
  const same = rounds.again.map((rate, index) => rate / (rounds.alone[index] ?? Number.NaN));
  return [
    '| points per second | median |',
    '| --- | ---: |',
    `| alone | ${Math.round(median(rounds.alone))} |`,
    `| while a p99 of ${DAYS} days is asked each second | ${Math.round(median(rounds.asked))} |`,
    '',
    `Kept: median ${median(ratios).toFixed(3)}, third-lowest of ${ROUNDS} ${thirdLowest(ratios).toFixed(3)} (floor 0.70, goal 0.90). A/A: ${median(same).toFixed(3)}.`,
    '',
    '- Writer and asker share one process and its event loop, as embedded; points go to the store directly, so the work of receiving them is not in the figure and the loss is larger than that of a receiver.',
    '',
    ...Object.entries(rounds).map(([name, all]) => `- ${name}: ${all.map((rate) => Math.round(rate)).join(' ')}`),
  ];
}

async function writeFor(metrics: MetricStore, isAsked: boolean): Promise<number> {
  const until = performance.now() + ROUND_MS;
  const asking = isAsked ? askUntil(metrics, until) : Promise.resolve();
  let count = 0;
  const began = performance.now();
  while (performance.now() < until) {
    const at = Date.now();
    await must(
      metrics,
      Array.from({ length: BATCH }, (_, index) => point('bench.load', at, index)),
    );
    count += BATCH;
  }
  const rate = count / ((performance.now() - began) / 1_000);
  await asking;
  return rate;
}

async function askUntil(metrics: MetricStore, until: number): Promise<void> {
  while (performance.now() < until) {
    const next = performance.now() + 1_000;
    await metrics.queryMetric(question({ groupBy: ['http.route'] }));
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())));
  }
}

async function must(metrics: MetricStore, points: readonly MetricSignal[]): Promise<void> {
  const answer = await metrics.writeMetrics(points);
  if (answer.status !== 'taken' || answer.refused.length > 0) throw new Error(`not stored: ${JSON.stringify(answer)}`);
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly ms: number; readonly value: T }> {
  const began = performance.now();
  const value = await work();
  return { ms: performance.now() - began, value };
}
