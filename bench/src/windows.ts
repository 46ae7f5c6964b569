import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSketch, rankOf, type Sketch } from '@tracepost/analysis';
import { NO_USAGE, type TaskEvent } from '@tracepost/contracts';
import { openPostgresRecordStore, openSqliteRecordStore, type SqlStores } from '@tracepost/store-sql';
import { figuresOf } from '@tracepost/stores';
import { createTelemetry } from '@tracepost/telemetry';
import { v7 } from 'uuid';
import { startBenchPostgres } from './harness/postgres.ts';
import { machine, writeResult } from './harness/report.ts';
import { median } from './harness/statistics.ts';

// P23 and P25: how far a percentile is from the right one, and whether merging changes it. P26: how much sooner a sketch
// answers than sorting does. And how long a window of 30 days takes that a million tasks ended in.
const TASKS = Number(process.env.BENCH_TASKS ?? 1_000_000);
const BATCH = 200;
const DAYS = 30;
const DAY_MS = 86_400_000;
const READS = 21;
const SHARES = [0, 0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1];
const telemetry = createTelemetry({ serviceName: 'bench' });

/** Milliseconds from a microsecond to seven days. */
const DISTRIBUTIONS: Readonly<Record<string, () => number>> = {
  'evenly over all powers': () => 10 ** (-3 + Math.random() * 11.78),
  'evenly from 0 to 1 s': () => 1_000 * Math.random(),
  'long tail (Pareto)': () => Math.min(0.001 / (1 - Math.random()) ** 2, 7 * DAY_MS),
  'two humps': () => (Math.random() < 0.9 ? 40 + 10 * Math.random() : 5_000 + 500 * Math.random()),
  'all the same': () => 1_450,
};

const rows = [...accuracy(), mergeCheck(), ...speed()];
const windows = await readWindows();
writeResult(
  'windows',
  [
    '# How exact and how fast are windows?',
    '',
    machine(),
    '',
    '| question | result | floor | goal |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
    `| ${DAYS} days, ${TASKS.toLocaleString('en')} tasks | p99 of a window: median ms | slowest of ${READS} | sorting the times of all tasks: ms | error of p99 |`,
    '| --- | ---: | ---: | ---: | ---: |',
    ...windows,
    '',
    '- P23: a million values of each distribution, between a microsecond and seven days, at each of these shares: ' +
      `${SHARES.join(', ')}; the right value is that of the nearest rank.`,
    '- P26: a minute of a million values in memory; both sides give p50, p95 and p99. Sorting is that of a `Float64Array`.',
    '- The windows begin and end within a minute, so days, hours, minutes and single tasks are read; a different one each time.',
    '- A window reads as many roll-ups of fewer tasks (`BENCH_TASKS`); only at its edges it then reads fewer single ones.',
    `- The machine had a load of ${Math.round(loadavg()[1] ?? 0)} while this ran: with more than two, other work took its share.`,
    '',
  ].join('\n'),
);

function accuracy(): string[] {
  let worst = 0;
  let where = '';
  for (const [name, draw] of Object.entries(DISTRIBUTIONS)) {
    const values = Float64Array.from({ length: 1_000_000 }, draw);
    const sketch = sketchOf(values);
    values.sort();
    for (const share of SHARES) {
      const right = values[rankOf(share, values.length) - 1] ?? Number.NaN;
      const error = Math.abs((sketch.quantile(share) ?? Number.NaN) - right) / right;
      if (!(error <= worst)) [worst, where] = [error, `${name}, at ${share}`];
    }
  }
  return [`| P23: worst relative error | ${(100 * worst).toFixed(3)} % (${where}) | 2 % | 0.8 % |`];
}

function mergeCheck(): string {
  const parts = Array.from({ length: 1_000 }, () =>
    Float64Array.from({ length: 1_000 }, DISTRIBUTIONS['long tail (Pareto)'] ?? Math.random),
  );
  const all = createSketch();
  for (const part of parts) for (const value of part) all.add(value);
  const isSame = [parts, parts.toReversed(), parts.toSorted(() => Math.random() - 0.5)].every((order) => {
    const merged = createSketch();
    for (const part of order) merged.merge(sketchOf(part));
    return Buffer.from(merged.toBytes()).equals(all.toBytes());
  });
  return `| P25: merge of 1,000 windows against all raw data, three orders | ${isSame ? 'the same bytes' : '**not the same bytes**'} | ±1 bucket | the same bytes |`;
}

