import { type PartialResult, partial } from '@tracepost/agent-kit';
import { toPicodollars } from '@tracepost/pricing';
import { type ArtifactStore, StoreUnavailableError } from '@tracepost/stores';
import { until } from '@tracepost/testing';
import Value from 'typebox/value';
import { beforeAll, describe, expect, it } from 'vitest';
import { RemoveRequest } from '../../src/bg-remover/image-request.ts';
import type { BackgroundRemover, RemovalOutcome, RemovalRequest, Removed } from '../../src/bg-remover/index.ts';
import type { BatchResult, ImageError } from '../../src/bg-remover/remove-batch.ts';
import type { RemovedImage } from '../../src/bg-remover/remove-image.ts';
import { makeComposite } from './composites.ts';
import { redOnGreen } from './odd-images.ts';
import { useAgent } from './use-agent.ts';
import { useRemover } from './use-remover.ts';

const good = await redOnGreen().png().toBuffer();
const broken = Buffer.from('name: photo.png');

describe('a batch', () => {
  const remover = useRemover({ workers: 2 });
  const { ask, artifacts, costs } = useAgent(remover, 2);
  const keep = async (content: Buffer) =>
    (await artifacts().put(content, { contentType: 'image/png', maxBytes: 25e6 })).artifactId;
  const askBatch = async (payload: unknown) => resultOf(await ask({ payload }));
  let imageId: string;
  beforeAll(async () => {
    imageId = await keep(good);
  });

  it('gives one result or one error for each image, in the order of the request', async () => {
    const missing = `${'0'.repeat(8)}-0000-7000-8000-${'0'.repeat(12)}`;
    const answer = await ask({
      payload: {
        images: [
          { imageBase64: good.toString('base64') },
          { imageId: await keep(broken) },
          { imageId: await keep(good) },
          { imageId: missing },
          { imageBase64: 'n*t base64' },
        ],
      },
    });
    const batch = resultOf(answer);
    expect(answer).toEqual(partial(batch));
    expect(batch).toMatchObject({ succeeded: 2, failed: 3 });
    expect(batch.images.map((image) => ('error' in image ? image.error.code : 'removed'))).toEqual([
      'removed',
      'invalid_image',
      'removed',
      'image_not_found',
      'invalid_image',
    ]);
    expect((batch.images[3] as { error: ImageError }).error.message).toContain(missing);
    for (const image of removedOf(batch)) {
      expect(image).toMatchObject({ width: 160, height: 120, cost: { kind: 'estimate', qualityMultiplier: 1 } });
      const kept = await artifacts().read(image.imageId);
      expect(kept?.info.contentType).toBe('image/png');
    }
  });

  it('costs exactly what its images cost together, and tells each of them to the task', async () => {
    costs.length = 0;
    const batch = await askBatch({ images: Array.from({ length: 7 }, () => ({ imageId })), quality: 'low' });
    const images = removedOf(batch);
    const sum = images.reduce((total, { cost }) => total + toPicodollars(cost.totalUsd), 0n);
    expect(toPicodollars(batch.totalCostUsd)).toBe(sum);
    expect([...costs].sort()).toEqual(images.map(({ cost }) => cost.totalUsd).sort());
  });

  it('works at the quality of an image, else of the batch, else at medium', async () => {
    const imageBase64 = good.toString('base64');
    const batch = await askBatch({ images: [{ imageBase64, quality: 'high' }, { imageBase64 }], quality: 'low' });
    expect(removedOf(batch).map(({ cost }) => cost.qualityMultiplier)).toEqual([1.5, 0.5]);
    const plain = await askBatch({ images: [{ imageBase64 }] });
    expect(removedOf(plain).map(({ cost }) => cost.qualityMultiplier)).toEqual([1]);
  });

  it('says where its time went', async () => {
    const { durationMs, pipeline } = await askBatch({ images: [1, 2, 3].map(() => ({ imageId })) });
    expect(pipeline.concurrency).toBe(2);
    expect(pipeline.steps.map(({ name }) => name)).toEqual(['read', 'remove_background', 'store']);
    const worked = pipeline.steps.reduce((sum, { totalMs }) => sum + totalMs, 0);
    expect(worked).toBeGreaterThan(0);
    expect(worked).toBeLessThanOrEqual(durationMs * 2 + 1);
  });

  it('of which no image could be worked on fails, with the reasons', async () => {
    await expect(ask({ payload: { images: [{ imageId: await keep(broken) }, { imageBase64: '*' }] } })).rejects.toThrow(
      expect.objectContaining({
        code: 'all_images_failed',
        isRetryable: false,
        message: expect.stringMatching(
          /^None of 2 images .* images\[0\]: invalid_image \(.+\); images\[1\]: invalid_image \(.+base64\)$/,
        ),
      }),
    );
  });

  it('that is cancelled in the middle stops quickly and leaves the workers well', async () => {
    const controller = new AbortController();
    const large = await keep((await makeComposite(0, 900)).png);
    const reason = new Error('asked to stop');
    let begun = 0;
    const read = (id: string) => {
      begun += 1;
      return artifacts().read(id);
    };
    const answer = ask({
      payload: { images: [{ imageId }, ...Array.from({ length: 40 }, () => ({ imageId: large }))], quality: 'high' },
      signal: controller.signal,
      artifacts: { ...artifacts(), read },
    });
    // The small one is done, two large ones are under way.
    await until(() => begun > 2, { timeoutMs: 60_000, what: 'a third image' });
    controller.abort(reason);
    const startedOn = performance.now();
    await expect(answer).rejects.toBe(reason);
    // Forty of them are minutes of work.
    expect(performance.now() - startedOn).toBeLessThan(3_000);
    expect(begun).toBeLessThan(10);
    expect(await askBatch({ images: [{ imageId }, { imageId }] })).toMatchObject({
      succeeded: 2,
    });
  }, 120_000);

  it('takes from one to a hundred images, and nothing else beside them', () => {
    const images = (count: number) => Array.from({ length: count }, () => ({ imageId }));
    const isTaken = (payload: unknown) => Value.Check(RemoveRequest, payload);
    expect([0, 1, 100, 101].map((count) => isTaken({ images: images(count) }))).toEqual([false, true, true, false]);
    expect(isTaken({ images: images(1), imageId })).toBe(false);
    expect(isTaken({ images: [{ images: images(1) }] })).toBe(false);
    expect(isTaken({ images: images(2), quality: 'best' })).toBe(false);
  });
});

