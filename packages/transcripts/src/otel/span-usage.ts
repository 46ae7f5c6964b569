import type { Attributes } from '@tracepost/contracts';
import { readUsage } from '@tracepost/pricing';
import { fieldsOf, isFields } from '../building/values.ts';
import { countAt, countOf, parsed, valueAt } from './attributes.ts';
import { ofMlflow } from './mlflow.ts';
import { ofVercelMetadata } from './vercel-usage.ts';
import { type SpanUsage, wholeUsage } from './whole-usage.ts';

/** Each dialect's word for one count; the first that is there is taken. */
const COUNTS = {
  input: [
    'gen_ai.usage.input_tokens',
    'gen_ai.usage.prompt_tokens',
    'llm.token_count.prompt',
    'ai.usage.inputTokens',
    'ai.usage.promptTokens',
    'ai.usage.tokens',
    'llm.usage.prompt_tokens',
    'gen_ai.aggregated_usage.input_tokens',
  ],
  output: [
    'gen_ai.usage.output_tokens',
    'gen_ai.usage.completion_tokens',
    'llm.token_count.completion',
    'ai.usage.outputTokens',
    'ai.usage.completionTokens',
    'llm.usage.completion_tokens',
    'gen_ai.aggregated_usage.output_tokens',
  ],
  cacheRead: [
    'gen_ai.usage.cache_read.input_tokens',
    'gen_ai.usage.cache_read_input_tokens',
    'gen_ai.usage.input_tokens.cached',
    'gen_ai.usage.cached_input_tokens',
    'gen_ai.usage.cached_tokens',
    'llm.token_count.prompt_details.cache_read',
    'ai.usage.cachedInputTokens',
    'ai.usage.inputTokenDetails.cacheReadTokens',
    'gen_ai.usage.details.cache_read_tokens',
    'gen_ai.usage.details.cache_read_input_tokens',
    'gen_ai.usage.details.cached_tokens',
    'gen_ai.aggregated_usage.cache_read.input_tokens',
  ],
  cacheWrite: [
    'gen_ai.usage.cache_creation.input_tokens',
    'gen_ai.usage.cache_creation_input_tokens',
    'gen_ai.usage.input_tokens.cache_write',
    'llm.token_count.prompt_details.cache_write',
    'ai.usage.inputTokenDetails.cacheWriteTokens',
    'gen_ai.usage.details.cache_write_tokens',
    'gen_ai.usage.details.cache_creation_input_tokens',
    'gen_ai.aggregated_usage.cache_creation.input_tokens',
  ],
  reasoning: [
    'gen_ai.usage.reasoning.output_tokens',
    'gen_ai.usage.reasoning_tokens',
    'gen_ai.usage.output_tokens.reasoning',
    'llm.token_count.completion_details.reasoning',
    'ai.usage.reasoningTokens',
    'ai.usage.outputTokenDetails.reasoningTokens',
    'gen_ai.usage.details.reasoning_tokens',
    'gen_ai.usage.details.thinking_tokens',
    'llm.usage.reasoning_tokens',
  ],
  total: ['gen_ai.usage.total_tokens', 'llm.usage.total_tokens', 'llm.token_count.total', 'ai.usage.totalTokens'],
} as const;

/**
 * What a span says that its call used; null: nothing. Conventions count the cache inside the input and reasoning inside the output, and
 * not every program keeps to them: parts that do not fit into their whole, or that only with it make the total, were counted beside it.
 */
export function spanUsage(attributes: Attributes, provider: string | null, model: string | null): SpanUsage | null {
  return (
    ofClaudeCode(attributes) ??
    ofVercelMetadata(attributes) ??
    ofAttributes(attributes, isGemini(provider, model)) ??
    ofAnswer(attributes, provider) ??
    ofMlflow(attributes) ??
    ofLangfuse(attributes)
  );
}

