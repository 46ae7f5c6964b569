import { expect, test } from 'vitest';
import { inSlices, type SliceWork } from './in-slices.ts';

const HOUR = 3_600_000;

test('slices follow each other without gaps, and become longer where there is little', async () => {
  const slices = await cut(30 * 24 * HOUR, HOUR, () => ({ cells: 100, tags: 10 }));
  expect(slices).toEqual([
    [0, 1],
    [1, 65],
    [65, 720],
  ]);
});

test('a slice with too many cells is followed by a shorter one', async () => {
  const slices = await cut(2 * HOUR, HOUR, () => ({ cells: 999_999, tags: 0 }));
  expect(slices.slice(0, 3)).toEqual([
    [0, 1],
    [1, 1.5],
    [1.5, 1.75],
  ]);
});

test('tags, which a shorter slice would have too, only keep the next one from being longer', async () => {
  expect(await cut(3 * HOUR, HOUR, () => ({ cells: 0, tags: 2_000_000 }))).toEqual([
    [0, 1],
    [1, 2],
    [2, 3],
  ]);
  expect(await cut(4 * HOUR, HOUR, () => ({ cells: 0, tags: 249_999 }))).toEqual([
    [0, 1],
    [1, 3],
    [3, 4],
  ]);
});

test('slices of whole hours are never shorter than one', async () => {
  const slices = await cut(4 * HOUR, 2 * HOUR, () => ({ cells: 5_000_000, tags: 0 }), HOUR);
  expect(slices).toEqual([
    [0, 2],
    [2, 3],
    [3, 4],
  ]);
});

/** Slices in hours. */
async function cut(toMs: number, firstMs: number, work: () => SliceWork, unitMs?: number): Promise<number[][]> {
  const slices: number[][] = [];
  await inSlices({ fromMs: 0, toMs }, unitMs === undefined ? { firstMs } : { firstMs, unitMs }, async (slice) => {
    slices.push([slice.fromMs / HOUR, slice.toMs / HOUR]);
    return work();
  });
  return slices;
}
