import { createHash } from 'node:crypto';
import type { CallCost, CostPart, SessionModelCall, TokenUsage } from '@tracepost/contracts';
import { type Picodollars, toPicodollars, toUsd } from '../money.ts';
import { NO_DETAILS, usageDetails } from '../usage/usage-details.ts';
import { costParts } from './cost-parts.ts';
import { atInferencePlace } from './inference-place.ts';
import { type ListedModel, listedModel, listedPrice, PRICE_LIST } from './listed-price.ts';
import { isLocal } from './local-runtimes.ts';
import type { OwnPrice } from './own-price.ts';
import { ownPriceFinder } from './own-price-finder.ts';
import type { FoundPrice } from './rates.ts';
import { atServiceTier } from './service-tier.ts';

/** Rises when the same call would be priced otherwise by a change in this folder. */
const RULES = 4;
/** Names come from files of others: what is remembered of them has an end. */
const MOST_MODELS = 10_000;

export type PricedCall = Pick<
  SessionModelCall,
  'callId' | 'provider' | 'model' | 'atMs' | 'usage' | 'besides' | 'serviceTier' | 'reportedCostUsd'
> &
  /** What is charged by other units than tokens of text is told in the provider's own words only. */
  Partial<Pick<SessionModelCall, 'rawUsage'>>;

export interface PriceBook {
  /** Price list, own prices and rules: two costs of the same call that differ bear different versions. */
  readonly version: string;
  price(call: PricedCall): CallCost;
  /** The most tokens that go into the model, where the price list tells. */
  contextWindow(call: Pick<SessionModelCall, 'provider' | 'model'>): number | null;
}

export interface PriceBookOptions {
  /** The user's own prices; the one with the most letters in its pattern counts, of equal ones the newest that had begun. */
  readonly own?: readonly OwnPrice[];
  /** The day of calls that say nothing of theirs, in milliseconds since 1970. Now, when left out. */
  readonly undatedMs?: number;
}

/** Prices calls one by one, exactly. Throws `RangeError` for an own price that is none. */
export function createPriceBook({ own = [], undatedMs = Date.now() }: PriceBookOptions = {}): PriceBook {
  const findOwn = ownPriceFinder(own);
  const models = new Map<string, ListedModel | null>();
  const locals = new Map<string, boolean>();

  const lookUp = (provider: string | null, model: string): ListedModel | null => {
    const key = `${provider ?? ''}\n${model}`;
    const known = models.get(key);
    if (known !== undefined) return known;
    if (models.size >= MOST_MODELS) models.clear();
    const found = listedModel(provider, model);
    models.set(key, found);
    return found;
  };

  const runsLocally = (provider: string | null, model: string): boolean => {
    const key = `${provider ?? ''}\n${model}`;
    let known = locals.get(key);
    if (known === undefined) {
      if (locals.size >= MOST_MODELS) locals.clear();
      known = isLocal(provider, model);
      locals.set(key, known);
    }
    return known;
  };

  const find: FindPrice = (call, model, input) => {
    const atMs = call.atMs ?? undatedMs;
    const ownPrice = findOwn({ provider: call.provider, model, atMs, serviceTier: call.serviceTier });
    if (ownPrice) return ownPrice;
    if (runsLocally(call.provider, model)) return 'local';
    const listed = lookUp(call.provider, model);
    if (!listed) return null;
    const price = atServiceTier(listedPrice(listed, atMs), call.serviceTier, input);
    return atInferencePlace(price, call.rawUsage);
  };

  return {
    version: versionOf(own),
    price: (call) => priceCall(call, find),
    contextWindow: ({ provider, model }) =>
      model === null ? null : (lookUp(provider, model)?.info.context_window ?? null),
  };
}

/** `input` is how many tokens went in; `local`: nobody sells it. */
type FindPrice = (call: PricedCall, model: string, input: number) => FoundPrice | 'local' | null;

function priceCall(call: PricedCall, find: FindPrice): CallCost {
  const reportedUsd = reported(call.reportedCostUsd);
  const unpriced = (reason: string): CallCost => ({
    callId: call.callId,
    status: 'unpriced',
    totalUsd: null,
    parts: [],
    price: null,
    reportedUsd,
    reason,
  });

  // A program's own words in the place of an answer (`<synthetic>`): no model was asked.
  const isNobody = call.model?.includes('<') === true && /^<.*>$/.test(call.model.trim());
  const attempts = [
    ...(call.usage && !isNobody ? [{ model: call.model, usage: call.usage }] : []),
    ...call.besides,
  ].filter(({ usage }) => hasTokens(usage));
  if (attempts.length === 0) {
    if (call.usage === null && !isNobody) return unpriced('no usage is known');
    return { callId: call.callId, status: 'nothing', totalUsd: 0, parts: [], price: null, reportedUsd, reason: null };
  }

  const parts: CostPart[] = [];
  let total: Picodollars = 0n;
  let price: CallCost['price'] = null;
  for (const { model, usage } of attempts) {
    if (model === null) return unpriced('the model is not known');
    const found = find(call, model, usage.input);
    if (found === 'local') return unpriced(`"${short(model)}"${at(call.provider)} runs on your own machine`);
    if (!found) return unpriced(`no price is known for the model "${short(model)}"${at(call.provider)}`);
    // The provider's own words are about the call itself, not about what was done besides.
    const details = usage === call.usage ? usageDetails(call.rawUsage, usage) : NO_DETAILS;
    const cost = costParts(usage, found.rates, { model: found.model, details });
    if (cost.status === 'missing') {
      const what = cost.kind === 'web_search' ? 'web searches' : `${cost.kind} tokens`;
      return unpriced(`${found.source} has no price for ${what} of ${found.provider}/${found.model}`);
    }
    total += cost.total;
    parts.push(...cost.parts);
    const { provider, from, source, unknownTier } = found;
    price ??= { model: found.model, provider, from, source, ...(unknownTier === undefined ? {} : { unknownTier }) };
  }
  return { callId: call.callId, status: 'priced', totalUsd: toUsd(total), parts, price, reportedUsd, reason: null };
}

function hasTokens(usage: TokenUsage): boolean {
  return usage.input > 0 || usage.output > 0;
}

const PLAIN_USD = /^\d{1,3}(?:\.\d{1,12})?$/;

function reported(usd: string | null): number | null {
  if (usd === null) return null;
  // No more digits than a picodollar has: the nearest number is the nearest to the exact amount.
  if (PLAIN_USD.test(usd)) return Number(usd);
  try {
    return toUsd(toPicodollars(usd));
  } catch {
    return null;
  }
}

function at(provider: string | null): string {
  return provider === null ? '' : ` at "${short(provider)}"`;
}

function short(name: string): string {
  return name.length > 100 ? `${name.slice(0, 100)}…` : name;
}

function versionOf(own: readonly OwnPrice[]): string {
  const base = `${PRICE_LIST}, rules ${RULES}`;
  if (own.length === 0) return base;
  return `${base}, own ${createHash('sha256').update(JSON.stringify(own)).digest('hex').slice(0, 12)}`;
}
