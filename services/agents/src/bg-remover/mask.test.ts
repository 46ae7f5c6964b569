import { describe, expect, it } from 'vitest';
import { cleanMask } from './clean-mask.ts';
import { applyEdge, fittedEdge, smoothEdge } from './edge.ts';
import { boxMean, type Size } from './plane.ts';

const size: Size = { width: 100, height: 80 };
type Inside = (x: number, y: number) => boolean;

function maskOf(isInside: Inside, { width, height }: Size = size): Uint8Array {
  return Uint8Array.from({ length: width * height }, (_, i) => (isInside(i % width, Math.floor(i / width)) ? 1 : 0));
}

const square: Inside = (x, y) => x >= 20 && x < 60 && y >= 20 && y < 60;

describe('a mask that is cleaned', () => {
  it('loses specks and pinholes and nothing else', () => {
    const leg: Inside = (x, y) => y === 40 && x >= 60 && x < 95;
    const hole: Inside = (x, y) => x >= 30 && x < 40 && y >= 30 && y < 40;
    const wanted = maskOf((x, y) => (square(x, y) && !hole(x, y)) || leg(x, y));
    const dirty = maskOf((x, y) => {
      if (x >= 80 && x < 85 && y >= 5 && y < 10) return true;
      if (x === 50 && y === 50) return false;
      return (square(x, y) && !hole(x, y)) || leg(x, y);
    });
    expect(cleanMask(dirty, size)).toEqual(wanted);
  });

  it('keeps a second subject', () => {
    const two = maskOf((x, y) => square(x, y) || (x >= 70 && x < 90 && y >= 30 && y < 50));
    expect(cleanMask(two, size)).toEqual(two);
  });
});

describe('a mean over squares', () => {
  it('is that of the neighbours, cut off at the borders', () => {
    const plane = Float32Array.from([1, 2, 3, 4, 5, 6]);
    expect([...boxMean(plane, { width: 3, height: 2 }, 1)]).toEqual([3, 3.5, 4, 3, 3.5, 4]);
    expect([...boxMean(plane, { width: 3, height: 2 }, 50)]).toEqual(Array(6).fill(3.5));
  });
});

describe('an edge', () => {
  // A white square before black, four times the size of the mask.
  const full: Size = { width: 400, height: 320 };
  const picture = (inside: Inside): Uint8Array => {
    const mask = maskOf((x, y) => inside((x - 1.5) / 4, (y - 1.5) / 4), full);
    return Uint8Array.from({ length: mask.length * 4 }, (_, at) =>
      at % 4 === 3 ? 255 : (mask[at >> 2] as number) * 240,
    );
  };
  const rgbOf = (mask: Uint8Array): Uint8Array =>
    Uint8Array.from({ length: mask.length * 3 }, (_, at) => (mask[Math.floor(at / 3)] as number) * 240);
  const wrongPixels = (rgba: Uint8Array, truth: Uint8Array): number =>
    truth.reduce(
      (count, _, i) => count + Number((rgba[4 * i + 3] as number) >= 128 !== (truth[4 * i] as number) > 0),
      0,
    ) / 4;

  it('that is fitted follows the colours of the full-size image where the mask is a pixel off', () => {
    const truth = picture(square);
    const rgb = rgbOf(maskOf(square));
    const shifted = maskOf((x, y) => square(x - 1, y));
    const smooth = truth.slice();
    applyEdge(smoothEdge(shifted, size), smooth, full);
    const fitted = truth.slice();
    applyEdge(fittedEdge({ rgb, mask: shifted, size, radius: 3, fullWidth: full.width }), fitted, full);
    expect(wrongPixels(fitted, truth)).toBeLessThan(wrongPixels(smooth, truth) / 4);
  });

  it('tells the share of the area that stays, and multiplies into the opacity that was there', () => {
    const rgba = picture(square);
    for (let at = 3; at < rgba.length; at += 4) rgba[at] = 128;
    const share = applyEdge(smoothEdge(maskOf(square), size), rgba, full);
    expect(share).toBeCloseTo((0.2 * 128) / 255, 2);
    expect(rgba[4 * (160 * full.width + 160) + 3]).toBe(128);
  });
});
