/** Prices are decimal text, as in the list they come from; `from` is the day (UTC) since when this table counts with them. */
interface DatedPrice {
  readonly from: string;
  readonly source: string;
}

export interface ModelPrice extends DatedPrice {
  readonly model: string;
  readonly usdPer1kInputTokens: string;
  readonly usdPer1kOutputTokens: string;
}

export interface ComputePrice extends DatedPrice {
  readonly platform: string;
  readonly usdPerGbSecond: string;
}

/** What bg-remover is priced by: a default for its reference deployment, not the list price of every region. */
export const MODEL_PRICES: readonly ModelPrice[] = [
  {
    model: 'amazon.nova-lite-v1:0',
    usdPer1kInputTokens: '0.00008',
    usdPer1kOutputTokens: '0.00032',
    from: '2026-11-21',
    source: 'reference deployment of this product; list prices by region: https://aws.amazon.com/bedrock/pricing/',
  },
];

export const COMPUTE_PRICES: readonly ComputePrice[] = [
  {
    platform: 'aws-lambda-x86',
    usdPerGbSecond: '0.0000166667',
    from: '2026-11-21',
    source: 'first tier, x86, us-east-1: https://aws.amazon.com/lambda/pricing/',
  },
];

/** The entry in force on a day: the newest that had begun. Before the first one, the first: the estimate has no older price. */
export function priceOn<P extends DatedPrice>(entries: readonly P[], at: Date): P {
  const byDay = entries.toSorted((a, b) => (a.from < b.from ? -1 : 1));
  const first = byDay[0];
  if (!first) throw new RangeError('the price table is empty');
  const day = at.toISOString().slice(0, 10);
  return byDay.findLast((entry) => entry.from <= day) ?? first;
}
