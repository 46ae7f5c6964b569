import { alphaModel } from './guided-filter.ts';
import { boxMean, type Size } from './plane.ts';

/** What a pixel of the working copy says about the pixels of the full-size image that it stands for. */
const OUTSIDE = 0;
const INSIDE = 1;
const BAND = 2;

/**
 * The subject's edge, as a rule that can be applied at any size: opacity = red * r + green * g + blue * b + offset, with coefficients
 * that vary over the working copy. Away from the edge the opacity is 0 or 1.
 */
export interface Edge extends Size {
  readonly zone: Uint8Array;
  readonly coefficients: {
    readonly r: Float32Array;
    readonly g: Float32Array;
    readonly b: Float32Array;
    readonly offset: Float32Array;
  };
  /** How steeply opacity goes from 0 to 1; the fit alone is softer than the edges of most photographs. */
  readonly contrast: number;
}

/** An edge that is only drawn smooth, whatever the image shows. */
export function smoothEdge(mask: Uint8Array, size: Size): Edge {
  const none = new Float32Array(mask.length);
  const offset = boxMean(Float32Array.from(mask), size, 1);
  return { ...size, zone: zones(mask, size, 1), coefficients: { r: none, g: none, b: none, offset }, contrast: 2.5 };
}

export interface Fit {
  /** The working copy, 3 bytes a pixel, and its mask. */
  readonly rgb: Uint8Array;
  readonly mask: Uint8Array;
  readonly size: Size;
  /** Pixels of the working copy whose colours are fitted together. */
  readonly radius: number;
  readonly fullWidth: number;
}

/** An edge that follows the colours: near it, opacity is fitted to red, green and blue of the working copy (guided filter). */
export function fittedEdge({ rgb, mask, size, radius, fullWidth }: Fit): Edge {
  return {
    ...size,
    zone: zones(mask, size, 2),
    coefficients: alphaModel(rgb, mask, size, radius),
    contrast: contrastFor(fullWidth / size.width),
  };
}

/** An edge that is sharp at full size looks soft in a copy, the softer the smaller the copy is: the fit has that softness, and loses it again here. */
function contrastFor(scale: number): number {
  return Math.min(2, Math.max(1.2, 0.6 * (scale + 1)));
}

function zones(mask: Uint8Array, size: Size, reach: number): Uint8Array {
  const near = boxMean(Float32Array.from(mask), size, reach);
  return mask.map((value, pixel) => {
    const share = near[pixel] as number;
    // Sums of floats: all ones is not exactly one.
    if (share > 0.001 && share < 0.999) return BAND;
    return value === 1 ? INSIDE : OUTSIDE;
  });
}

/** 1 in the band of a mask, 0 elsewhere. */
export function bandOf(mask: Uint8Array, size: Size, reach: number): Uint8Array {
  return zones(mask, size, reach).map((zone) => (zone === BAND ? 1 : 0));
}

/**
 * Multiplies the opacity into `rgba`, in place, and blackens what is wholly transparent, so that the background is gone from the file and not
 * merely hidden. Gives the share of the area that stays.
 */
export function applyEdge(edge: Edge, rgba: Uint8Array, { width, height }: Size): number {
  let opacity = 0;
  for (let y = 0; y < height; y++) {
    const v = ((y + 0.5) * edge.height) / height;
    for (let x = 0; x < width; x++) {
      const u = ((x + 0.5) * edge.width) / width;
      const at = 4 * (y * width + x);
      const share = opacityAt(edge, u, v, rgba, at);
      const alpha = Math.round((rgba[at + 3] as number) * share);
      rgba[at + 3] = alpha;
      opacity += alpha;
      if (alpha === 0) rgba.fill(0, at, at + 3);
    }
  }
  return opacity / (255 * width * height);
}

function opacityAt(edge: Edge, u: number, v: number, rgba: Uint8Array, at: number): number {
  const zone = edge.zone[Math.floor(v) * edge.width + Math.floor(u)] as number;
  if (zone !== BAND) return zone;
  const left = Math.min(edge.width - 1, Math.max(0, Math.floor(u - 0.5)));
  const top = Math.min(edge.height - 1, Math.max(0, Math.floor(v - 0.5)));
  const right = left + (left < edge.width - 1 ? 1 : 0);
  const below = (top < edge.height - 1 ? 1 : 0) * edge.width;
  const fx = Math.min(1, Math.max(0, u - 0.5 - left));
  const fy = Math.min(1, Math.max(0, v - 0.5 - top));
  const nw = top * edge.width + left;
  const ne = top * edge.width + right;
  const between = (plane: Float32Array): number => {
    const upper = (plane[nw] as number) * (1 - fx) + (plane[ne] as number) * fx;
    const lower = (plane[nw + below] as number) * (1 - fx) + (plane[ne + below] as number) * fx;
    return upper * (1 - fy) + lower * fy;
  };
  const { r, g, b, offset } = edge.coefficients;
  const fitted =
    between(r) * (rgba[at] as number) +
    between(g) * (rgba[at + 1] as number) +
    between(b) * (rgba[at + 2] as number) +
    between(offset);
  return Math.min(1, Math.max(0, (fitted - 0.5) * edge.contrast + 0.5));
}
