import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { machine, writeResult } from './harness/report.ts';
import { median } from './harness/statistics.ts';

// P21: what the one process holds in memory when it has nothing to do. Linux only: it reads /proc.
const ROUNDS = 3;
/** Longer than the minute after which the thread of an agent of ours, unused, is given up; and once V8 has given back what it does not need at rest. */
const IDLE_MS = [80_000, 120_000] as const;
const READY_WITHIN_MS = 120_000;
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'tracepost-p21-'));

interface Held {
  readonly rssMb: number;
  readonly anonymousMb: number;
  readonly threads: Readonly<Record<string, number>>;
}

try {
  // The first start makes the sample, with an image library that stays loaded then, and fills the compile cache, also with what is loaded
  // some seconds after a job, to keep its session.
  await measure([6_000]);
  const rounds: (readonly Held[])[] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push(await measure(IDLE_MS));
  const threads = Object.entries(rounds[0]?.at(-1)?.threads ?? {}).map(([name, count]) => `${count} ${name}`);
  writeResult(
    'P21',
    [
      '# P21: how much memory does the one process hold when it has nothing to do?',
      '',
      machine(),
      '',
      '| | median MB | worst MB | floor | goal |',
      '| --- | ---: | ---: | ---: | ---: |',
      ...IDLE_MS.flatMap((idleMs, at) => rowsOf(idleMs, held(rounds, at))),
      '',
      '- Everything of `npm start`, with its environment: gateway, recorder, analyst, OTLP over gRPC and HTTP, three databases with a thread or two each, OpenTelemetry. Simulated weather,',
      '  warm compile cache.',
      '- No thread of an agent: one of ours starts with a task, and ends when a minute has passed without another. An agent of your own keeps its thread.',
      `- Threads: ${threads.join(', ')}.`,
      '',
      ...IDLE_MS.map(
        (idleMs, at) =>
          `Raw after ${idleMs / 1_000} s, MB: ${held(rounds, at)
            .map(({ rssMb }) => Math.round(rssMb))
            .join(' ')}`,
      ),
      '',
    ].join('\n'),
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}

function held(rounds: readonly (readonly Held[])[], at: number): readonly Held[] {
  return rounds.flatMap((looks) => looks[at] ?? []);
}

function rowsOf(idleMs: number, looks: readonly Held[]): readonly string[] {
  const rss = looks.map(({ rssMb }) => rssMb);
  const anonymous = Math.round(median(looks.map(({ anonymousMb }) => anonymousMb)));
  return [
    `| resident, ${idleMs / 1_000} s after the first job has ended | ${Math.round(median(rss))} | ${Math.round(Math.max(...rss))} | 200 | 120 |`,
    `| of it anonymous: heaps and what native code took | ${anonymous} | | | |`,
  ];
}

/** What it holds so long after its job, in order. */
async function measure(idlesMs: readonly number[]): Promise<readonly Held[]> {
  const child = spawn(process.execPath, ['scripts/run.mjs', 'start'], {
    cwd: root,
    // A group of its own, since what is measured is the child of a child.
    detached: true,
    env: {
      ...process.env,
      TRACEPOST_PORT: '0',
      TRACEPOST_OTLP_GRPC_PORT: '0',
      TRACEPOST_OTLP_HTTP_PORT: '0',
      TRACEPOST_DATA_DIR: folder,
      TRACEPOST_WEATHER_PROVIDER: 'simulated',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  try {
    const url = await untilReady(child);
    await work(url);
    const pid = await pidOf(child);
    const looks: Held[] = [];
    for (const [at, idleMs] of idlesMs.entries()) {
      await sleep(idleMs - (idlesMs[at - 1] ?? 0));
      looks.push(await look(pid));
    }
    return looks;
  } finally {
    child.kill('SIGINT');
    await ended;
  }
}

async function untilReady(child: ChildProcess): Promise<string> {
  let said = '';
  const ready = new Promise<string>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`the process ended before it was ready: ${said}`)));
    // Listened to until the end: a closed pipe would break the process's last words.
    child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      said += part;
      const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(said) ?? [];
      if (url !== undefined && said.includes('/api/docs')) resolve(url);
    });
  });
  const late = sleep(READY_WITHIN_MS, null, { ref: false }).then(() => {
    throw new Error(`it was not ready within ${READY_WITHIN_MS} ms: ${said}`);
  });
  return Promise.race([ready, late]);
}

async function work(url: string): Promise<void> {
  const answer = await fetch(`${url}/api/v1/agents/weather/notify`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ notificationType: 'weather.forecast', payload: { location: 'Lisbon' } }),
  });
  const { taskId } = (await answer.json()) as { taskId: string };
  const record = await fetch(`${url}/api/v1/tasks/${taskId}`, { headers: { prefer: 'wait=30' } });
  await record.arrayBuffer();
}

/** `npm start` runs the process as its child. */
async function pidOf({ pid }: ChildProcess): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return Number(children.trim().split(' ').at(-1));
}

async function look(pid: number): Promise<Held> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const megabytes = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1_024;
  const names = await Promise.all(
    (await readdir(`/proc/${pid}/task`)).map((task) => readFile(`/proc/${pid}/task/${task}/comm`, 'utf8')),
  );
  const threads: Record<string, number> = {};
  for (const name of names) threads[name.trim()] = (threads[name.trim()] ?? 0) + 1;
  return { rssMb: megabytes('VmRSS'), anonymousMb: megabytes('RssAnon'), threads };
}
