import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LedgerRow, StatusView } from '@tracepost/contracts';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

let folder: string;
let url: string;
let child: ChildProcess;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tracepost-killed-'));
  await start();
}, 90_000);

afterEach(async () => {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  await rm(folder, { recursive: true, force: true });
});

it('a process that is killed takes along what waited in it: the next one says how much', {
  timeout: 120_000,
}, async () => {
  let isOver = false;
  const load = (async () => {
    while (!isOver) await Promise.all(Array.from({ length: 10 }, notify)).catch(() => {});
  })();
  // Under load something waits at every report.
  await vi.waitFor(async () => expect((await spans()).underWay).toBeGreaterThan(0), { timeout: 30_000, interval: 50 });
  const killed = once(child, 'exit');
  child.kill('SIGKILL');
  await killed;
  isOver = true;
  await load;

  await start();
  const row = await vi.waitFor(
    async () => {
      const row = await spans();
      expect(row).toMatchObject({ underWay: 0, unaccounted: expect.any(Number) });
      expect(row.unaccounted).toBeGreaterThan(0);
      return row;
    },
    { timeout: 60_000, interval: 200 },
  );
  expect(row.produced).toBe(row.stored + row.dropped + row.unaccounted);
});

it('a process that stops in good order takes nothing along', { timeout: 120_000 }, async () => {
  for (let round = 0; round < 5; round += 1) await Promise.all(Array.from({ length: 10 }, notify));
  const stopped = once(child, 'exit');
  child.kill('SIGTERM');
  await stopped;
  await start();
  await notify();
  const row = await vi.waitFor(
    async () => {
      const row = await spans();
      expect(row).toMatchObject({ underWay: 0, unaccounted: 0, dropped: 0 });
      // What the process before made stands in it.
      expect(row.produced).toBeGreaterThan(50);
      return row;
    },
    { timeout: 60_000, interval: 200 },
  );
  expect(row.produced).toBe(row.stored);
});

async function start(): Promise<void> {
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  child = spawn(process.execPath, [MAIN], {
    stdio: ['ignore', 'ignore', 'inherit'],
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: {
      PATH: process.env.PATH,
      TRACEPOST_DATA_DIR: join(folder, 'data'),
      TRACEPOST_PORT: String(port),
      TRACEPOST_OTLP_GRPC_PORT: 'off',
      TRACEPOST_OTLP_HTTP_PORT: 'off',
      TRACEPOST_AGENTS: 'weather',
      TRACEPOST_WEATHER_PROVIDER: 'simulated',
      // Often, so that little lies between the last report and the end.
      TRACEPOST_METRIC_INTERVAL_MS: '200',
    },
  });
  await vi.waitFor(async () => expect((await fetch(`${url}/health/ready`)).ok).toBe(true), {
    timeout: 60_000,
    interval: 100,
  });
}

async function notify(): Promise<void> {
  await fetch(`${url}/api/v1/agents/weather/notify`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ notificationType: 'weather.forecast', payload: { location: 'Lisbon' } }),
  });
}

async function spans(): Promise<LedgerRow> {
  const { ledger } = (await (await fetch(`${url}/api/v1/status`)).json()) as StatusView;
  const row = ledger.find(({ signal }) => signal === 'spans');
  if (!row) throw new Error('the ledger has not looked yet');
  return row;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}
