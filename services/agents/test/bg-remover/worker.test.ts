import { createTelemetry } from '@tracepost/telemetry';
import { describe, expect, it } from 'vitest';
import { cutOut } from '../../src/bg-remover/cut-out.ts';
import { CutOutWorker } from '../../src/bg-remover/cut-out-worker.ts';
import { createBackgroundRemover, type Quality } from '../../src/bg-remover/index.ts';
import { makeRequest } from '../../src/bg-remover/make-request.ts';
import { loadOpenCv, type OpenCv } from '../../src/bg-remover/opencv.ts';
import { makeComposite } from './composites.ts';
import { redOnGreen } from './odd-images.ts';
import { useRemover } from './use-remover.ts';

const small = await redOnGreen().png().toBuffer();
/** Grainy and large: seconds of work at high. */
const large = (await makeComposite(0, 1200)).png;

describe('a worker of bg-remover', () => {
  const remover = useRemover({ maxWaiting: 1 });
  const expectWell = async () => {
    expect(await remover.remove({ content: small, quality: 'low' })).toMatchObject({ status: 'removed' });
  };

  it('is replaced when an image overruns its time, and the next image succeeds', async () => {
    await expectWell();
    const outcome = await remover.remove({ content: large, quality: 'high', timeoutMs: 300 });
    expect(outcome).toMatchObject({ status: 'refused', code: 'timeout', message: expect.stringContaining('300 ms') });
    await expectWell();
  });

  it('stops when the caller gives up, and the next image succeeds', async () => {
    const controller = new AbortController();
    const answer = remover.remove({ content: large, quality: 'high', signal: controller.signal });
    setTimeout(() => controller.abort(), 200);
    expect(await answer).toMatchObject({ status: 'refused', code: 'cancelled' });
    await expectWell();
  });

  it('does not begin for a caller who has given up already', async () => {
    const outcome = await remover.remove({ content: small, quality: 'low', signal: AbortSignal.abort() });
    expect(outcome).toMatchObject({ status: 'refused', code: 'cancelled' });
  });

  it('lets a limited number of images wait and refuses more', async () => {
    const answers = [1, 2, 3].map(() => remover.remove({ content: small, quality: 'low' }));
    const outcomes = await Promise.all(answers);
    expect(outcomes.map((outcome) => (outcome.status === 'refused' ? outcome.code : outcome.status))).toEqual([
      'removed',
      'removed',
      'busy',
    ]);
  });

  it('gives the same answer to the same image whatever it did before', async () => {
    const first = await remover.remove({ content: small, quality: 'high' });
    await remover.remove({ content: (await makeComposite(7, 240)).png, quality: 'medium' });
    const second = await remover.remove({ content: small, quality: 'high' });
    expect(second).toMatchObject({ png: (first as { png: Buffer }).png });
  });

  it('that breaks takes its image with it, not the process', async () => {
    // Eight MiB of heap are not enough to load OpenCV: the thread dies of it, again and again.
    const lines: string[] = [];
    const telemetry = createTelemetry({
      serviceName: 'bg-remover-test',
      terminalLevel: 'warn',
      write: (line) => lines.push(line),
    });
    const starved = createBackgroundRemover({ workers: 1, heapLimitMb: 8, telemetry });
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(await starved.remove({ content: small, quality: 'low' })).toMatchObject({ code: 'worker_failed' });
    }
    await starved.close();
    expect(lines.map((line) => JSON.parse(line).level)).toEqual(['warn', 'warn']);
    expect(lines.join('').length).toBeLessThan(4_000);
  });

  it('is not begun after close, which waits for what is under way and may be called twice', async () => {
    const telemetry = createTelemetry({ serviceName: 'bg-remover-test' });
    const closing = createBackgroundRemover({ workers: 1, heapLimitMb: 256, telemetry });
    const working = closing.remove({ content: small, quality: 'low' });
    const waiting = closing.remove({ content: small, quality: 'low' });
    // Both have taken their places when the microtasks of these calls have run.
    await Promise.resolve();
    await Promise.all([closing.close(), closing.close()]);
    expect(await working).toMatchObject({ status: 'removed' });
    expect(await waiting).toMatchObject({ status: 'refused', code: 'closed' });
    expect(await closing.remove({ content: small, quality: 'low' })).toMatchObject({ code: 'closed' });
  });
});

