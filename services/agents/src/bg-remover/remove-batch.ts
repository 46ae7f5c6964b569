import { type ImageQuality, sumUsd } from '@tracepost/pricing';
import type { BatchRequest } from './image-request.ts';
import type { ImageContext, ImageErrorCode, ImageOutcome, RemovedImage, RemoveImage } from './remove-image.ts';

export interface BatchResult {
  /** In the order of the request. */
  readonly images: readonly (RemovedImage | { readonly error: ImageError })[];
  readonly succeeded: number;
  readonly failed: number;
  /** The exact sum of the images' costs, then the nearest double; a failed image costs nothing. */
  readonly totalCostUsd: number;
  readonly durationMs: number;
  /** Where the time went: milliseconds of each step over all images, `concurrency` of which are worked on at a time. */
  readonly pipeline: {
    readonly concurrency: number;
    readonly steps: readonly { readonly name: string; readonly totalMs: number }[];
  };
}

export interface ImageError {
  readonly code: ImageErrorCode;
  readonly message: string;
}

export interface BatchOptions {
  readonly removeImage: RemoveImage;
  readonly concurrency: number;
}

/**
 * Every image by itself, some at a time: one that cannot be worked on is an error in its place and no other's business.
 * What is wrong with the house ends the whole batch, and no further image is begun.
 */
export async function removeBatch(
  { removeImage, concurrency }: BatchOptions,
  context: ImageContext,
  { images, quality: batchQuality = 'medium' }: BatchRequest,
): Promise<BatchResult> {
  const startedOn = performance.now();
  const outcomes = await mapInLanes(images, concurrency, context.signal, (image, signal) => {
    const quality: ImageQuality = image.quality ?? batchQuality;
    return removeImage({ ...context, signal }, image, quality);
  });
  const removed = outcomes.flatMap((outcome) => (outcome.status === 'removed' ? [outcome.image] : []));
  return {
    images: outcomes.map((outcome) =>
      outcome.status === 'removed' ? outcome.image : { error: { code: outcome.code, message: outcome.message } },
    ),
    succeeded: removed.length,
    failed: outcomes.length - removed.length,
    totalCostUsd: sumUsd(removed.map(({ cost }) => cost.totalUsd)),
    durationMs: toTenths(performance.now() - startedOn),
    pipeline: {
      concurrency: Math.min(concurrency, images.length),
      steps: [
        { name: 'read', totalMs: total(outcomes, 'readMs') },
        { name: 'remove_background', totalMs: total(outcomes, 'removeMs') },
        { name: 'store', totalMs: total(outcomes, 'storeMs') },
      ],
    },
  };
}

/**
 * `work` for each item, `lanes` at a time, results in the order of the items. The first throw aborts the others' signal,
 * and is thrown when they have let go: nothing goes on behind the caller's back.
 */
async function mapInLanes<T, R>(
  items: readonly T[],
  lanes: number,
  signal: AbortSignal,
  work: (item: T, signal: AbortSignal) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const failing = new AbortController();
  const either = AbortSignal.any([signal, failing.signal]);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length && !either.aborted) {
      const index = next++;
      try {
        results[index] = await work(items[index] as T, either);
      } catch (error) {
        // The first one counts; what the others throw is an echo of its abort.
        failing.abort(error);
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, items.length) }, lane));
  either.throwIfAborted();
  return results;
}

function total(outcomes: readonly ImageOutcome[], step: keyof ImageOutcome['timing']): number {
  return toTenths(outcomes.reduce((sum, { timing }) => sum + timing[step], 0));
}

function toTenths(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}
