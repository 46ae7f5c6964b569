import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { machine, writeResult } from './harness/report.ts';

// How many bytes of disk one task takes, embedded: its record, its trace, its lines, its place in the queue.
const TASKS = 1_000;
const AT_A_TIME = 20;
const FILES = ['queue.db', 'records.db', 'telemetry.db'] as const;
const WHAT: Readonly<Record<(typeof FILES)[number], string>> = {
  'queue.db': 'its message while it waits, and room that is used again',
  'records.db': 'record, attempts, inbox, key, roll-ups, summary of its trace',
  'telemetry.db': 'spans, lines, points of metrics',
};
const folder = await mkdtemp(join(tmpdir(), 'tracepost-bytes-'));

try {
  // The first tasks make tables, series and free pages that no further one needs.
  await runTasks(TASKS / 4);
  const before = sizes();
  await runTasks(TASKS);
  const after = sizes();
  const rows = FILES.map((file) => ({ file, bytes: ((after.get(file) ?? 0) - (before.get(file) ?? 0)) / TASKS }));
  const sum = rows.reduce((all, { bytes }) => all + bytes, 0);
  writeResult(
    'bytes',
    [
      '# How many bytes does a task take on disk?',
      '',
      machine(),
      '',
      '| file | what of the task lies there | bytes a task |',
      '| --- | --- | ---: |',
      ...rows.map(({ file, bytes }) => `| ${file} | ${WHAT[file]} | ${Math.round(bytes)} |`),
      `| all | | ${Math.round(sum)} |`,
      '',
      `- The one process, ${TASKS} tasks of the weather agent with a simulated forecast: one attempt, one tool, every span, line and metric kept, nothing sampled.`,
      '- Growth of the files between two orderly stops, when logs are folded in; free pages are counted as they lie.',
      `- A million tasks take about ${((sum * 1e6) / 2 ** 30).toFixed(1)} GiB, until retention takes them away.`,
      '',
    ].join('\n'),
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function runTasks(count: number): Promise<void> {
  const [port, otlp] = [await freePort(), 'off'];
  const child = spawn(process.execPath, ['services/standalone/src/main.ts'], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: {
      ...process.env,
      TRACEPOST_PORT: String(port),
      TRACEPOST_OTLP_HTTP_PORT: otlp,
      TRACEPOST_OTLP_GRPC_PORT: otlp,
      TRACEPOST_DATA_DIR: folder,
      TRACEPOST_AGENTS: 'weather',
      TRACEPOST_WEATHER_PROVIDER: 'simulated',
      TRACEPOST_TELEMETRY: 'embedded',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  while ((await fetch(`${url}/health/ready`).catch(() => null))?.status !== 200) {
    if (child.exitCode !== null) throw new Error(`the process ended with ${child.exitCode}`);
    await sleep(50);
  }
  let begun = 0;
  const work = async (): Promise<void> => {
    while (begun++ < count) await runTask(url);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  // What they told is recorded and stored.
  await sleep(3_000);
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

async function runTask(url: string): Promise<void> {
  const body = JSON.stringify({ notificationType: 'weather.forecast', payload: { location: 'Lisbon' } });
  const headers = { 'content-type': 'application/json' };
  const accepted = await fetch(`${url}/api/v1/agents/weather/notify`, { method: 'POST', headers, body });
  if (accepted.status !== 202) throw new Error(`notify answered ${accepted.status}`);
  const { taskId } = (await accepted.json()) as { taskId: string };
  const task = await fetch(`${url}/api/v1/tasks/${taskId}`, { headers: { prefer: 'wait=60' } });
  const { status } = (await task.json()) as { status: string };
  if (status !== 'succeeded') throw new Error(`a task is ${status}`);
}

function sizes(): Map<string, number> {
  return new Map(readdirSync(folder).map((name) => [name, statSync(join(folder, name)).size]));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await once(server.close(), 'close');
  return port;
}
