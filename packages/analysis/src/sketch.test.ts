import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BUCKETS, bucketOf, bucketValue } from './buckets.ts';
import { createSketch, DamagedSketchError, MAX_RELATIVE_ERROR, rankOf, readSketch, type Sketch } from './index.ts';

const PROMISED_ERROR = 0.008;

/** Magnitudes spread evenly over their powers: doubles drawn evenly would nearly all be huge. */
const magnitude = fc
  .tuple(fc.double({ min: 1, max: 2, maxExcluded: true, noNaN: true }), fc.integer({ min: -29, max: 49 }))
  .map(([fraction, power]) => fraction * 2 ** power);
const value = fc.oneof(
  { weight: 8, arbitrary: magnitude },
  { weight: 3, arbitrary: magnitude.map((positive) => -positive) },
  { weight: 1, arbitrary: fc.constantFrom(0, -0, 1e-6, -1e-6, 1e9, 1450) },
);
const values = fc.array(value, { minLength: 1, maxLength: 300 });
const share = fc.oneof(fc.constantFrom(0, 0.5, 0.95, 0.99, 1), fc.double({ min: 0, max: 1, noNaN: true }));

describe('a sketch', () => {
  test('answers every quantile within the promised share of the right value, also for negative ones and zero', () => {
    fc.assert(
      fc.property(values, share, (all, q) => {
        const right = exactQuantile(all, q);
        const answer = sketchOf(all).quantile(q) ?? Number.NaN;
        expect(Math.abs(answer - right)).toBeLessThanOrEqual(PROMISED_ERROR * Math.abs(right));
      }),
      { numRuns: 2_000 },
    );
  });

  test('has no bucket with a value further away than the bound', () => {
    let worst = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const lower = 2 ** (Math.floor(bucket / 64) - 30) * (1 + (bucket % 64) / 64);
      const next = 2 ** (Math.floor((bucket + 1) / 64) - 30) * (1 + ((bucket + 1) % 64) / 64);
      const upper = next * (1 - Number.EPSILON);
      expect([bucketOf(lower), bucketOf(upper)]).toEqual([bucket, bucket]);
      for (const end of [lower, upper]) worst = Math.max(worst, Math.abs(bucketValue(bucket) - end) / end);
    }
    expect(worst).toBeLessThanOrEqual(MAX_RELATIVE_ERROR * (1 + 1e-12));
    expect(MAX_RELATIVE_ERROR).toBeLessThan(PROMISED_ERROR);
  });

  test('of parts, merged in any order, is the sketch of all values, byte for byte', () => {
    fc.assert(
      fc.property(fc.array(values, { maxLength: 8 }), fc.infiniteStream(fc.nat()), (parts, random) => {
        const merged = createSketch();
        const order = parts.map((part) => ({ part, key: random.next().value ?? 0 })).sort((a, b) => a.key - b.key);
        for (const { part } of order) merged.merge(sketchOf(part));
        expect(merged.toBytes()).toEqual(sketchOf(parts.flat()).toBytes());
      }),
    );
  });

  test('merged pair by pair gives the same bytes as merged one after the other', () => {
    fc.assert(
      fc.property(values, values, values, (a, b, c) => {
        const right = sketchOf(b);
        right.merge(sketchOf(c));
        const left = sketchOf(a);
        left.merge(right);
        expect(left.toBytes()).toEqual(sketchOf([...c, ...a, ...b]).toBytes());
      }),
    );
  });

  test('comes back from its bytes, and a value taken many times at once is as if taken each by itself', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 400 }), (all, times) => {
        const sketch = sketchOf(all);
        const again = readSketch(sketch.toBytes());
        expect(again.toBytes()).toEqual(sketch.toBytes());
        expect(again.count).toBe(all.length);

        again.add(all[0] ?? 0, times);
        for (let one = 0; one < times; one++) sketch.add(all[0] ?? 0);
        expect(again.toBytes()).toEqual(sketch.toBytes());
      }),
    );
  });

  test('gives back what is taken out of it, as if it had never been there, and never more than it holds', () => {
    fc.assert(
      fc.property(values, values, (stay, go) => {
        const sketch = sketchOf([...go, ...stay]);
        for (const one of go) expect(sketch.remove(one)).toBe(true);
        expect(sketch.toBytes()).toEqual(sketchOf(stay).toBytes());

        for (const one of stay) expect(sketch.remove(one)).toBe(true);
        for (const one of [...stay, ...go]) expect(sketch.remove(one)).toBe(false);
        expect(sketch.toBytes()).toEqual(createSketch().toBytes());
      }),
    );
  });

  test('refuses bytes that were changed, cut or lengthened', () => {
    fc.assert(
      fc.property(values, fc.nat(), fc.integer({ min: 1, max: 255 }), (all, place, change) => {
        const bytes = sketchOf(all).toBytes();
        const changed = Uint8Array.from(bytes);
        const at = place % bytes.length;
        changed[at] = (changed[at] ?? 0) ^ change;
        for (const damaged of [changed, bytes.slice(0, at), Uint8Array.from([...bytes, 0])]) {
          expect(() => readSketch(damaged)).toThrow(DamagedSketchError);
        }
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (noise) => {
        expect(() => readSketch(noise)).toThrow(DamagedSketchError);
      }),
    );
  });

  test('is empty at first: no values, no quantiles, and nothing to add to another', () => {
    const empty = createSketch();
    expect([empty.count, empty.quantile(0.5)]).toEqual([0, null]);
    expect(readSketch(empty.toBytes()).toBytes()).toEqual(empty.toBytes());
    const sketch = sketchOf([1, 2]);
    const before = sketch.toBytes();
    sketch.merge(empty);
    expect(sketch.toBytes()).toEqual(before);
  });

  test('stays small however many values it takes, and takes values beyond its range at its ends', () => {
    const sketch = createSketch();
    for (let power = -1_074; power < 1_024; power++) sketch.add(2 ** power, 1_000_000);
    for (let step = 0; step < 100_000; step++) sketch.add(1.0001 ** step * 1e-4);
    expect(sketch.count).toBe(2_098_100_000);
    expect(sketch.toBytes().length).toBeLessThan(20_000);
    expect(sketch.quantile(0)).toBe(0);
    expect(sketch.quantile(1)).toBeGreaterThan(1e15);
  });

  test('refuses what is no number and counts that would not be exact, and stays as it was', () => {
    const sketch = sketchOf([5]);
    const before = sketch.toBytes();
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(() => sketch.add(bad)).toThrow(RangeError);
    }
    for (const bad of [0, -1, 1.5, Number.NaN, 2 ** 53]) expect(() => sketch.add(1, bad)).toThrow(RangeError);
    const full = createSketch();
    full.add(1, Number.MAX_SAFE_INTEGER);
    expect(() => sketch.merge(full)).toThrow(RangeError);
    expect(sketch.toBytes()).toEqual(before);
  });

  test('puts a quantile at the nearest rank, without one too many from the arithmetic of doubles', () => {
    expect([rankOf(0, 10), rankOf(0.5, 10), rankOf(0.51, 10), rankOf(1, 10)]).toEqual([1, 5, 6, 10]);
    for (let percent = 1; percent <= 100; percent++) expect(rankOf(percent / 100, 100)).toBe(percent);
    expect(rankOf(0.99, 1)).toBe(1);
  });
});

function sketchOf(all: readonly number[]): Sketch {
  const sketch = createSketch();
  for (const one of all) sketch.add(one);
  return sketch;
}

function exactQuantile(all: readonly number[], q: number): number {
  const sorted = all.toSorted((a, b) => a - b);
  return (sorted[rankOf(q, sorted.length) - 1] ?? Number.NaN) + 0;
}
