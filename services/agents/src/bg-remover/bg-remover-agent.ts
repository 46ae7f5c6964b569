import { type Agent, defineAgent, onNotification, PermanentFailure, partial, TaskFailure } from '@tracepost/agent-kit';
import type { BackgroundRemover } from './background-remover.ts';
import { RemoveRequest } from './image-request.ts';
import { type BatchResult, removeBatch } from './remove-batch.ts';
import { createRemoveImage } from './remove-image.ts';

export interface BgRemoverOptions {
  readonly remover: BackgroundRemover;
  /** Images at a time: as many as there are threads. */
  readonly capacity: number;
}

/** A hundred images at high on one core; a single one is limited by the remover. */
const TIMEOUT_MS = 15 * 60_000;

/** Cuts the subject of a photograph out: PNG, JPEG or WebP in, PNG with alpha out, as an artifact; one image or a batch. */
export function createBgRemoverAgent({ remover, capacity }: BgRemoverOptions): Agent {
  const removeImage = createRemoveImage(remover, capacity);

  return defineAgent({
    id: 'bg-remover',
    description: 'Removes the background of an image, or of each image of a batch',
    capacity,
    timeoutMs: TIMEOUT_MS,
    notifications: {
      'image.remove-background': onNotification({
        description: 'One image, by artifact id or as base64, or up to 100 of them',
        schema: RemoveRequest,
        async handle(context, request: RemoveRequest) {
          if (!('images' in request)) {
            const outcome = await removeImage(context, request, request.quality ?? 'medium');
            if (outcome.status === 'removed') return outcome.image;
            // The same bytes are refused again; a thread that broke may have been the machine's doing.
            throw new TaskFailure(outcome.code, outcome.message, { isRetryable: outcome.code === 'worker_failed' });
          }
          const result = await removeBatch({ removeImage, concurrency: capacity }, context, request);
          if (result.succeeded === 0) throw noneSucceeded(result);
          return result.failed === 0 ? result : partial(result);
        },
      }),
    },
    close: () => remover.close(),
  });
}

/** With the reason of every image as far as a sentence holds them. */
function noneSucceeded({ images }: BatchResult): PermanentFailure {
  const reasons = images.map((image, index) => {
    return 'error' in image ? `images[${index}]: ${image.error.code} (${image.error.message})` : '';
  });
  const shown = reasons.slice(0, 5).join('; ');
  const more = reasons.length > 5 ? `; and ${reasons.length - 5} more` : '';
  const message = `None of ${images.length} images could be worked on. ${shown}${more}`;
  return new PermanentFailure('all_images_failed', message);
}
