import { priceQuestions, providerIdOf } from './model-names.ts';
import type { OwnPrice, OwnRate } from './own-price.ts';
import { plainDecimal, timesDecimal } from './plain-decimal.ts';
import type { FoundPrice, Rate } from './rates.ts';

export interface OwnPriceQuestion {
  readonly provider: string | null;
  readonly model: string;
  readonly atMs: number;
  readonly serviceTier: string | null;
}

interface Entry {
  readonly own: OwnPrice;
  readonly matches: RegExp;
  readonly fromMs: number;
  /** How closely it is meant: letters of the pattern that are not `*`, then whether provider and tier are named. */
  readonly closeness: number;
  readonly found: FoundPrice;
}

/** Of the own prices that fit a call, the one that is meant most closely; of equally close ones the newest that had begun. */
export function ownPriceFinder(own: readonly OwnPrice[]): (question: OwnPriceQuestion) => FoundPrice | null {
  const entries = own.map(toEntry).sort((a, b) => b.closeness - a.closeness || b.fromMs - a.fromMs);
  return ({ provider, model, atMs, serviceTier }) => {
    if (entries.length === 0) return null;
    const names = priceQuestions(provider, model).map((question) => question.modelId);
    const plain = names.at(-1);
    if (plain === undefined) return null;
    const entry = entries.find(
      (one) =>
        atMs >= one.fromMs &&
        isSameProvider(one.own.provider, provider) &&
        isSameTier(one.own.serviceTier, serviceTier) &&
        [model.trim(), ...names].some((name) => one.matches.test(name)),
    );
    return entry ? { ...entry.found, model: plain } : null;
  };
}

function toEntry(own: OwnPrice): Entry {
  const { input, output } = own.usdPerMillion;
  const {
    cacheRead = input,
    cacheWrite5m = input,
    cacheWrite1h = cacheWrite5m,
    reasoning = output,
  } = own.usdPerMillion;
  return {
    own,
    matches: new RegExp(`^${own.model.split('*').map(literally).join('.*')}$`, 'i'),
    fromMs: own.from === undefined ? Number.MIN_SAFE_INTEGER : dayMs(own.from),
    closeness:
      own.model.replaceAll('*', '').length * 4 +
      (own.provider === undefined ? 0 : 2) +
      (own.serviceTier === undefined ? 0 : 1),
    found: {
      model: own.model,
      provider: own.provider ?? 'any',
      from: own.from ?? null,
      source: 'own prices',
      rates: {
        input: rate(input),
        cacheRead: rate(cacheRead),
        cacheWrite5m: rate(cacheWrite5m),
        cacheWrite1h: rate(cacheWrite1h),
        output: rate(output),
        reasoning: rate(reasoning),
        // Whoever sets prices sets them for what they use: all that goes in costs one price, and a search nothing more.
        audio: { input: rate(input), cacheRead: rate(cacheRead), output: rate(output) },
        image: { input: rate(input), cacheRead: rate(cacheRead), output: rate(output) },
        webSearch: '0',
        request: own.usdPerRequest === undefined ? null : timesDecimal(price(own.usdPerRequest), '1000000'),
      },
    },
  };
}

function isSameProvider(own: string | undefined, provider: string | null): boolean {
  if (own === undefined) return true;
  if (provider === null) return false;
  return own.toLowerCase() === provider.toLowerCase() || (providerIdOf(own) ?? own) === providerIdOf(provider);
}

function isSameTier(own: string | undefined, tier: string | null): boolean {
  return own === undefined || own.toLowerCase() === tier?.toLowerCase();
}

function dayMs(day: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(day) : Number.NaN;
  // What is no day of its month is read as one of the next.
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== day)
    throw new RangeError(`from is "${day}"; it has to be a day such as 2026-01-31`);
  return ms;
}

function rate(own: OwnRate): Rate {
  if (typeof own !== 'object') return { base: price(own), tiers: [] };
  const tiers = own.tiers.map((tier) => ({ above: tier.above, price: price(tier.price) }));
  return { base: price(own.base), tiers: tiers.sort((a, b) => a.above - b.above) };
}

function price(input: string | number): string {
  const text = plainDecimal(input);
  if (text.startsWith('-')) throw new RangeError(`${text} is no price; it cannot be negative`);
  return text;
}

function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
