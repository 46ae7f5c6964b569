import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TaskEvent, TaskEventKind, TaskSummary } from '@tracepost/contracts';
import { openPostgresRecordStore, openSqliteRecordStore } from '@tracepost/store-sql';
import { createTelemetry } from '@tracepost/telemetry';
import { v7 } from 'uuid';
import { startBenchPostgres } from './harness/postgres.ts';
import { machine, writeResult } from './harness/report.ts';
import { median } from './harness/statistics.ts';

// How many events the record takes a second, in the batches in which the recorder writes them.
const TASKS = 2_000;
const BATCH = 200;
const ROUNDS = 5;
const KINDS: readonly TaskEventKind[] = ['accepted', 'started', 'succeeded'];
const telemetry = createTelemetry({ serviceName: 'bench' });
const postgres = await startBenchPostgres();
const folder = await mkdtemp(join(tmpdir(), 'tracepost-bench-'));
const stores = {
  SQLite: await openSqliteRecordStore({ path: join(folder, 'records.db'), telemetry }),
  Postgres: await openPostgresRecordStore({ ...postgres, host: '127.0.0.1', telemetry, waitMs: 30_000 }),
};
try {
  const rows: string[] = [];
  for (const [name, store] of Object.entries(stores)) {
    const rates: number[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const events = makeEvents();
      const began = performance.now();
      for (let start = 0; start < events.length; start += BATCH)
        await store.applyTaskEvents(events.slice(start, start + BATCH));
      // The first round is for warming up.
      if (round > 0) rates.push(events.length / ((performance.now() - began) / 1_000));
    }
    rows.push(
      `| ${name} | ${Math.round(median(rates))} | ${Math.round(median(rates) / KINDS.length)} | ${rates.map(Math.round).join(' ')} |`,
    );
  }
  writeResult(
    'recorder',
    [
      '# How many events does the record take a second?',
      '',
      machine(),
      '',
      '| store | events per second, median | tasks per second | rounds |',
      '| --- | ---: | ---: | --- |',
      ...rows,
      '',
      `- ${TASKS} tasks a round with ${KINDS.join(', ')}, in the order in which they come when many tasks are under way; batches of ${BATCH}, as the recorder writes them, one after the other.`,
      '- Durable: SQLite with synchronous FULL, Postgres with its defaults; nothing pinned to a core. No baseline: a number to compare with what a fleet sends.',
      '',
    ].join('\n'),
  );
} finally {
  await Promise.all(Object.values(stores).map((store) => store.close()));
  await postgres.stop();
}

function makeEvents(): TaskEvent[] {
  const now = Date.now();
  const tasks = Array.from({ length: TASKS }, () => v7());
  return KINDS.flatMap((kind, step) => tasks.map((taskId, index) => makeEvent(taskId, kind, now + index + 5 * step)));
}

function makeEvent(taskId: string, kind: TaskEventKind, atMs: number): TaskEvent {
  const at = new Date(atMs).toISOString();
  const task: TaskSummary = {
    taskId,
    agentId: 'bench',
    notificationType: 'bench.work',
    tenantId: 'default',
    priority: 'normal',
    acceptedAt: at,
    source: 'bench',
    sessionId: null,
    correlationId: taskId,
    traceId: taskId.replaceAll('-', ''),
    parentTaskId: null,
  };
  const attempt = { number: 1, startedAt: at, queueWaitMs: 1, workerId: 'bench', spanId: null };
  const ending = { attempt: { ...attempt, endedAt: at, runMs: 2 }, result: { text: 'x'.repeat(200) } };
  return {
    eventId: `${taskId}-${kind}`,
    kind,
    at,
    by: 'bench',
    task,
    ...(kind === 'started' ? { attempt } : kind === 'succeeded' ? ending : {}),
  };
}
