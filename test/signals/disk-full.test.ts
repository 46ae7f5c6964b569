import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TraceView } from '@tracepost/contracts';
import { until } from '@tracepost/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmbedded } from './installations/embedded.ts';
import type { Installation } from './installations/installation.ts';
import { attributes, nanos, post, resource } from './vectors/otlp.ts';

const MIB = 1024 ** 2;
const DISK_MIB = 96;
const RESERVE_MIB = 32;
const TRACE = (n: number): string => n.toString(16).padStart(32, '0');

describeWithSmallDisk('the one process on a disk that fills up', (mount) => {
  let embedded: Installation;
  let ballast: string;

  beforeAll(async () => {
    const folder = join(mount(), 'data');
    mkdirSync(folder);
    ballast = join(mount(), 'ballast');
    const env = { TRACEPOST_DISK_RESERVE_MIB: String(RESERVE_MIB) };
    embedded = await startEmbedded({ atMs: Date.now() - 60_000, dataFolder: folder, env });
  }, 120_000);
  afterAll(() => embedded?.[Symbol.asyncDispose](), 60_000);

  it('takes telemetry while there is room', async () => {
    expect((await sendSpan(1)).status).toBe(200);
    await untilShown(1);
  });

  it('refuses telemetry with 503 when only the reserve is left; what is stored can be read, and tasks go on', async () => {
    fill(freeBytes() - (RESERVE_MIB - 4) * MIB);
    await until(async () => (await sendSpan(2)).status === 503, { timeoutMs: 10_000, everyMs: 100, what: 'a refusal' });
    const refused = await sendSpan(2);
    expect(refused).toMatchObject({ status: 503, text: expect.stringContaining('kept for tasks') });
    await untilShown(1);
    await expectTaskRuns();
  });

  it('still answers, and loses nothing that it has, when nothing at all is left; and goes on by itself once there is room', async () => {
    fill(freeBytes());
    expect((await sendSpan(3)).status).toBe(503);
    await untilShown(1);
    // A queue that cannot write takes nothing: it says so, and does not promise.
    const notified = await notify();
    expect([202, 503]).toContain(notified.status);

    rmSync(ballast);
    rmSync(`${ballast}-2`, { force: true });
    await until(async () => (await sendSpan(4)).status === 200, {
      timeoutMs: 20_000,
      everyMs: 200,
      what: 'room again',
    });
    await untilShown(4);
    await until(async () => (await embedded.client.call('/health/ready')).status === 200, { timeoutMs: 20_000 });
    await expectTaskRuns();
  });

  let filled = 0;
  function fill(bytes: number): void {
    filled += 1;
    const file = filled === 1 ? ballast : `${ballast}-${filled}`;
    try {
      // Real bytes: a file with holes takes no room.
      writeFileSync(file, Buffer.alloc(Math.max(0, bytes), 1));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }

  function freeBytes(): number {
    const { bavail, bsize } = statfsSync(mount());
    return bavail * bsize;
  }

  async function sendSpan(n: number) {
    const span = {
      traceId: TRACE(n),
      spanId: '00f067aa0ba902b7',
      name: `span ${n}`,
      startTimeUnixNano: nanos(Date.now()),
      endTimeUnixNano: nanos(Date.now() + 1),
      attributes: attributes({ n }),
    };
    const body = { resourceSpans: [{ resource: resource('filler'), scopeSpans: [{ spans: [span] }] }] };
    return post(embedded.otlpHttpUrl, 'traces', JSON.stringify(body));
  }

  async function untilShown(n: number): Promise<void> {
    await until(
      async () => {
        const answer = await embedded.client.call(`/api/v1/traces/${TRACE(n)}`);
        return answer.status === 200 && answer.json<TraceView>().spans.length === 1;
      },
      { timeoutMs: 10_000, everyMs: 100, what: `span ${n}` },
    );
  }

  function notify() {
    return embedded.client.notify('weather', { notificationType: 'weather.forecast', payload: { location: 'Lisbon' } });
  }

  async function expectTaskRuns(): Promise<void> {
    const accepted = await until(
      async () => {
        const answer = await notify();
        return answer.status === 202 && answer;
      },
      { timeoutMs: 20_000, everyMs: 200, what: 'a notification to be accepted' },
    );
    const { taskId } = accepted.json<{ taskId: string }>();
    expect(await embedded.client.task(taskId)).toMatchObject({ status: 'succeeded' });
  }
});

/** A disk of its own in memory, for which one has to be root on Linux; elsewhere the suite is left out and says so, and with TRACEPOST_TEST_ALL=1 it fails. */
function describeWithSmallDisk(title: string, define: (mount: () => string) => void): void {
  const problem = mountProblem();
  if (problem !== null && process.env.TRACEPOST_TEST_ALL !== '1') {
    console.warn(`Left out, because no small disk can be mounted (${problem}): ${title}`);
    describe.skip(title, () => {
      it('needs a small disk', () => {});
    });
    return;
  }
  describe(title, () => {
    let folder = '';
    beforeAll(async () => {
      if (problem !== null)
        throw new Error(`TRACEPOST_TEST_ALL=1 asks for every test, and a disk cannot be mounted: ${problem}`);
      folder = await mkdtemp(join(tmpdir(), 'tracepost-disk-'));
      run('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tracepost-test', folder]);
    });
    afterAll(async () => {
      if (folder === '') return;
      run('umount', [folder]);
      await rm(folder, { recursive: true });
    });
    define(() => folder);
  });
}

function mountProblem(): string | null {
  if (process.platform !== 'linux') return 'not Linux';
  if (process.getuid?.() !== 0) return 'not root';
  const { status, stderr, error } = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', tmpdir()], {
    encoding: 'utf8',
    timeout: 10_000,
  });
  return status === 0 ? null : (error?.message ?? stderr.trim());
}

function run(command: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8', timeout: 10_000 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`);
}
