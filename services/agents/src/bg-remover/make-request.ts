import { QUALITY_SETTINGS, type Quality } from './quality.ts';
import { type ReadImage, reduceImage } from './read-image.ts';
import type { WorkerRequest } from './worker-messages.ts';

/** The image with the reduced copies that its quality calls for; they are made here, so that the worker's memory does not depend on the image. */
export async function makeRequest(
  image: ReadImage,
  quality: Quality,
  seconds: number,
): Promise<WorkerRequest['request']> {
  const { rgba, width, height } = image;
  const { workingSide, bandSide } = QUALITY_SETTINGS[quality];
  const copy = await reduceImage(image, workingSide, seconds);
  const bandCopy = bandSide === null ? null : await reduceImage(image, bandSide, seconds);
  return { quality, rgba, width, height, copy, bandCopy };
}
