import { defineTool, type TaskContext, type ToolContext, ToolError } from '@tracepost/agent-kit';
import { MAX_ARTIFACT_BYTES } from '@tracepost/contracts';
import { type ImageCost, type ImageQuality, imageCost } from '@tracepost/pricing';
import type { ArtifactStore } from '@tracepost/stores';
import type { BackgroundRemover } from './background-remover.ts';
import type { ImageRequest } from './image-request.ts';
import { type RefusalCode, type RemovalOutcome, type Removed, refused } from './outcome.ts';
import { createSeats } from './seats.ts';

/** What one image became: the result as everybody reads it, or why there is none. */
export type ImageOutcome =
  | { readonly status: 'removed'; readonly image: RemovedImage; readonly timing: ImageTiming }
  | {
      readonly status: 'refused';
      readonly code: ImageErrorCode;
      readonly message: string;
      readonly timing: ImageTiming;
    };

export interface RemovedImage {
  readonly imageId: string;
  readonly width: number;
  readonly height: number;
  /** Of the area, half-transparent pixels counted by their opacity. */
  readonly foregroundShare: number;
  readonly cost: ImageCost;
}

export type ImageErrorCode = RefusalCode | 'image_not_found' | 'image_unreadable';

/** Milliseconds in each step; 0 for one that was not reached. */
export interface ImageTiming {
  readonly readMs: number;
  readonly removeMs: number;
  readonly storeMs: number;
}

export type ImageContext = Pick<TaskContext, 'useTool' | 'artifacts' | 'metrics' | 'addCost' | 'signal'>;

/**
 * One image from its request to its artifact. What is wrong with the image is the outcome; what is wrong with the house
 * (the artifact store is away, the task was cancelled) is thrown.
 */
export type RemoveImage = (
  context: ImageContext,
  request: ImageRequest,
  quality: ImageQuality,
) => Promise<ImageOutcome>;

interface ToolInput {
  readonly content: Buffer;
  readonly quality: ImageQuality;
  /** Ends with the task's, and earlier when the rest of its batch has failed. */
  readonly signal: AbortSignal;
}

/**
 * At most `concurrency` images are in memory at a time, over all tasks; further ones wait for their turn, first come,
 * first served, so that a single image waits for a few of a long batch and not for all of it.
 */
export function createRemoveImage(remover: BackgroundRemover, concurrency: number): RemoveImage {
  const turns = createSeats(
    Array.from({ length: concurrency }, (_, number) => number),
    Number.POSITIVE_INFINITY,
  );
  const removeBackground = defineTool({
    name: 'remove_background',
    description: 'Makes everything but the subject of an image transparent',
    run: async ({ content, quality, signal }: ToolInput, { metrics }: ToolContext) => {
      const outcome = await remover.remove({ content, quality, signal });
      metrics.add('bg_remover.images', 1, {
        'bg_remover.quality': quality,
        'tracepost.outcome': outcome.status === 'removed' ? 'removed' : outcome.code,
      });
      return outcome;
    },
  });

  return async (context, request, quality) => {
    const { signal, useTool, artifacts } = context;
    const turn = await turns.take(signal);
    // Nobody closes the line and it has no end, so there is one reason for no turn.
    if (typeof turn === 'string') throw signal.reason;
    try {
      const clock = startClock();
      const source = await readImage(request, artifacts);
      const readMs = clock();
      if (source.status === 'refused') return { ...source, timing: { ...NO_TIMING, readMs } };

      const { content } = source;
      const outcome = await useTool(removeBackground, { content, quality, signal });
      const removeMs = clock();
      signal.throwIfAborted();
      if (isHousesFault(outcome)) throw new ToolError(outcome.message, { isRetryable: true });
      if (outcome.status === 'refused') return { ...outcome, timing: { ...NO_TIMING, readMs, removeMs } };

      const cost = imageCost({ quality, encodedBytes: content.length, processingMs: outcome.processingMs });
      tellCost(context, cost);
      const image = { ...(await keep(outcome, artifacts)), cost };
      return { status: 'removed', image, timing: { readMs, removeMs, storeMs: clock() } };
    } finally {
      turn.giveBack();
    }
  };
}

/** No place for the image, or no time left for it: another attempt may have both. */
function isHousesFault(outcome: RemovalOutcome): outcome is RemovalOutcome & { status: 'refused' } {
  return outcome.status === 'refused' && (outcome.code === 'busy' || outcome.code === 'closed');
}

const NO_TIMING: ImageTiming = { readMs: 0, removeMs: 0, storeMs: 0 };

/** A PNG is larger than the JPEG it was made from. */
const MAX_RESULT_BYTES = 4 * MAX_ARTIFACT_BYTES;

type Source =
  | { readonly status: 'read'; readonly content: Buffer }
  | { readonly status: 'refused'; readonly code: ImageErrorCode; readonly message: string };

async function readImage(request: ImageRequest, artifacts: ArtifactStore): Promise<Source> {
  if ('imageBase64' in request) {
    const content = Buffer.from(request.imageBase64, 'base64');
    // Node skips what is not base64 without a word; what was meant then would be another image.
    const isWhole = content.toString('base64').replace(/=+$/, '') === request.imageBase64.replace(/=+$/, '');
    return isWhole ? { status: 'read', content } : refused('invalid_image', 'imageBase64 is not base64');
  }
  const { imageId } = request;
  try {
    const artifact = await artifacts.read(imageId);
    if (artifact) return { status: 'read', content: artifact.content };
    return { status: 'refused', code: 'image_not_found', message: `there is no artifact ${imageId}` };
  } catch (error) {
    // Thrown on when the store is away, so that the task is tried again; a store that answers has this one image damaged.
    await artifacts.ping();
    const reason = error instanceof Error ? error.message : String(error);
    return { status: 'refused', code: 'image_unreadable', message: reason };
  }
}

async function keep({ png, width, height, foregroundShare }: Removed, artifacts: ArtifactStore) {
  const { artifactId } = await artifacts.put(png, { contentType: 'image/png', maxBytes: MAX_RESULT_BYTES });
  return { imageId: artifactId, width, height, foregroundShare };
}

function tellCost({ addCost, metrics }: ImageContext, cost: ImageCost): void {
  addCost(cost.totalUsd);
  metrics.add('bg_remover.cost', cost.computeUsd, { 'bg_remover.cost.part': 'compute' });
  metrics.add('bg_remover.cost', cost.totalUsd - cost.computeUsd, { 'bg_remover.cost.part': 'model' });
}

/** Milliseconds since it was asked last. */
function startClock(): () => number {
  let last = performance.now();
  return () => {
    const since = performance.now() - last;
    last += since;
    return since;
  };
}
