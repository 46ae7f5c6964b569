import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ImageQuality, imageCost } from './image-cost.ts';
import { sumUsd, toPicodollars, toUsd } from './money.ts';
import { priceOn } from './price-table.ts';

const MB = 1_048_576;

describe('the cost of removing a background', () => {
  it('is 0.000097 USD at medium for one megabyte and one second, with its arithmetic shown', () => {
    const cost = imageCost({ quality: 'medium', encodedBytes: MB, processingMs: 1000 });
    expect(cost.totalUsd.toFixed(6)).toBe('0.000097');
    expect(cost).toEqual({
      kind: 'estimate',
      modelUsd: 0.000072,
      // 0.0000166667 * 1.5 GB * 1 s
      computeUsd: 0.00002500005,
      qualityMultiplier: 1,
      sizeMultiplier: 1,
      totalUsd: 0.00009700005,
    });
  });

  it.each<[ImageQuality, number, number, bigint]>([
    // quality, bytes, ms, picodollars: 72,000,000 * quality * size + 25,000.05 * ms, each part rounded half up
    ['medium', 0, 0, 72_000_000n],
    ['low', MB, 1000, 61_000_050n],
    ['high', MB, 1000, 133_000_050n],
    ['medium', 2 * MB, 1000, 97_000_050n],
    ['medium', 4 * MB, 1000, 169_000_050n],
    ['high', 25 * MB, 0, 1_350_000_000n],
    ['low', 3 * MB, 60_000, 54_000_000n + 1_500_003_000n],
    // 72,000,000 * (2 MB + 1 byte) / 2 MB = 72,000,034.33...
    ['medium', 2 * MB + 1, 0, 72_000_034n],
    // 36,000,000 / 2,097,152 * 3,145,729 = 54,000,017.166...
    ['low', 3 * MB + 1, 0, 54_000_017n],
    // 25,000.05 * 10 = 250,000.5: the half goes up.
    ['medium', 0, 10, 72_250_001n],
    // 25,000.05 * 1.5 = 37,500.075
    ['medium', 0, 1.5, 72_037_500n],
  ])('at %s, %d bytes and %d ms is %d picodollars', (quality, encodedBytes, processingMs, picodollars) => {
    expect(toPicodollars(imageCost({ quality, encodedBytes, processingMs }).totalUsd)).toBe(picodollars);
  });

  it('is the sum of the parts that it shows', () => {
    fc.assert(
      fc.property(anyWork, (work) => {
        const { modelUsd, computeUsd, qualityMultiplier, sizeMultiplier, totalUsd } = imageCost(work);
        const scaledModel = toPicodollars(totalUsd) - toPicodollars(computeUsd);
        // No number shown has digits beyond the picodollar, as a sum of doubles would.
        for (const usd of [modelUsd, computeUsd, totalUsd]) if (toUsd(toPicodollars(usd)) !== usd) return false;
        return Math.abs(Number(scaledModel) - modelUsd * 1e12 * qualityMultiplier * sizeMultiplier) <= 0.5001;
      }),
    );
  });

  it('never falls when time, size or quality rise', () => {
    fc.assert(
      fc.property(anyWork, fc.nat(60_000), fc.nat(MB), (work, moreMs, moreBytes) => {
        const cost = (more: Partial<typeof work>): number => imageCost({ ...work, ...more }).totalUsd;
        const total = cost({});
        return (
          cost({ processingMs: work.processingMs + moreMs }) >= total &&
          cost({ encodedBytes: work.encodedBytes + moreBytes }) >= total &&
          cost({ quality: 'low' }) < cost({ quality: 'medium' }) &&
          cost({ quality: 'medium' }) < cost({ quality: 'high' })
        );
      }),
    );
  });

  it('is exact for a batch: a thousand equal images cost a thousand times one', () => {
    fc.assert(
      fc.property(anyWork, (work) => {
        const one = imageCost(work).totalUsd;
        const batch = sumUsd(Array.from({ length: 1000 }, () => one));
        return batch === toUsd(1000n * toPicodollars(one));
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    { encodedBytes: -1 },
    { encodedBytes: 1.5 },
    { processingMs: -1 },
    { processingMs: Number.NaN },
    { processingMs: Number.POSITIVE_INFINITY },
  ])('refuses %j', (wrong) => {
    expect(() => imageCost({ quality: 'medium', encodedBytes: 1, processingMs: 1, ...wrong })).toThrow(RangeError);
  });
});

describe('a price', () => {
  const entries = [
    { from: '2026-06-01', source: 's', usd: '2' },
    { from: '2025-01-01', source: 's', usd: '1' },
  ];

  it('is the newest that had begun on the day, and before the first one the first', () => {
    const on = (day: string): string => priceOn(entries, new Date(day)).usd;
    expect([on('2024-01-01'), on('2025-01-01'), on('2026-05-31T23:59:59Z'), on('2026-06-01')]).toEqual([
      '1',
      '1',
      '1',
      '2',
    ]);
  });
});

const anyWork = fc.record({
  quality: fc.constantFrom<ImageQuality>('low', 'medium', 'high'),
  encodedBytes: fc.nat(25 * MB),
  processingMs: fc.double({ min: 0, max: 60_000, noNaN: true }),
});
