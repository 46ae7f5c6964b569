import {
  type Agent,
  defineAgent,
  defineTool,
  onNotification,
  TaskFailure,
  type ToolContext,
} from '@tracepost/agent-kit';
import { ARTIFACT_ID_PATTERN, MAX_ARTIFACT_BYTES } from '@tracepost/contracts';
import { type ImageQuality, imageCost } from '@tracepost/pricing';
import type { ArtifactStore } from '@tracepost/stores';
import Type, { type Static } from 'typebox';
import type { BackgroundRemover } from './background-remover.ts';

const Quality = Type.Optional(
  Type.Union([Type.Literal('low'), Type.Literal('medium'), Type.Literal('high')], {
    description: 'medium when not given',
  }),
);

const RemoveRequest = Type.Union([
  Type.Object(
    { imageId: Type.String({ pattern: ARTIFACT_ID_PATTERN, description: 'An artifact' }), quality: Quality },
    { additionalProperties: false },
  ),
  Type.Object(
    { imageBase64: Type.String({ minLength: 1, description: 'A small image, within the message' }), quality: Quality },
    { additionalProperties: false },
  ),
]);
type RemoveRequest = Static<typeof RemoveRequest>;

export interface BgRemoverOptions {
  readonly remover: BackgroundRemover;
  /** Images at a time: as many as there are threads. */
  readonly capacity: number;
}

/** Cuts the subject of a photograph out: PNG, JPEG or WebP in, PNG with alpha out, as an artifact. */
export function createBgRemoverAgent({ remover, capacity }: BgRemoverOptions): Agent {
  const removeBackground = defineTool({
    name: 'remove_background',
    description: 'Makes everything but the subject of an image transparent',
    run: async ({ content, quality }: { content: Buffer; quality: ImageQuality }, { signal, metrics }: ToolContext) => {
      const outcome = await remover.remove({ content, quality, signal });
      metrics.add('bg_remover.images', 1, {
        'bg_remover.quality': quality,
        'tracepost.outcome': outcome.status === 'removed' ? 'removed' : outcome.code,
      });
      return outcome;
    },
  });

  return defineAgent({
    id: 'bg-remover',
    description: 'Removes the background of an image',
    capacity,
    timeoutMs: 120_000,
    notifications: {
      'image.remove-background': onNotification({
        description: 'One image, by artifact id or as base64',
        schema: RemoveRequest,
        async handle({ useTool, artifacts, metrics, addCost }, request: RemoveRequest) {
          const quality = request.quality ?? 'medium';
          const content = await readImage(request, artifacts);
          const outcome = await useTool(removeBackground, { content, quality });
          if (outcome.status === 'refused') throw new TaskFailure(outcome.code, outcome.message);

          const { png, width, height, foregroundShare, processingMs } = outcome;
          const cost = imageCost({ quality, encodedBytes: content.length, processingMs });
          addCost(cost.totalUsd);
          metrics.add('bg_remover.cost', cost.computeUsd, { 'bg_remover.cost.part': 'compute' });
          metrics.add('bg_remover.cost', cost.totalUsd - cost.computeUsd, { 'bg_remover.cost.part': 'model' });
          const { artifactId } = await artifacts.put(png, { contentType: 'image/png', maxBytes: MAX_RESULT_BYTES });
          return { imageId: artifactId, width, height, foregroundShare, cost };
        },
      }),
    },
    close: () => remover.close(),
  });
}

/** A PNG is larger than the JPEG it was made from. */
const MAX_RESULT_BYTES = 4 * MAX_ARTIFACT_BYTES;

async function readImage(request: RemoveRequest, artifacts: ArtifactStore): Promise<Buffer> {
  if ('imageBase64' in request) {
    const content = Buffer.from(request.imageBase64, 'base64');
    // Node skips what is not base64 without a word; what was meant then would be another image.
    if (content.toString('base64').replace(/=+$/, '') !== request.imageBase64.replace(/=+$/, '')) {
      throw new TaskFailure('invalid_image', 'imageBase64 is not base64');
    }
    return content;
  }
  const artifact = await artifacts.read(request.imageId);
  if (!artifact) throw new TaskFailure('image_not_found', `there is no artifact ${request.imageId}`);
  return artifact.content;
}
