import type { Attributes } from '@tracepost/contracts';
import { readUsage } from '@tracepost/pricing';
import { type Fields, fieldsOf } from '../building/values.ts';
import { countAt, countOf, textAt, valueAt } from './attributes.ts';
import { type SpanUsage, wholeUsage } from './whole-usage.ts';

/** The Vercel AI SDK leaves the cache of Anthropic and Bedrock out of its own counts and keeps the provider's words beside them. */
export function ofVercelMetadata(attributes: Attributes): SpanUsage | null {
  const told = valueAt(attributes, 'ai.response.providerMetadata');
  if (told === undefined) return null;
  const { anthropic, bedrock, google, vertex, ...others } = fieldsOf(told);
  const { usage: raw, ...named } = fieldsOf(anthropic);
  return (
    inOwnWords(raw, 'anthropic') ??
    inOwnWords(fieldsOf(google ?? vertex).usageMetadata, 'gcp.gemini') ??
    withCache(attributes, named.cacheReadInputTokens, named.cacheCreationInputTokens) ??
    ofBedrock(attributes, bedrock) ??
    withDetails(attributes, others)
  );
}

function inOwnWords(raw: unknown, provider: string): SpanUsage | null {
  const usage = raw === undefined ? null : readUsage(provider, raw);
  return usage && usage.input + usage.output > 0 ? { usage, raw: JSON.stringify(raw) } : null;
}

/** Version 4 has no counts of its own for the cache and for reasoning, which these providers count inside. */
function withDetails(attributes: Attributes, { openai, azure, deepseek, openrouter }: Fields): SpanUsage | null {
  const routed = fieldsOf(fieldsOf(openrouter).usage);
  const named = fieldsOf(openai ?? azure);
  const cacheRead =
    countOf(named.cachedPromptTokens) ??
    countOf(fieldsOf(deepseek).promptCacheHitTokens) ??
    countOf(fieldsOf(routed.promptTokensDetails).cachedTokens);
  const reasoning = countOf(named.reasoningTokens) ?? countOf(fieldsOf(routed.completionTokensDetails).reasoningTokens);
  const isCounted = countAt(attributes, 'ai.usage.cachedInputTokens', 'ai.usage.reasoningTokens') !== null;
  const input = countAt(attributes, 'ai.usage.inputTokens', 'ai.usage.promptTokens');
  const output = countAt(attributes, 'ai.usage.outputTokens', 'ai.usage.completionTokens');
  if (isCounted || isSince6(attributes) || input === null || output === null) return null;
  if (cacheRead === null && reasoning === null) return null;
  const counts = { input, output, cacheRead: cacheRead ?? 0, cacheWrite: 0, reasoning: reasoning ?? 0 };
  return { usage: wholeUsage({ ...counts, total: null, gemini: false }), raw: JSON.stringify(counts) };
}

function isSince6(attributes: Attributes): boolean {
  if (Object.keys(attributes).some((name) => name.startsWith('ai.usage.inputTokenDetails.'))) return true;
  return /^ai\/([6-9]|\d\d)/.test(textAt(attributes, 'ai.request.headers.user-agent') ?? '');
}

function ofBedrock(attributes: Attributes, bedrock: unknown): SpanUsage | null {
  const { cacheReadInputTokens, cacheWriteInputTokens }: Fields = fieldsOf(fieldsOf(bedrock).usage);
  return withCache(attributes, cacheReadInputTokens, cacheWriteInputTokens);
}

/** Its version 4 has both counts there, version 5 only what was written; since version 6 both are inside the input. */
function withCache(attributes: Attributes, read: unknown, written: unknown): SpanUsage | null {
  if (isSince6(attributes) || (countOf(read) === null && countOf(written) === null)) return null;
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
