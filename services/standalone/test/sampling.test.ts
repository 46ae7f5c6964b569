import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LedgerRow, StatusView, TaskRecord, TraceView } from '@tracepost/contracts';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const AGENT = `
import { defineAgent, onNotification } from '@tracepost/agent-kit';
export const moody = defineAgent({
  id: 'moody',
  description: 'fails when it is asked to',
  notifications: {
    'mood.wanted': onNotification({
      description: '',
      schema: { type: 'object' },
      retry: { maxAttempts: 1 },
      handle: async (_, { mood }) => { if (mood === 'bad') throw new Error('no'); return 'yes'; },
    }),
  },
});
`;

let folder: string;
let child: ChildProcess;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tracepost-sampling-'));
  await writeFile(join(folder, 'moody.ts'), AGENT);
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
      TRACEPOST_AGENT_FILES: join(folder, 'moody.ts'),
      TRACEPOST_TRACE_KEEP_PERCENT: '0',
      TRACEPOST_TRACE_DECIDE_SECONDS: '3',
      // Under load nothing is to count as slow.
      TRACEPOST_TRACE_SLOW_MS: '60000',
    },
  });
  await until(async () => (await fetch(`${url}/health/ready`)).ok, 60_000);
}, 90_000);

afterAll(async () => {
  if (child.exitCode === null) {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  await rm(folder, { recursive: true, force: true });
});

it('with every ordinary trace left out a failed task keeps its whole trace, records stay, and the ledger is right', {
  timeout: 120_000,
}, async () => {
  const good = await run('good');
  const bad = await run('bad');
  expect([good.status, bad.status]).toEqual(['succeeded', 'failed']);

  const names = await until(async () => {
    const spans = await spansOf(bad.traceId);
    return spans.some((name) => name.startsWith('process ')) && spans;
  }, 30_000);
  expect(names.length).toBeGreaterThan(3);
  const row = await until(async () => {
    const row = await spanRow();
    return row.underWay === 0 && row.sampledOut > 3 && row;
  }, 60_000);
  expect(await spansOf(good.traceId)).toEqual([]);
  expect(row).toMatchObject({ dropped: 0, unaccounted: 0, produced: row.stored + row.sampledOut });
  expect((await status()).losses).toEqual([]);
});

async function run(mood: string): Promise<TaskRecord> {
  const accepted = await fetch(`${url}/api/v1/agents/moody/notify`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ notificationType: 'mood.wanted', payload: { mood } }),
  });
  const { taskId } = (await accepted.json()) as { taskId: string };
  const answer = await fetch(`${url}/api/v1/tasks/${taskId}`, { headers: { prefer: 'wait=30' } });
  return (await answer.json()) as TaskRecord;
}

async function spansOf(traceId: string | null): Promise<string[]> {
  const answer = await fetch(`${url}/api/v1/traces/${traceId}`);
  return answer.ok ? ((await answer.json()) as TraceView).spans.map(({ name }) => name) : [];
}

async function status(): Promise<StatusView> {
  return (await (await fetch(`${url}/api/v1/status`)).json()) as StatusView;
}

async function spanRow(): Promise<LedgerRow> {
  const row = (await status()).ledger.find(({ signal }) => signal === 'spans');
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

/** Asks until there is an answer. */
function until<T>(ask: () => Promise<T | false>, timeout: number): Promise<T> {
  return vi.waitFor(
    async () => {
      const answer = await ask();
      if (answer === false) throw new Error('not yet');
      return answer;
    },
    { timeout, interval: 200 },
  );
}