describe('the images of all batches together', () => {
  /** Answers when it is told to, so that the order is the test's. */
  const pending: { request: RemovalRequest; answer(outcome: RemovalOutcome): void }[] = [];
  const remover: BackgroundRemover = {
    remove: (request) =>
      new Promise((answer) => {
        request.signal?.addEventListener('abort', () => answer(CANCELLED), { once: true });
        pending.push({ request, answer });
      }),
    close: async () => {},
  };
  const { ask, artifacts } = useAgent(remover, 2);
  const imageBase64 = good.toString('base64');
  const next = async (count: number) => {
    await until(() => pending.length >= count, { what: `${count} images under way` });
    return pending.splice(0);
  };

  it('are no more at a time than there are workers, and a single image does not wait for a whole batch', async () => {
    const batch = ask({ payload: { images: Array.from({ length: 6 }, () => ({ imageBase64 })) } });
    const first = await next(2);
    const single = ask({ payload: { imageBase64, quality: 'low' } });
    let begun: typeof pending = first;
    const order: string[] = [];
    while (order.length < 7) {
      expect(begun.length).toBeLessThanOrEqual(2);
      for (const { request, answer } of begun) {
        order.push(request.quality);
        answer(REMOVED);
      }
      if (order.length < 7) begun = await next(1);
    }
    expect(order.indexOf('low')).toBeLessThan(5);
    // Whole, and not called partial.
    expect(await batch).toMatchObject({ succeeded: 6, failed: 0 });
    expect(await single).toMatchObject({ width: 1 });
  });

  it('stand in their order, whichever is finished first', async () => {
    const batch = ask({ payload: { images: [1, 2].map(() => ({ imageBase64 })) } });
    const [first, second] = await next(2);
    second?.answer({ ...REMOVED, width: 22 });
    first?.answer({ ...REMOVED, width: 11 });
    expect(await batch).toMatchObject({ images: [{ width: 11 }, { width: 22 }] });
  });

  it('are given up when the artifact store is away, so that the task can be tried again', async () => {
    const away = new StoreUnavailableError('files', 'the disk is full');
    const store: ArtifactStore = { ...artifacts(), put: () => Promise.reject(away) };
    const batch = ask({ payload: { images: Array.from({ length: 9 }, () => ({ imageBase64 })) }, artifacts: store });
    const [first, second] = await next(2);
    first?.answer(REMOVED);
    await expect(batch).rejects.toBe(away);
    expect(second?.request.signal?.aborted).toBe(true);
    expect(pending).toEqual([]);
  });

  it('are read again later when the store cannot be read, but not for one image that is damaged in it', async () => {
    const damaged = new StoreUnavailableError('files', 'The artifact is damaged: its bytes have another hash.');
    const store: ArtifactStore = { ...artifacts(), read: () => Promise.reject(damaged) };
    const { artifactId } = await artifacts().put(good, { contentType: 'image/png', maxBytes: 1e6 });
    const batch = ask({ payload: { images: [{ imageId: artifactId }, { imageBase64 }] }, artifacts: store });
    const [other] = await next(1);
    other?.answer(REMOVED);
    expect(resultOf(await batch)).toMatchObject({
      images: [{ error: { code: 'image_unreadable', message: expect.stringContaining('another hash') } }, { width: 1 }],
    });

    const away = new StoreUnavailableError('files', 'the disk reports an error');
    const gone: ArtifactStore = { ...store, ping: () => Promise.reject(away) };
    await expect(ask({ payload: { images: [{ imageId: artifactId }] }, artifacts: gone })).rejects.toBe(away);
  });

  it('are tried again later when there was no place for one', async () => {
    const batch = ask({ payload: { images: [{ imageBase64 }] } });
    const [only] = await next(1);
    only?.answer({ status: 'refused', code: 'closed', message: 'The worker is stopping.' });
    await expect(batch).rejects.toMatchObject({
      code: 'tool_error',
      message: 'The worker is stopping.',
      isRetryable: true,
    });
  });
});

