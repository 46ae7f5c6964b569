import type { Telemetry } from '@tracepost/telemetry';
import { CutOutWorker, type WorkerOutcome } from './cut-out-worker.ts';
import { makeRequest } from './make-request.ts';
import { type Refused, type RemovalOutcome, refused } from './outcome.ts';
import type { Quality } from './quality.ts';
import { readImage, writePng } from './read-image.ts';
import { createSeats } from './seats.ts';

export interface BackgroundRemoverOptions {
  /** Images worked on at the same time, each in its own thread; about one per core. */
  readonly workers: number;
  /** JavaScript heap of a thread, MiB. WebAssembly memory comes on top: 128 MiB, whatever the size of the image. */
  readonly heapLimitMb: number;
  readonly telemetry: Telemetry;
  /** Images that may wait for a free worker; more are refused as `busy`. */
  readonly maxWaiting?: number;
  /** From the call to the answer, waiting included, milliseconds. */
  readonly timeoutMs?: number;
  readonly maxPixels?: number;
}

export interface RemovalRequest {
  /** A PNG, JPEG or WebP file. */
  readonly content: Buffer;
  readonly quality: Quality;
  readonly signal?: AbortSignal;
  /** For this image, instead of the remover's. */
  readonly timeoutMs?: number;
}

/** Makes everything but the subject of an image transparent. Nothing is downloaded, nothing leaves the process. */
export interface BackgroundRemover {
  /** Never throws for what an image may contain: a refusal is a value. */
  remove(request: RemovalRequest): Promise<RemovalOutcome>;
  /** Images under way are finished, those that wait are refused. */
  close(): Promise<void>;
}

const DEFAULT_TIMEOUT_MS = 60_000;
/** 40 million: the photos of most cameras. Unpacked that is 160 MB. */
const DEFAULT_MAX_PIXELS = 40_000_000;

export function createBackgroundRemover({
  workers,
  heapLimitMb,
  telemetry,
  maxWaiting = 16,
  timeoutMs = DEFAULT_TIMEOUT_MS,
  maxPixels = DEFAULT_MAX_PIXELS,
}: BackgroundRemoverOptions): BackgroundRemover {
  const seats = createSeats(
    Array.from({ length: workers }, () => new CutOutWorker(heapLimitMb)),
    maxWaiting,
  );

  async function remove({ content, quality, signal, timeoutMs: limitMs = timeoutMs }: RemovalRequest) {
    const deadline = createDeadline(limitMs, signal);
    const seat = await seats.take(deadline.signal);
    if (typeof seat === 'string') {
      deadline.clear();
      return seat === 'aborted' ? deadline.refusal() : refused(seat, NO_SEAT[seat]);
    }
    const work = workOn({ content, quality, worker: seat.item, deadline, maxPixels });
    // libvips cannot be interrupted: the caller is answered in time, the seat is free when the work has really ended.
    const settled = work.finally(() => {
      seat.giveBack();
      deadline.clear();
    });
    return Promise.race([settled, deadline.reached]);
  }

  return {
    async remove(request) {
      const outcome = await remove(request);
      if (outcome.status === 'refused' && outcome.code === 'worker_failed') {
        telemetry.logger.warn({ layer: 'tool', result: 'error', error: outcome.message }, 'a worker was replaced');
      }
      return outcome;
    },
    close: () => seats.close((worker) => worker.close()),
  };
}

const NO_SEAT = {
  busy: 'Too many images are waiting; try again in a moment.',
  closed: 'The worker is stopping; the image was not worked on.',
} as const;

interface Job {
  readonly content: Buffer;
  readonly quality: Quality;
  readonly worker: CutOutWorker;
  readonly deadline: Deadline;
  readonly maxPixels: number;
}

async function workOn({ content, quality, worker, deadline, maxPixels }: Job): Promise<RemovalOutcome> {
  const startedAt = performance.now();
  const seconds = Math.max(1, Math.ceil(deadline.limitMs / 1000));
  const image = await readImage(content, { maxPixels, seconds });
  if (image.status === 'refused') return image;
  if (deadline.signal.aborted) return deadline.refusal();
  try {
    const outcome = await worker.run({ request: await makeRequest(image, quality, seconds) }, deadline.signal);
    if (outcome.status !== 'done') return refusalOf(outcome, deadline);
    const { foregroundShare, rgba } = outcome.reply;
    if (foregroundShare === null) return refused('no_subject', 'Nothing in the image stands out from its border.');
    const { width, height } = image;
    const png = await writePng({ rgba, width, height }, seconds);
    return { status: 'removed', png, width, height, foregroundShare, processingMs: performance.now() - startedAt };
  } catch (error) {
    return refused(
      'worker_failed',
      `The image could not be worked on: ${error instanceof Error ? error.message : error}`,
    );
  }
}

function refusalOf(outcome: Exclude<WorkerOutcome, { status: 'done' }>, deadline: Deadline): Refused {
  if (outcome.status === 'aborted') return deadline.refusal();
  return refused('worker_failed', `The worker broke on this image and was replaced: ${outcome.reason}.`);
}

interface Deadline {
  readonly signal: AbortSignal;
  readonly limitMs: number;
  /** Settles when the time is over or the caller gave up. */
  readonly reached: Promise<Refused>;
  refusal(): Refused;
  clear(): void;
}

function createDeadline(limitMs: number, callerSignal: AbortSignal | undefined): Deadline {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), limitMs);
  const signal = callerSignal ? AbortSignal.any([controller.signal, callerSignal]) : controller.signal;
  const refusal = (): Refused =>
    callerSignal?.aborted
      ? refused('cancelled', 'The image was given up before it was finished.')
      : refused('timeout', `The image was not finished within ${limitMs} ms.`);
  const reached = new Promise<Refused>((resolve) => {
    signal.addEventListener('abort', () => resolve(refusal()), { once: true });
  });
  return { signal, limitMs, reached, refusal, clear: () => clearTimeout(timer) };
}
