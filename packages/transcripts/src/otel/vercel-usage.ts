import type { Attributes } from '@tracepost/contracts';
import { readUsage } from '@tracepost/pricing';
import { type Fields, fieldsOf } from '../building/values.ts';
import { countAt, countOf, valueAt } from './attributes.ts';
import { type SpanUsage, wholeUsage } from './whole-usage.ts';

/** The Vercel AI SDK leaves the cache of Anthropic and Bedrock out of its own counts and keeps the provider's words beside them. */
export function ofVercelMetadata(attributes: Attributes): SpanUsage | null {
  const told = valueAt(attributes, 'ai.response.providerMetadata');
  if (told === undefined) return null;
  const { anthropic, bedrock } = fieldsOf(told);
  const { usage: raw, ...named } = fieldsOf(anthropic);
  const usage = raw === undefined ? null : readUsage('anthropic', raw);
  if (usage) return { usage, raw: JSON.stringify(raw) };
  return (
    withCache(attributes, named.cacheReadInputTokens, named.cacheCreationInputTokens) ?? ofBedrock(attributes, bedrock)
  );
}

function ofBedrock(attributes: Attributes, bedrock: unknown): SpanUsage | null {
  const { cacheReadInputTokens, cacheWriteInputTokens }: Fields = fieldsOf(fieldsOf(bedrock).usage);
  return withCache(attributes, cacheReadInputTokens, cacheWriteInputTokens);
}

/** Its version 4 has both counts there, version 5 only what was written; since version 6 both are inside the input. */
function withCache(attributes: Attributes, read: unknown, written: unknown): SpanUsage | null {
  const isInside = Object.keys(attributes).some((name) => name.startsWith('ai.usage.inputTokenDetails.'));
  if (isInside || (countOf(read) === null && countOf(written) === null)) return null;
  const counts = {
    input: countAt(attributes, 'ai.usage.inputTokens', 'ai.usage.promptTokens'),
    output: countAt(attributes, 'ai.usage.outputTokens', 'ai.usage.completionTokens'),
    cacheRead: countOf(read) ?? countAt(attributes, 'ai.usage.cachedInputTokens') ?? 0,
    cacheWrite: countOf(written) ?? 0,
    reasoning: countAt(attributes, 'ai.usage.reasoningTokens') ?? 0,
  };
  const { input, output, cacheRead, cacheWrite } = counts;
  if (input === null || output === null) return null;
  const whole = { ...counts, input: input + cacheRead + cacheWrite, output, total: null, gemini: false };
  return { usage: wholeUsage(whole), raw: JSON.stringify(counts) };
}