describe('a single image', () => {
  const outcomes: RemovalOutcome[] = [];
  const remover: BackgroundRemover = { remove: async () => outcomes.shift() ?? REMOVED, close: async () => {} };
  const { ask } = useAgent(remover, 1);

  it.each(['no_subject', 'timeout', 'image_too_large'] as const)('that ends as %s is not tried again', async (code) => {
    outcomes.push({ status: 'refused', code, message: 'no' });
    await expect(ask({ payload: { imageBase64: good.toString('base64') } })).rejects.toMatchObject({
      code,
      isRetryable: false,
    });
  });

  it('whose thread broke is tried again', async () => {
    outcomes.push({ status: 'refused', code: 'worker_failed', message: 'its thread ended' });
    await expect(ask({ payload: { imageBase64: good.toString('base64') } })).rejects.toMatchObject({
      code: 'worker_failed',
      isRetryable: true,
    });
  });
});

const REMOVED: Removed = {
  status: 'removed',
  png: Buffer.from('png'),
  width: 1,
  height: 1,
  foregroundShare: 1,
  processingMs: 1,
};
const CANCELLED: RemovalOutcome = { status: 'refused', code: 'cancelled', message: 'given up' };

function removedOf({ images }: BatchResult): RemovedImage[] {
  return images.filter((image): image is RemovedImage => !('error' in image));
}

/** Of a whole batch, or of one that says that it is partial. */
function resultOf(answer: unknown): BatchResult {
  const { result } = answer as Partial<PartialResult>;
  return (result ?? answer) as BatchResult;
}
