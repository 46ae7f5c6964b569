import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lockFolder } from '@tracepost/sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

let folder: string;
let taken: Server;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tracepost-start-'));
  taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
});

afterEach(async () => {
  await once(taken.close(), 'close');
  await rm(folder, { recursive: true, force: true });
});

it('a taken port is one sentence with the port and its variable', async () => {
  const { port } = taken.address() as AddressInfo;
  const { code, told } = await start({ TRACEPOST_PORT: String(port) });
  expect(code).toBe(1);
  expect(told).toContain(String(port));
  expect(told).toContain('TRACEPOST_PORT');
  expect(told.split('\n')).toHaveLength(1);
});

it.each(['TRACEPOST_OTLP_GRPC_PORT', 'TRACEPOST_OTLP_HTTP_PORT'])(
  'a taken port of OTLP is one sentence with the port and %s',
  async (variable) => {
    const { port } = taken.address() as AddressInfo;
    const { code, told } = await start({ TRACEPOST_PORT: '0', [variable]: String(port) });
    expect(code).toBe(1);
    expect(told).toContain(String(port));
    expect(told).toContain(variable);
    expect(told.split('\n')).toHaveLength(1);
  },
);

it('a second process on the same folder is one sentence with the pid of the first', async () => {
  const lock = await lockFolder(folder);
  const { code, told } = await start({ TRACEPOST_PORT: '0' });
  await lock.release();
  expect(code).toBe(1);
  expect(told).toContain(String(process.pid));
  expect(told.split('\n')).toHaveLength(1);
});

it('a data folder that cannot be one is one sentence with its path', async () => {
  const file = join(folder, 'a-file');
  await writeFile(file, '');
  const { code, told } = await start({ TRACEPOST_PORT: '0', TRACEPOST_DATA_DIR: join(file, 'data') });
  expect(code).toBe(1);
  expect(told).toContain(join(file, 'data'));
  expect(told.split('\n')).toHaveLength(1);
});

/** Runs the one process until it gives up, and gives what it said on standard error. */
async function start(env: Record<string, string>): Promise<{ code: number; told: string }> {
  const child = spawn(process.execPath, [MAIN], {
    env: { ...process.env, TRACEPOST_TELEMETRY: 'embedded', TRACEPOST_DATA_DIR: folder, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let told = '';
  child.stderr.on('data', (part) => {
    told += part;
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, told: told.trim() };
}
