import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@tracepost/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

let folder: string;
const children: ChildProcess[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tracepost-gateway-main-'));
  await writeFile(join(folder, 'secret'), 'secret');
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

/** The gateway as the full stack starts it; nothing that it needs is there. */
function start(env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['--import', '@tracepost/telemetry/start', 'src/main.ts'], {
    cwd: join(import.meta.dirname, '..'),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      TRACEPOST_TELEMETRY: 'off',
      TRACEPOST_PORT: '0',
      TRACEPOST_RABBITMQ_URL: 'amqp://127.0.0.1:1',
      TRACEPOST_RABBITMQ_PASSWORD_FILE: join(folder, 'secret'),
      TRACEPOST_POSTGRES_HOST: '127.0.0.1',
      TRACEPOST_POSTGRES_PORT: '1',
      TRACEPOST_POSTGRES_PASSWORD_FILE: join(folder, 'secret'),
      TRACEPOST_INFLUXDB_URL: 'http://127.0.0.1:1',
      TRACEPOST_INFLUXDB_TOKEN_FILE: join(folder, 'secret'),
      TRACEPOST_JAEGER_URL: 'http://127.0.0.1:1',
      TRACEPOST_ARTIFACTS_DIR: join(folder, 'artifacts'),
      TRACEPOST_OUTBOX_DIR: join(folder, 'outbox'),
      ...env,
    },
  });
  children.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (output += data));
  return { child, output: () => output, exited: once(child, 'exit') as Promise<[number | null]> };
}

test('the full gateway listens while all that it needs is away, and stops when it is told to', async () => {
  const { child, output, exited } = start();
  const url = await until(() => /listening at (http:\/\/[\d.:]+)/.exec(output())?.[1], {
    timeoutMs: 20_000,
    what: output(),
  });
  expect((await fetch(`${url}/health/live`)).status).toBe(200);
  expect((await fetch(`${url}/health/ready`)).status).toBe(503);
  const refused = await fetch(`${url}/api/v1/agents/weather/notify`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"notificationType":"weather.forecast","payload":{}}',
  });
  // No store has told it of any agent yet: that there is none would be a guess.
  expect(refused.status).toBe(503);
  const started = performance.now();
  child.kill('SIGTERM');
  const [code] = await exited;
  expect(code).toBe(0);
  expect(performance.now() - started).toBeLessThan(10_000);
});

test('it says in one line each what is wrong with its settings, and starts nothing', async () => {
  const { output, exited } = start({ TRACEPOST_PORT: 'many', TRACEPOST_INFLUXDB_TOKEN_FILE: join(folder, 'missing') });
  const [code] = await exited;
  expect(code).not.toBe(0);
  expect(output()).toContain('TRACEPOST_PORT is "many"');
  expect(output()).toContain('TRACEPOST_INFLUXDB_TOKEN_FILE');
  expect(output()).not.toContain('listening');
});

test('on an open address it says what to do, and ends', async () => {
  const { output, exited } = start({ TRACEPOST_HOST: '0.0.0.0' });
  const [code] = await exited;
  expect(code).toBe(1);
  expect(output()).toContain('TRACEPOST_LOCAL_ONLY=1');
});
