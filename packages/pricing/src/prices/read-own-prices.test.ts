import { describe, expect, it } from 'vitest';
import { createPriceBook } from './price-book.ts';
import { readOwnPrices } from './read-own-prices.ts';

const good = {
  model: 'claude-*',
  from: '2026-01-01',
  usdPerMillion: { input: '3', output: { base: 15, tiers: [{ above: 200_000, price: '22.5' }] } },
};
const problemsOf = (...prices: readonly unknown[]): string => {
  const reading = readOwnPrices(JSON.stringify(prices));
  return reading.status === 'refused' ? reading.problems.join('\n') : 'read';
};

describe('a file of own prices', () => {
  it.each([JSON.stringify([good]), JSON.stringify({ prices: [good] })])('is a list of them: %s', (json) => {
    const reading = readOwnPrices(json);
    expect(reading).toEqual({ status: 'read', prices: [good] });
    expect(createPriceBook({ own: reading.status === 'read' ? reading.prices : [] }).version).toContain('own');
  });

  it('tells all of its faults at once, and what would be right', () => {
    expect(problemsOf(good, { model: '', usdPerMillion: { input: true, cached: 1 } }, 7)).toBe(
      [
        'prices[1]: model has to be the name of a model, with * for any characters',
        'prices[1]: usdPerMillion.cached is not known; known are input, output, cacheRead, cacheWrite5m, cacheWrite1h, reasoning',
        'prices[1]: usdPerMillion.input has to be a price, or { "base": price, "tiers": [{ "above": tokens, "price": price }] }',
        'prices[1]: usdPerMillion.output is missing',
        'prices[2]: is no object',
      ].join('\n'),
    );
  });

  it.each([
    [{ from: 'yesterday' }, 'from is "yesterday"; it has to be a day such as 2026-01-31'],
    [{ from: '2026-13-01' }, 'from is "2026-13-01"'],
    [{ from: '2026-02-30' }, 'from is "2026-02-30"'],
    [{ usdPerMillion: { input: 'cheap', output: 1 } }, '"cheap" is not a decimal number'],
    [{ usdPerMillion: { input: -1, output: 1 } }, '-1 is no price'],
    [{ usdPerRequest: '-0.1' }, '-0.1 is no price'],
    [
      { usdPerMillion: { input: { base: 1, tiers: [{ above: -5, price: 1 }] }, output: 1 } },
      'usdPerMillion.input has to be a price',
    ],
    [{ modell: 'x' }, 'modell is not known'],
    [{ provider: 5 }, 'provider has to be text'],
  ])('is refused for %j', (wrong, problem) => {
    expect(problemsOf({ ...good, ...wrong })).toContain(problem);
  });

  it.each(['', '{', '"prices"', '{"prices": 5}'])('is refused when it is %j', (json) => {
    expect(readOwnPrices(json)).toMatchObject({ status: 'refused', problems: [expect.stringContaining('the file')] });
  });
});