function speed(): string[] {
  const ratios: number[] = [];
  let bytes = 0;
  for (let round = 0; round <= 12; round++) {
    const values = Float64Array.from({ length: 1_000_000 }, DISTRIBUTIONS['long tail (Pareto)'] ?? Math.random);
    const answer = { bySorting: 0, bySketch: 0 };
    const sorting = () => {
      const sorted = values.toSorted();
      for (const share of [0.5, 0.95, 0.99]) answer.bySorting += sorted[rankOf(share, sorted.length) - 1] ?? 0;
    };
    const sketching = () => {
      const sketch = sketchOf(values);
      for (const share of [0.5, 0.95, 0.99]) answer.bySketch += sketch.quantile(share) ?? 0;
      bytes = sketch.toBytes().length;
    };
    const [a, b] = round % 2 === 0 ? [timed(sorting), timed(sketching)] : [timed(sketching), timed(sorting)].reverse();
    if (Math.abs(answer.bySketch / answer.bySorting - 1) > 0.008) throw new Error('The two do not agree');
    // The first round is for warming up.
    if (round > 0) ratios.push((a ?? Number.NaN) / (b ?? Number.NaN));
  }
  const sorted = ratios.toSorted((a, b) => a - b);
  return [
    `| P26: roll-up of 1M values, times faster than sorting | median ${median(ratios).toFixed(1)}, third-lowest of 12 ${(sorted[2] ?? Number.NaN).toFixed(1)}; ${bytes} bytes | 2 | 10, 64 KB |`,
  ];
}

async function readWindows(): Promise<string[]> {
  const postgres = await startBenchPostgres();
  const folder = await mkdtemp(join(tmpdir(), 'tracepost-bench-'));
  const stores: Readonly<Record<string, SqlStores>> = {
    SQLite: await openSqliteRecordStore({ path: join(folder, 'records.db'), telemetry }),
    Postgres: await openPostgresRecordStore({ ...postgres, host: '127.0.0.1', telemetry, waitMs: 30_000 }),
  };
  try {
    const lines: string[] = [];
    for (const [name, store] of Object.entries(stores)) {
      const endMs = Math.floor(Date.now() / DAY_MS) * DAY_MS + 9 * 3_600_000 + 12_345;
      const times = await fill(store, endMs - (DAYS + 1) * DAY_MS, endMs);
      const tookMs: number[] = [];
      for (let read = 0; read <= READS; read++) {
        const toMs = endMs - Math.floor(Math.random() * DAY_MS);
        const began = performance.now();
        const window = await store.rollups.readWindow({ agentId: 'bench', fromMs: toMs - DAYS * DAY_MS, toMs });
        const { performance: told } = figuresOf(window);
        if (told.p99ResponseTimeMs === null) throw new Error('The window is empty');
        if (read > 0) tookMs.push(performance.now() - began);
      }
      const whole = await store.rollups.readWindow({ agentId: 'bench', fromMs: 0, toMs: endMs });
      const sorting = timed(() => void times.sort());
      const right = times[rankOf(0.99, times.length) - 1] ?? Number.NaN;
      const error = Math.abs((whole.responseTimes.quantile(0.99) ?? Number.NaN) - right) / right;
      if (whole.responseTimes.count !== TASKS) throw new Error(`${whole.responseTimes.count} of ${TASKS} were counted`);
      lines.push(
        `| ${name} | ${median(tookMs).toFixed(1)} | ${Math.max(...tookMs).toFixed(1)} | ${sorting.toFixed(0)} (already in memory) | ${(100 * error).toFixed(3)} % |`,
      );
    }
    return lines;
  } finally {
    await Promise.all(Object.values(stores).map((store) => store.close()));
    await postgres.stop();
    await rm(folder, { recursive: true });
  }
}

/** One event a task is enough: its ending. Gives the response times. */
async function fill(store: SqlStores, fromMs: number, toMs: number): Promise<Float64Array> {
  const times = new Float64Array(TASKS);
  let batch: TaskEvent[] = [];
  for (let index = 0; index < TASKS; index++) {
    const responseMs = Math.round(20 / (1 - Math.random()) ** 0.7);
    times[index] = responseMs;
    batch.push(ending(fromMs + ((toMs - fromMs) * index) / TASKS, responseMs));
    if (batch.length === BATCH || index === TASKS - 1) {
      await store.applyTaskEvents(batch);
      batch = [];
    }
  }
  return times;
}

function ending(atMs: number, responseMs: number): TaskEvent {
  const at = new Date(atMs).toISOString();
  const taskId = v7();
  const acceptedAt = new Date(atMs - responseMs).toISOString();
  return {
    eventId: taskId,
    kind: 'succeeded',
    at,
    by: 'bench',
    task: {
      taskId,
      agentId: 'bench',
      notificationType: 'bench.work',
      tenantId: 'default',
      priority: 'normal',
      acceptedAt,
      source: 'bench',
      sessionId: null,
      correlationId: null,
      traceId: null,
      parentTaskId: null,
    },
    attempt: {
      number: 1,
      startedAt: acceptedAt,
      endedAt: at,
      queueWaitMs: 1,
      runMs: 1,
      workerId: 'bench',
      spanId: null,
    },
    usage: { ...NO_USAGE, costUsd: 0.000097 },
  };
}

function sketchOf(values: Float64Array): Sketch {
  const sketch = createSketch();
  for (const value of values) sketch.add(value);
  return sketch;
}

function timed(work: () => void): number {
  const began = performance.now();
  work();
  return performance.now() - began;
}
