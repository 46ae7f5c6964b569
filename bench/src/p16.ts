import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { machine, writeResult } from './harness/report.ts';
import { median } from './harness/statistics.ts';

// P16: from the start of the Node process to the first job accepted, and from Ctrl-C to its end when idle.
const ROUNDS = 12;
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'tracepost-p16-'));
const port = await freePort();
const url = `http://127.0.0.1:${port}/api/v1/agents/weather/notify`;
const body = JSON.stringify({ notificationType: 'weather.forecast', payload: { location: 'Lisbon' } });

interface Times {
  readonly startMs: number;
  readonly stopMs: number;
}

const rounds: Times[] = [];
try {
  // The first start makes the databases, the sample and the compile cache; users start again and again.
  const first = await startAndStop();
  for (let round = 0; round < ROUNDS; round++) rounds.push(await startAndStop());
  const starts = rounds.map((round) => round.startMs);
  const stops = rounds.map((round) => round.stopMs);
  writeResult(
    'P16',
    [
      '# P16: how long until the first job is accepted, and until an idle process has ended?',
      '',
      machine(),
      '',
      '| | median ms | worst of 12 ms | floor | goal |',
      '| --- | ---: | ---: | ---: | ---: |',
      `| start of the Node process to the first 202 | ${Math.round(median(starts))} | ${Math.round(Math.max(...starts))} | 2000 | 700 |`,
      `| SIGINT to the end, idle | ${Math.round(median(stops))} | ${Math.round(Math.max(...stops))} | 2000 | 200 |`,
      '',
      `The very first start, with an empty data folder: ${Math.round(first.startMs)} ms.`,
      '',
      '- Everything of `npm start` in one process: gateway, agents, recorder, analyst, three databases; simulated weather, not pinned to a core.',
      '- A client asks every 5 ms until it gets 202.',
      '',
      `Raw starts: ${starts.map(Math.round).join(' ')}`,
      '',
      `Raw stops: ${stops.map(Math.round).join(' ')}`,
      '',
    ].join('\n'),
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function startAndStop(): Promise<Times> {
  const began = performance.now();
  const child = spawn(process.execPath, ['services/standalone/src/main.ts'], {
    cwd: root,
    env: {
      ...process.env,
      TRACEPOST_PORT: String(port),
      // Open as in any start, on whatever ports are free here.
      TRACEPOST_OTLP_GRPC_PORT: '0',
      TRACEPOST_OTLP_HTTP_PORT: '0',
      TRACEPOST_DATA_DIR: folder,
      TRACEPOST_WEATHER_PROVIDER: 'simulated',
      TRACEPOST_TELEMETRY: 'embedded',
      // As `npm start` sets it.
      NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compile'),
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await untilAccepted(child);
  const startMs = performance.now() - began;
  // Idle: the one task is done, and what it told is stored.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const stopping = performance.now();
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  await ended;
  return { startMs, stopMs: performance.now() - stopping };
}

async function untilAccepted(child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the process ended with ${child.exitCode}`);
    const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body }).catch(
      () => null,
    );
    await answer?.arrayBuffer();
    if (answer?.status === 202) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await once(server.close(), 'close');
  return port;
}
