import sharp from 'sharp';
import type { Composite } from './composites.ts';

/** Opacity of each pixel of a PNG, 0 to 255. */
export async function alphaOf(png: Buffer): Promise<Uint8Array> {
  return (await sharp(png).ensureAlpha().extractChannel('alpha').raw().toUint8Array()).data;
}

/** Area in both over area in either; a pixel counts as covered from one half on. */
export function intersectionOverUnion(alpha: Uint8Array, { coverage }: Composite): number {
  let both = 0;
  let either = 0;
  for (let pixel = 0; pixel < alpha.length; pixel++) {
    const isFound = (alpha[pixel] as number) >= 128;
    const isTrue = (coverage[pixel] as number) >= 0.5;
    if (isFound && isTrue) both++;
    if (isFound || isTrue) either++;
  }
  return both / either;
}

/** Opacity that is wrong, summed over the picture, per pixel that the true edge passes through. */
export function edgeError(alpha: Uint8Array, { coverage }: Composite): number {
  let wrong = 0;
  let edge = 0;
  for (let pixel = 0; pixel < alpha.length; pixel++) {
    const truth = coverage[pixel] as number;
    wrong += Math.abs((alpha[pixel] as number) / 255 - truth);
    if (truth > 0 && truth < 1) edge++;
  }
  return wrong / edge;
}