describe('quality', () => {
  it('costs work: medium more than low, and high more than medium', async () => {
    const { cv } = await loadOpenCv();
    const pixels = await redOnGreen(960, 720).ensureAlpha().raw().toBuffer();
    const cpuMs = async (quality: Quality): Promise<number> => {
      const image = { status: 'read', width: 960, height: 720, rgba: new Uint8Array(pixels) } as const;
      const request = await makeRequest(image, quality, 60);
      const before = process.threadCpuUsage();
      cutOut(cv, request);
      const { user, system } = process.threadCpuUsage(before);
      return (user + system) / 1000;
    };
    await cpuMs('low');
    const [low, medium, high] = [await cpuMs('low'), await cpuMs('medium'), await cpuMs('high')];
    console.log(`  CPU of the cut, ms: low ${low.toFixed(0)}, medium ${medium.toFixed(0)}, high ${high.toFixed(0)}`);
    expect(medium).toBeGreaterThan(low * 1.3);
    expect(high).toBeGreaterThan(medium * 1.3);
  }, 120_000);
});

describe('memory', () => {
  it('of the thread and of the process does not grow with the number of images', async () => {
    const worker = new CutOutWorker(256);
    const signal = new AbortController().signal;
    const pixels = await redOnGreen().ensureAlpha().raw().toBuffer();
    const wasmBytes: number[] = [];
    const rss: number[] = [];
    for (let image = 0; image < 30; image++) {
      const request = requestOf(new Uint8Array(pixels), 'medium');
      const outcome = await worker.run({ request }, signal);
      if (outcome.status !== 'done') throw new Error(`image ${image}: ${outcome.status}`);
      wasmBytes.push(outcome.reply.wasmBytes);
      rss.push(process.memoryUsage().rss);
    }
    await worker.close();
    expect(wasmBytes.at(-1)).toBe(wasmBytes[0]);
    expect((rss.at(-1) as number) - (rss[9] as number)).toBeLessThan(60e6);
  }, 120_000);

  it('that OpenCV holds is given back after every image, also when OpenCV throws', async () => {
    const { cv } = await loadOpenCv();
    const alive = new Set<object>();
    const Mat = new Proxy(cv.Mat, {
      construct(target, size: []) {
        const mat = new target(...size);
        const free = mat.delete.bind(mat);
        alive.add(mat);
        mat.delete = () => {
          alive.delete(mat);
          free();
        };
        return mat;
      },
    });
    const counted: OpenCv = Object.create(cv, { Mat: { value: Mat } });
    const pixels = await redOnGreen().ensureAlpha().raw().toBuffer();
    let most = 0;
    const watched: OpenCv = Object.create(counted, {
      grabCut: {
        value: (...call: Parameters<OpenCv['grabCut']>) => {
          most = Math.max(most, alive.size);
          cv.grabCut(...call);
        },
      },
    });
    for (const quality of ['low', 'medium', 'high'] as const)
      cutOut(watched, requestOf(new Uint8Array(pixels), quality));
    expect(most).toBeGreaterThan(0);
    expect(alive.size).toBe(0);

    const broken: OpenCv = Object.create(counted, {
      grabCut: {
        value: () => {
          throw 5_246_024; // As OpenCV does: the address of its exception.
        },
      },
    });
    expect(() => cutOut(broken, requestOf(new Uint8Array(pixels), 'low'))).toThrow();
    expect(alive.size).toBe(0);
  });
});

function requestOf(rgba: Uint8Array<ArrayBuffer>, quality: Quality) {
  const [width, height] = [160, 120];
  const copy = { width, height, rgba: rgba.slice() };
  return { quality, rgba, width, height, copy, bandCopy: quality === 'high' ? copy : null };
}