function ofAttributes(attributes: Attributes, gemini: boolean): SpanUsage | null {
  const input = countAt(attributes, ...COUNTS.input);
  const output = countAt(attributes, ...COUNTS.output);
  if (input === null && output === null) return null;
  const names = Object.values(COUNTS).flat();
  const raw = Object.fromEntries(names.flatMap((name) => (name in attributes ? [[name, attributes[name]]] : [])));
  const usage = wholeUsage({
    input: input ?? 0,
    output: output ?? 0,
    cacheRead: countAt(attributes, ...COUNTS.cacheRead) ?? 0,
    cacheWrite: countAt(attributes, ...COUNTS.cacheWrite) ?? 0,
    reasoning: countAt(attributes, ...COUNTS.reasoning) ?? 0,
    total: countAt(attributes, ...COUNTS.total),
    gemini,
  });
  return { usage, raw: JSON.stringify(raw) };
}

function isGemini(provider: string | null, model: string | null): boolean {
  return /gemini/i.test(model ?? '') || (provider ?? '').startsWith('gcp.gemini');
}

/** Claude Code's own spans: Anthropic's counts under bare names. */
function ofClaudeCode(attributes: Attributes): SpanUsage | null {
  if (attributes['span.type'] !== 'llm_request') return null;
  const raw = {
    input_tokens: countAt(attributes, 'input_tokens') ?? 0,
    output_tokens: countAt(attributes, 'output_tokens') ?? 0,
    cache_read_input_tokens: countAt(attributes, 'cache_read_tokens') ?? 0,
    cache_creation_input_tokens: countAt(attributes, 'cache_creation_tokens') ?? 0,
  };
  const usage = readUsage('anthropic', raw);
  return usage && countAt(attributes, 'input_tokens', 'output_tokens') !== null
    ? { usage, raw: JSON.stringify(raw) }
    : null;
}

/** Some instrumentations count nothing and keep the provider's whole answer. */
function ofAnswer(attributes: Attributes, provider: string | null): SpanUsage | null {
  const answer = answerOf(attributes);
  for (const name of ['usage', 'usage_metadata', 'usageMetadata']) {
    const raw = answer[name];
    const usage = isFields(raw) ? readUsage(provider, inJsonNames(raw)) : null;
    if (usage && usage.input + usage.output > 0) return { usage, raw: JSON.stringify(raw) };
  }
  return null;
}

/** Python writes Gemini's counts with the names of its own fields (`prompt_token_count`). */
function inJsonNames(raw: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (!('prompt_token_count' in raw)) return raw;
  const named = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(raw).map(([name, value]) => [named(name), value]));
}

/** The answer of a provider as a span keeps it. */
export function answerOf(attributes: Attributes): Readonly<Record<string, unknown>> {
  return fieldsOf(
    valueAt(
      attributes,
      'output.value',
      'response_data',
      'langfuse.observation.output',
      'gcp.vertex.agent.llm_response',
      'mlflow.spanOutputs',
    ),
  );
}

/**
 * Langfuse's own shape: `input` and `output`, and details. Its exporters for LangChain and OpenAI take details out of their whole, others
 * leave them in; the total tells which.
 */
function ofLangfuse(attributes: Attributes): SpanUsage | null {
  const raw = parsed(attributes['langfuse.observation.usage_details']);
  if (!isFields(raw)) return null;
  const input = countOf(raw.input);
  const output = countOf(raw.output);
  if (input === null && output === null) return null;
  const details = Object.entries(raw).flatMap(([name, value]) => {
    const count = countOf(value);
    return count === null || ['input', 'output', 'total'].includes(name) ? [] : [{ name, count }];
  });
  const sum = (pattern: RegExp): number =>
    details.reduce((total, { name, count }) => (pattern.test(name) ? total + count : total), 0);
  const cacheRead = sum(/cache_?read|cached/);
  const cacheWrite = sum(/cache_?(creation|write)/);
  const reasoning = sum(/reasoning|thought/);
  const told = { input: input ?? 0, output: output ?? 0 };
  const beside = {
    input: told.input + sum(/^input_|^cache_/),
    output: told.output + sum(/^output_/),
  };
  const total = countOf(raw.total);
  const isBeside = total !== null && total !== told.input + told.output && total === beside.input + beside.output;
  const counted = isBeside ? beside : told;
  const usage = wholeUsage({ ...counted, cacheRead, cacheWrite, reasoning, total: null, gemini: false });
  return { usage, raw: JSON.stringify(raw) };
}
