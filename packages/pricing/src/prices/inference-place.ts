import type { FoundPrice } from './rates.ts';
import { timesAll } from './service-tier.ts';

/** As Anthropic's answers tell it in their usage, and as whoever kept it wrote it down. */
const IN_THE_US = '"inference_geo":"us"';
/** Before version 4.6: sold at one price everywhere. */
const OLDER = /^claude-(?:[1-3]|v\d|instant|(?:opus|sonnet|haiku)-(?:3|4-[0-5](?!\d)|4(?:-\d{8})?$))/;

/**
 * Anthropic itself asks 1.1 times the price of all tokens where its model is bound to the US, on top of what any tier costs:
 * https://platform.claude.com/docs/en/about-claude/pricing (data residency), as it was known on 2026-11-22.
 */
export function atInferencePlace(price: FoundPrice, rawUsage: string | null | undefined): FoundPrice {
  const isInTheUs =
    price.provider === 'anthropic' && rawUsage?.includes(IN_THE_US) === true && !OLDER.test(price.model);
  if (!isInTheUs) return price;
  const source = `${price.source}, 1.1 times of it for inference in the US`;
  return { ...price, rates: timesAll(price.rates, '1.1'), source };
}
