import type { Attributes } from '@tracepost/contracts';
import { sumUsd } from '@tracepost/pricing';
import { fieldsOf } from '../building/values.ts';
import { textAt, valueAt } from './attributes.ts';

/** What somebody reckoned that the call cost, in US dollars. */
const TOTALS = [
  'operation.cost',
  'llm.cost.total',
  'gen_ai.usage.cost',
  'gen_ai.usage.total_cost',
  'gen_ai.cost.total_cost',
  'gen_ai.cost.usd',
  'tracepost.cost_usd',
  'langfuse.cost',
] as const;
const PARTS = [
  ['gen_ai.usage.input_cost', 'gen_ai.usage.output_cost'],
  ['llm.cost.prompt', 'llm.cost.completion'],
] as const;
const MOST_USD = 1_000_000;

/** As plain digits; null: nobody did. */
export function reportedCost(attributes: Attributes): string | null {
  const total = usdText(textAt(attributes, ...TOTALS) ?? elsewhere(attributes));
  if (total !== null) return total;
  for (const [input, output] of PARTS) {
    const [one, other] = [textAt(attributes, input), textAt(attributes, output)];
    const [asked, answered] = [usdOf(one), usdOf(other)];
    if (asked !== null && answered !== null) return usdText(String(sumUsd([asked, answered])));
  }
  return null;
}

/** In the words of Langfuse, of gateways that the Vercel AI SDK asks. */
function elsewhere(attributes: Attributes): string | null {
  const { total } = fieldsOf(valueAt(attributes, 'langfuse.observation.cost_details'));
  const { gateway, openrouter } = fieldsOf(valueAt(attributes, 'ai.response.providerMetadata'));
  const routed = fieldsOf(fieldsOf(openrouter).usage).cost;
  const told = total ?? fieldsOf(gateway).cost ?? routed;
  return typeof told === 'number' || typeof told === 'string' ? String(told) : null;
}

function usdOf(text: string | null): number | null {
  const usd = text === null || text.trim() === '' ? Number.NaN : Number(text);
  return usd >= 0 && usd <= MOST_USD ? usd : null;
}

function usdText(text: string | null): string | null {
  const usd = usdOf(text);
  if (usd === null) return null;
  const plain = String(usd);
  return plain.includes('e') ? usd.toFixed(20).replace(/\.?0+$/, '') : plain;
}
