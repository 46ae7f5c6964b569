import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseRetryDelay, RETRY_DELAYS } from './retry-delays.ts';

const shortest = RETRY_DELAYS[0].ms;
const longest = RETRY_DELAYS.at(-1)?.ms ?? 0;
const wanted = fc.double({ min: shortest, max: longest, noNaN: true });
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('the delay of a retry', () => {
  it('is always one of the two around the wanted one', () => {
    fc.assert(
      fc.property(wanted, random, (wantedMs, chance) => {
        const { ms } = chooseRetryDelay(wantedMs, chance);
        const below = RETRY_DELAYS.filter((delay) => delay.ms <= wantedMs).at(-1);
        const above = RETRY_DELAYS.find((delay) => delay.ms >= wantedMs);
        expect([below?.ms, above?.ms]).toContain(ms);
      }),
    );
  });

  it('has the wanted one as its mean', () => {
    const chances = Array.from({ length: 1_000 }, (_, index) => (index + 0.5) / 1_000);
    fc.assert(
      fc.property(wanted, (wantedMs) => {
        const sum = chances.reduce((total, chance) => total + chooseRetryDelay(wantedMs, chance).ms, 0);
        const step = Math.max(...RETRY_DELAYS.map(({ ms }, index) => (RETRY_DELAYS[index + 1]?.ms ?? ms) - ms));
        expect(Math.abs(sum / chances.length - wantedMs)).toBeLessThanOrEqual(step / chances.length);
      }),
    );
  });

  it('is as it was wanted when there is one of that length, and the nearest end beyond both ends', () => {
    for (const delay of RETRY_DELAYS) {
      for (const chance of [0, 0.5, 0.999]) expect(chooseRetryDelay(delay.ms, chance)).toBe(delay);
    }
    for (const chance of [0, 0.999]) {
      for (const wantedMs of [-1, 0, 999]) expect(chooseRetryDelay(wantedMs, chance).name).toBe('1s');
      for (const wantedMs of [900_001, Number.POSITIVE_INFINITY, Number.NaN]) {
        expect(chooseRetryDelay(wantedMs, chance).name).toBe('15m');
      }
    }
  });
});
