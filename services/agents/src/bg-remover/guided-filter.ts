import { boxMean, type Size } from './plane.ts';

/** Differences of colour below about 8 of 255 are noise, not an edge. */
const EPSILON = 64;

export interface AlphaModel {
  readonly r: Float32Array;
  readonly g: Float32Array;
  readonly b: Float32Array;
  readonly offset: Float32Array;
}

/**
 * The guided filter of He, Sun and Tang (2010) with a colour guide, kept as its coefficients: in the square of `radius` around each pixel, the mask as the linear function
 * of red, green and blue that fits it best. Applied to the full-size image they give an edge finer than the mask (He and Sun, 2015).
 */
export function alphaModel(rgb: Uint8Array, mask: Uint8Array, size: Size, radius: number): AlphaModel {
  const mean = (plane: Float32Array): Float32Array => boxMean(plane, size, radius);
  const times = (left: Float32Array, right: Float32Array): Float32Array =>
    left.map((value, pixel) => value * (right[pixel] as number));
  const wanted = Float32Array.from(mask);
  const channels = [0, 1, 2].map((channel) => wanted.map((_, pixel) => rgb[3 * pixel + channel] as number));
  const [red, green, blue] = channels as [Float32Array, Float32Array, Float32Array];
  const means = channels.map(mean) as [Float32Array, Float32Array, Float32Array];
  const wantedMean = mean(wanted);
  const together = channels.map((channel) => mean(times(channel, wanted)));
  const squares = [
    [red, red],
    [red, green],
    [red, blue],
    [green, green],
    [green, blue],
    [blue, blue],
  ].map(([left, right]) => mean(times(left as Float32Array, right as Float32Array)));

  const model: AlphaModel = {
    r: new Float32Array(mask.length),
    g: new Float32Array(mask.length),
    b: new Float32Array(mask.length),
    offset: new Float32Array(mask.length),
  };
  for (let pixel = 0; pixel < mask.length; pixel++) {
    const [r, g, b] = means.map((plane) => plane[pixel] as number) as [number, number, number];
    const target = wantedMean[pixel] as number;
    const [rr, rg, rb, gg, gb, bb] = squares.map((plane) => plane[pixel] as number) as unknown as Six;
    const [rw, gw, bw] = together.map((plane) => plane[pixel] as number) as [number, number, number];
    const covariance: Six = [
      rr - r * r + EPSILON,
      rg - r * g,
      rb - r * b,
      gg - g * g + EPSILON,
      gb - g * b,
      bb - b * b + EPSILON,
    ];
    const slope = solveSymmetric(covariance, [rw - r * target, gw - g * target, bw - b * target]);
    model.r[pixel] = slope[0];
    model.g[pixel] = slope[1];
    model.b[pixel] = slope[2];
    model.offset[pixel] = target - slope[0] * r - slope[1] * g - slope[2] * b;
  }
  return { r: mean(model.r), g: mean(model.g), b: mean(model.b), offset: mean(model.offset) };
}

type Three = readonly [number, number, number];
/** The upper triangle of a symmetric 3 by 3 matrix, row by row. */
type Six = readonly [number, number, number, number, number, number];

function solveSymmetric([a, b, c, d, e, f]: Six, [x, y, z]: Three): Three {
  const i = d * f - e * e;
  const j = c * e - b * f;
  const k = b * e - c * d;
  const determinant = a * i + b * j + c * k;
  return [
    (i * x + j * y + k * z) / determinant,
    (j * x + (a * f - c * c) * y + (b * c - a * e) * z) / determinant,
    (k * x + (b * c - a * e) * y + (a * d - b * b) * z) / determinant,
  ];
}
