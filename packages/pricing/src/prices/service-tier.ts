import { timesDecimal } from './plain-decimal.ts';
import type { FoundPrice, ModalRates, Rate, Rates } from './rates.ts';

/** Sold at half of the list price, says the price page of each: https://platform.openai.com/docs/pricing, and so on. */
const HALF_PRICE: Readonly<Record<string, ReadonlySet<string>>> = {
  batch: new Set(['anthropic', 'openai', 'azure', 'google', 'aws', 'mistral', 'groq']),
  flex: new Set(['openai', 'google']),
};

/**
 * Sold at a multiple of the standard price of input, cache and output alike. Each was compared with the page that it comes from, as it was
 * known on 2026-11-21; a model that is not named there has none here.
 *
 * - OpenAI's priority, which is not sold for long contexts: https://openai.com/api-priority-processing/
 * - Claude's fast mode, with cache prices as multiples of the raised input, and the same for any length:
 *   https://platform.claude.com/docs/en/build-with-claude/fast-mode (Opus 4.6), https://openrouter.ai/anthropic/claude-opus-4.7-fast and
 *   https://openrouter.ai/anthropic/claude-opus-5-fast-20260723, which hand on Anthropic's prices.
 */
const MULTIPLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'openai priority': {
    'gpt-5.5': '2.5',
    'gpt-5.4': '2',
    'gpt-5.4-mini': '2',
    'gpt-5.2': '2',
    'gpt-5.1': '2',
    'gpt-5.1-codex': '2',
    'gpt-5': '2',
    'gpt-5-codex': '2',
    'gpt-5-mini': '1.8',
    'gpt-4.1': '1.75',
    'gpt-4.1-mini': '1.75',
    'gpt-4.1-nano': '2',
    'gpt-4o': '1.7',
    'gpt-4o-2024-05-13': '1.75',
  },
  'anthropic fast': { 'claude-opus-4-6': '6', 'claude-opus-4-7': '6', 'claude-opus-5': '2' },
};

/** Words for what the price list is about. */
const STANDARD: ReadonlySet<string> = new Set(['', 'standard', 'default', 'auto', 'on_demand', 'on-demand', 'none']);

/**
 * The price list knows standard prices only. Where another one cannot be told from them the price says that it is the standard one, and
 * for which tier it stands in. `input` is how many tokens went into the call.
 */
export function atServiceTier(price: FoundPrice, serviceTier: string | null, input: number): FoundPrice {
  const tier = serviceTier?.trim().toLowerCase().slice(0, 40) ?? '';
  if (STANDARD.has(tier)) return price;
  if (HALF_PRICE[tier]?.has(price.provider)) {
    return { ...price, rates: timesAll(price.rates, '0.5'), source: `${price.source}, half of it for ${tier}` };
  }
  const multiple = multipleOf(`${price.provider} ${tier}`, price.model);
  if (multiple !== null && (tier === 'fast' || !isLong(price.rates, input))) {
    const rates = timesAll(tier === 'fast' ? withoutTiers(price.rates) : price.rates, multiple);
    return { ...price, rates, source: `${price.source}, ${multiple} times of it for ${tier}` };
  }
  const source = `${price.source}, standard price: it has none for "${tier}"`;
  return { ...price, source, unknownTier: tier };
}

function multipleOf(sold: string, model: string): string | null {
  const multiples = Object.hasOwn(MULTIPLES, sold) ? MULTIPLES[sold] : undefined;
  return multiples && Object.hasOwn(multiples, model) ? (multiples[model] ?? null) : null;
}

function isLong({ input }: Rates, tokens: number): boolean {
  return input?.tiers.some(({ above }) => tokens > above) ?? false;
}

/** All tokens. */
export function timesAll(rates: Rates, factor: string): Rates {
  return withRates(rates, ({ base, tiers }) => ({
    base: timesDecimal(base, factor),
    tiers: tiers.map(({ above, price }) => ({ above, price: timesDecimal(price, factor) })),
  }));
}

function withoutTiers(rates: Rates): Rates {
  return withRates(rates, ({ base }) => ({ base, tiers: [] }));
}

/** Requests and searches cost the same in every tier. */
function withRates(rates: Rates, change: (rate: Rate) => Rate): Rates {
  const changed = (rate: Rate | null): Rate | null => rate && change(rate);
  const modal = ({ input, cacheRead, output }: ModalRates): ModalRates => ({
    input: changed(input),
    cacheRead: changed(cacheRead),
    output: changed(output),
  });
  return {
    input: changed(rates.input),
    cacheRead: changed(rates.cacheRead),
    cacheWrite5m: changed(rates.cacheWrite5m),
    cacheWrite1h: changed(rates.cacheWrite1h),
    output: changed(rates.output),
    reasoning: changed(rates.reasoning),
    audio: modal(rates.audio),
    image: modal(rates.image),
    request: rates.request,
    webSearch: rates.webSearch,
  };
}
