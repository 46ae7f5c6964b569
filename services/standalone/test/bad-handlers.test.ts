import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openLocalSignalStore } from '@tracepost/store-local';
import { createTelemetry } from '@tracepost/telemetry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** As a user writes it, in a folder of its own. */
const AGENT = `
import { defineAgent, onNotification } from '@tracepost/agent-kit';
const spin = (ms) => { const end = Date.now() + ms; while (Date.now() < end); };
const deeds = {
  work: async ({ metrics, logger }) => { metrics.add('weather.requests', 1, { 'weather.location': 'test' }); logger.info({}, 'worked'); return 'done'; },
  exit: async ({ metrics, logger }) => { metrics.add('weather.requests', 1, { 'weather.location': 'test' }); logger.info({}, 'last words'); process.exit(7); },
  throwLater: () => { setTimeout(() => { throw new Error('nobody catches me'); }); return new Promise(() => {}); },
  eat: async () => { const held = []; for (;;) held.push(new Array(100_000).fill(Math.random())); },
  spin: async () => spin(5_000),
  hang: () => new Promise(() => {}),
};
export const trouble = defineAgent({
  id: 'trouble',
  description: 'does harm',
  notifications: {
    'deed.wanted': onNotification({
      description: '',
      schema: { type: 'object' },
      retry: { maxAttempts: 2, initialDelayMs: 0 },
      handle: (context, { deed }) => deeds[deed](context),
    }),
  },
});
`;

interface TaskRecord {
  readonly endedAt: string | null;
  readonly attempts: readonly unknown[];
}

let folder: string;
let child: ChildProcess;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tracepost-bad-handlers-'));
  await writeFile(join(folder, 'trouble.ts'), AGENT);
  ({ child, url } = await start());
});
afterAll(async () => {
  if (child.exitCode === null) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

describe('one process with a handler', () => {
  it.each([
    ['ends its process', 'exit', 'dead', 'worker_crashed', 'process_exit'],
    ['throws where nobody catches', 'throwLater', 'dead', 'worker_crashed', 'nobody catches me'],
    ['eats its memory', 'eat', 'dead', 'worker_crashed', 'its heap grew past 64 MiB'],
    ['holds up its event loop', 'spin', 'timed_out', 'timed_out', 'longer than 1000 ms'],
    ['never settles', 'hang', 'timed_out', 'timed_out', 'longer than 1000 ms'],
  ])(
    'that %s goes on, and the task ends with its history',
    { timeout: 60_000 },
    async (_what, deed, status, code, words) => {
      const bad = await notify('trouble', 'deed.wanted', { deed });
      const neighbour = await notify('weather', 'weather.forecast', { location: 'Lisbon' });
      expect(await ending(neighbour)).toMatchObject({ status: 'succeeded' });
      const record = await ending(bad);
      expect(record).toMatchObject({ status, error: { code, message: expect.stringContaining(words) } });
      expect(record.attempts).toMatchObject([
        { number: 1, error: { code } },
        { number: 2, error: { code } },
      ]);
      expect((await fetch(`${url}/health/ready`)).status).toBe(200);
      expect(await ending(await notify('trouble', 'deed.wanted', { deed: 'work' }))).toMatchObject({ result: 'done' });
      expect(child.exitCode).toBeNull();
    },
  );

  it('tells what its threads said and why they ended, and stops within two seconds', { timeout: 60_000 }, async () => {
    const stopping = performance.now();
    const ended = once(child, 'exit');
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    expect(performance.now() - stopping).toBeLessThan(2_000);

    const telemetry = createTelemetry({ serviceName: 'test' });
    const { metrics, logs } = await openLocalSignalStore({ path: join(folder, 'data', 'telemetry.db'), telemetry });
    const range = { from: new Date(Date.now() - 3_600_000), to: new Date(Date.now() + 60_000) };
    const points = await metrics.readPoints({ name: 'weather.requests', ...range, limit: 1_000 });
    const counted = points.filter(({ attributes }) => attributes['weather.location'] === 'test');
    // Five good deeds, and the two that ended their process: in one series, which no restart of a thread began anew.
    expect(Math.max(...counted.map(({ fields }) => fields.counter ?? 0))).toBe(7);
    expect(new Set(counted.map(({ attributes }) => JSON.stringify(attributes))).size).toBe(1);

    const ends = await metrics.readPoints({ name: 'tracepost.agent.thread.ends', ...range, limit: 1_000 });
    const reasons = new Map(
      ends.toReversed().map(({ attributes, fields }) => [attributes['tracepost.reason'], fields.counter]),
    );
    expect(Object.fromEntries(reasons)).toEqual({
      process_exit: 2,
      uncaught_exception: 2,
      out_of_memory: 2,
      unresponsive: 2,
    });
    expect(await logs.queryLogs({ text: 'last words', ...range, limit: 10 })).toHaveLength(2);
    await metrics.close();
  });
});

async function start(): Promise<{ child: ChildProcess; url: string }> {
  const started = spawn(process.execPath, [MAIN], {
    env: {
      ...process.env,
      TRACEPOST_TELEMETRY: 'embedded',
      TRACEPOST_METRIC_INTERVAL_MS: '500',
      TRACEPOST_PORT: '0',
      TRACEPOST_DATA_DIR: join(folder, 'data'),
      TRACEPOST_WEATHER_PROVIDER: 'simulated',
      TRACEPOST_AGENTS: 'weather',
      TRACEPOST_AGENT_FILES: join(folder, 'trouble.ts'),
      TRACEPOST_HANDLER_HEAP_MB: '64',
      TRACEPOST_LOG_LEVEL: 'silent',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let told = '';
  // Listened to until the end: a closed pipe would break the process's last words.
  const address = await new Promise<string>((resolve, reject) => {
    started.once('exit', () => reject(new Error(`it did not start: ${told}`)));
    started.stdout.setEncoding('utf8').on('data', (part: string) => {
      told += part;
      const [found] = /http:\/\/127\.0\.0\.1:\d+/.exec(told) ?? [];
      if (found !== undefined) resolve(found);
    });
  });
  return { child: started, url: address };
}

async function notify(agentId: string, notificationType: string, payload: unknown): Promise<string> {
  const response = await fetch(`${url}/api/v1/agents/${agentId}/notify`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ notificationType, payload, timeoutMs: 1_000 }),
  });
  expect(response.status).toBe(202);
  return ((await response.json()) as { taskId: string }).taskId;
}

async function ending(taskId: string): Promise<TaskRecord> {
  for (;;) {
    const response = await fetch(`${url}/api/v1/tasks/${taskId}`, { headers: { prefer: 'wait=20' } });
    const record = (await response.json()) as TaskRecord;
    if (record.endedAt !== null) return record;
  }
}
