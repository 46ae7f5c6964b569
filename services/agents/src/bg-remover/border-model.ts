import { colourBins, histogram } from './colour-histogram.ts';
import { boxMean, type Size } from './plane.ts';

/** Share of the shorter side that counts as border. */
const BORDER_SHARE = 0.04;
/** A colour that is this much rarer at the border than in the whole image belongs to the subject. */
const RARE_AT_BORDER = 0.5;
/** A colour seen a handful of times says nothing: this much of the image pulls it towards undecided. */
const PRIOR = 1e-5;

export interface BackgroundEstimate {
  /** How likely each pixel belongs to the background, 0 to 1. */
  readonly likelihood: Float32Array;
  /** 1 where the border shows background. */
  readonly sureBorder: Uint8Array;
}

/**
 * Where the background is, judged by what leaves the frame. A colour of the background is about as frequent along a side of the frame
 * as in the whole image, and on two sides at least; one of the subject is rare on all sides, or on all but one when the subject is cut
 * by the frame. So nothing depends on the subject standing in the middle. `lab` is 3 bytes a pixel; transparent pixels do not count.
 */
export function estimateBackground(lab: Uint8Array, size: Size, visible: Uint8Array | null): BackgroundEstimate {
  const bins = colourBins(lab);
  const counts = (pixel: number): boolean => visible === null || visible[pixel] !== 0;
  const everywhere = histogram(bins, counts);
  const isOnSide = sides(size);
  const atSides = isOnSide.map((isOn) => histogram(bins, (pixel) => isOn(pixel) && counts(pixel)));
  const presence = everywhere.map((share, bin) => {
    const bySide = atSides.map((side) => ((side[bin] as number) + PRIOR * RARE_AT_BORDER) / (share + PRIOR));
    return bySide.sort((a, b) => b - a)[1] as number;
  });

  const raw = new Float32Array(bins.length);
  for (let pixel = 0; pixel < bins.length; pixel++) {
    raw[pixel] = 1 / (1 + Math.exp(8 * (RARE_AT_BORDER - (presence[bins[pixel] as number] as number))));
  }
  const likelihood = boxMean(raw, size, Math.max(1, Math.round(Math.min(size.width, size.height) * 0.008)));
  const sureBorder = new Uint8Array(bins.length);
  for (let pixel = 0; pixel < bins.length; pixel++) {
    if ((likelihood[pixel] as number) > 0.7 && isOnSide.some((isOn) => isOn(pixel))) sureBorder[pixel] = 1;
  }
  return { likelihood, sureBorder };
}

/** Top, bottom, left, right; a corner lies on two of them. */
function sides({ width, height }: Size): readonly ((pixel: number) => boolean)[] {
  const depth = Math.max(1, Math.round(Math.min(width, height) * BORDER_SHARE));
  return [
    (pixel) => pixel < depth * width,
    (pixel) => pixel >= (height - depth) * width,
    (pixel) => pixel % width < depth,
    (pixel) => pixel % width >= width - depth,
  ];
}
