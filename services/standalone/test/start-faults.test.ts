import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lockFolder } from '@tracepost/sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** Any free port, and no other door. */
const SHUT = { TRACEPOST_PORT: '0', TRACEPOST_OTLP_GRPC_PORT: 'off', TRACEPOST_OTLP_HTTP_PORT: 'off' };

const GREETING = 'Tracepost listens on';

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

it.each(['records.db', 'queue.db', 'sessions.db', 'telemetry.db'])(
  'a data folder whose %s cannot be read as a database is never a start that says nothing',
  { timeout: 120_000 },
  async (name) => {
    await writeFile(join(folder, name), 'no database at all, however long one looks at it. '.repeat(200));
    const { code, told, printed } = await start({ ...SHUT });
    // Telemetry bears a loss and is made anew; sessions are only read when somebody asks for them, and are refused then.
    expect(code).toBe(name === 'records.db' || name === 'queue.db' ? 1 : 0);
    if (name === 'telemetry.db') expect(printed).toContain(`${join(folder, name)} was damaged; it lies in`);
    if (code === 1) {
      expect(told).toContain(`The database ${join(folder, name)} is damaged (file is not a database)`);
      expect(told).toContain('TRACEPOST_RESCUE_DAMAGED=1');
      expect(told.split('\n')).toHaveLength(1);
    }
  },
);

it.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'a data folder on a disk that is read-only is one sentence with its path and why',
  async () => {
    const data = join(folder, 'data');
    await mkdir(data);
    const mounted = mount('-t', 'tmpfs', '-o', 'ro', 'none', data);
    // Not everybody who is root may mount: inside a container, most often.
    if (!mounted) return console.warn('Left out, because nothing can be mounted: a disk that is read-only');
    try {
      const { code, told } = await start({ ...SHUT, TRACEPOST_DATA_DIR: data });
      expect(code).toBe(1);
      expect(told).toMatch(`The folder ${data} cannot be used: EROFS`);
      expect(told.split('\n')).toHaveLength(1);
    } finally {
      spawnSync('umount', [data]);
    }
  },
);

it('with leave to lose what cannot be read a damaged queue and records are set aside, and that is said', {
  timeout: 120_000,
}, async () => {
  for (const name of ['records.db', 'queue.db', 'sessions.db']) {
    await writeFile(join(folder, name), 'no database at all, however long one looks at it. '.repeat(200));
  }
  // As an earlier rescue left it that was broken off while the files changed their names.
  const time = '2026-11-22T07-00-00-000Z';
  await rename(join(folder, 'sessions.db'), join(folder, `sessions.db.damaged-${time}`));
  await writeFile(join(folder, `sessions.db.rescuing-${time}`), '');
  const { code, printed } = await start({ ...SHUT, TRACEPOST_RESCUE_DAMAGED: '1' });
  expect(code).toBe(0);
  for (const name of ['records.db', 'queue.db', 'sessions.db']) {
    expect(printed).toContain(
      `The database ${join(folder, name)} was damaged; it lies in ${join(folder, name)}.damaged-`,
    );
  }
});

function mount(...how: string[]): boolean {
  return spawnSync('mount', how, { timeout: 10_000 }).status === 0;
}

/** Runs the one process until it gives up, or has started and is asked to stop; gives what it said on standard error, and on standard output. */
async function start(env: Record<string, string>): Promise<{ code: number; told: string; printed: string }> {
  const child = spawn(process.execPath, [MAIN], {
    env: { ...process.env, TRACEPOST_TELEMETRY: 'embedded', TRACEPOST_DATA_DIR: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let told = '';
  let printed = '';
  child.stderr.on('data', (part) => {
    told += part;
  });
  child.stdout.on('data', (part) => {
    // Once: a second signal would end it at once.
    const hadStarted = printed.includes(GREETING);
    printed += part;
    if (!hadStarted && printed.includes(GREETING)) child.kill('SIGTERM');
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, told: told.trim(), printed };
}
