import type { CostPart, TokenUsage } from '@tracepost/contracts';
import { parseDecimal, type Rational, roundHalfUp } from '../decimal.ts';
import { PICODOLLARS_PER_USD, type Picodollars, toUsd } from '../money.ts';
import { NO_DETAILS, type UsageDetails } from '../usage/usage-details.ts';
import { type Rate, type Rates, rateFor } from './rates.ts';

export interface ExactParts {
  readonly status: 'exact';
  readonly total: Picodollars;
  readonly parts: readonly CostPart[];
}

/** Tokens for which the price list has no price. */
export interface MissingRate {
  readonly status: 'missing';
  readonly kind: CostPart['kind'];
}

/** Each kind of token times its price, rounded half up to a picodollar; the total is the sum of what is shown. */
export function costParts(
  usage: TokenUsage,
  rates: Rates,
  { model, details = NO_DETAILS }: { readonly model: string; readonly details?: UsageDetails },
): ExactParts | MissingRate {
  const parts: CostPart[] = [];
  let total: Picodollars = 0n;
  const add = (kind: CostPart['kind'], tokens: number, usdPerMillion: string) => {
    const picodollars = priced(tokens, usdPerMillion);
    total += picodollars;
    parts.push({ kind, model, tokens, usdPerMillion, usd: toUsd(picodollars) });
  };

  for (const part of PARTS) {
    const tokens = part.tokens(usage, details);
    if (tokens === 0) continue;
    const rate = part.rate(rates);
    if (rate === null) return { status: 'missing', kind: part.kind };
    add(part.kind, tokens, rateFor(rate, usage.input));
  }
  if (rates.request !== null) add('request', 1, rates.request);
  if (details.webSearches > 0) {
    if (rates.webSearch === null) return { status: 'missing', kind: 'web_search' };
    add('web_search', details.webSearches, rates.webSearch);
  }
  return { status: 'exact', total, parts };
}

function priced(tokens: number, usdPerMillion: string): Picodollars {
  const { numerator, denominator } = perToken(usdPerMillion);
  if (denominator === 1n) {
    const amount = Number(numerator) * tokens;
    if (Number.isSafeInteger(amount)) return BigInt(amount);
  }
  return roundHalfUp({ numerator: numerator * BigInt(tokens), denominator });
}

const MOST_PRICES = 1_000;
const prices = new Map<string, Rational>();

/** Picodollars for a token. There are few prices and many calls: each is worked out once. */
function perToken(usdPerMillion: string): Rational {
  const known = prices.get(usdPerMillion);
  if (known) return known;
  const { numerator, denominator } = parseDecimal(usdPerMillion);
  const exact = numerator * (PICODOLLARS_PER_USD / 1_000_000n);
  const price =
    exact % denominator === 0n
      ? { numerator: exact / denominator, denominator: 1n }
      : { numerator: exact, denominator };
  if (prices.size >= MOST_PRICES) prices.clear();
  prices.set(usdPerMillion, price);
  return price;
}

interface PricedPart {
  readonly kind: CostPart['kind'];
  readonly tokens: (usage: TokenUsage, details: UsageDetails) => number;
  readonly rate: (rates: Rates) => Rate | null;
}

/** In the order in which they are shown. */
const PARTS: readonly PricedPart[] = [
  { kind: 'input', tokens: uncachedText, rate: ({ input }) => input },
  { kind: 'audio_input', tokens: (_, { audio }) => audio.input - audio.cacheRead, rate: ({ audio }) => audio.input },
  { kind: 'image_input', tokens: (_, { image }) => image.input - image.cacheRead, rate: ({ image }) => image.input },
  {
    kind: 'cache_read',
    tokens: ({ cacheRead }, { audio, image }) => cacheRead - audio.cacheRead - image.cacheRead,
    rate: ({ cacheRead }) => cacheRead,
  },
  { kind: 'audio_cache_read', tokens: (_, { audio }) => audio.cacheRead, rate: ({ audio }) => audio.cacheRead },
  { kind: 'image_cache_read', tokens: (_, { image }) => image.cacheRead, rate: ({ image }) => image.cacheRead },
  { kind: 'cache_write_5m', tokens: ({ cacheWrite5m }) => cacheWrite5m, rate: ({ cacheWrite5m }) => cacheWrite5m },
  { kind: 'cache_write_1h', tokens: ({ cacheWrite1h }) => cacheWrite1h, rate: ({ cacheWrite1h }) => cacheWrite1h },
  {
    kind: 'output',
    tokens: ({ output, reasoning }, { audio, image }) => output - reasoning - audio.output - image.output,
    rate: ({ output }) => output,
  },
  { kind: 'audio_output', tokens: (_, { audio }) => audio.output, rate: ({ audio }) => audio.output },
  { kind: 'image_output', tokens: (_, { image }) => image.output, rate: ({ image }) => image.output },
  { kind: 'reasoning', tokens: ({ reasoning }) => reasoning, rate: ({ reasoning }) => reasoning },
];

function uncachedText(usage: TokenUsage, { audio, image }: UsageDetails): number {
  const uncached = usage.input - usage.cacheRead - usage.cacheWrite5m - usage.cacheWrite1h;
  return uncached - (audio.input - audio.cacheRead) - (image.input - image.cacheRead);
}
