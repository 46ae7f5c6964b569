import type { Attributes } from '@tracepost/contracts';
import { MAX_CALL_TOKENS } from '@tracepost/contracts/token-usage';
import { readUsage } from '@tracepost/pricing';
import { fieldsOf, isFields, listOf } from '../building/values.ts';
import { countAt, countOf, isNoCount, parsed, valueAt } from './attributes.ts';
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
    'llm.usage.input_tokens',
    'gen_ai.response.prompt_tokens',
    'gen_ai.response.input_tokens',
    'gen_ai.aggregated_usage.input_tokens',
  ],
  output: [
    'gen_ai.usage.output_tokens',
    'gen_ai.usage.completion_tokens',
    'llm.token_count.completion',
    'ai.usage.outputTokens',
    'ai.usage.completionTokens',
    'llm.usage.completion_tokens',
    'llm.usage.output_tokens',
    'gen_ai.response.completion_tokens',
    'gen_ai.response.output_tokens',
    'gen_ai.aggregated_usage.output_tokens',
  ],
  cacheRead: [
    'gen_ai.usage.cache_read.input_tokens',
    'gen_ai.usage.cache_read_input_tokens',
    'gen_ai.usage.input_tokens.cached',
    'gen_ai.usage.cached_input_tokens',
    'gen_ai.usage.cached_tokens',
    'gen_ai.usage.cache_read_tokens',
    'gen_ai.usage.input_cached_tokens',
    'gen_ai.usage.prompt_tokens_details.cached_tokens',
    'gen_ai.usage.input_tokens_details.cached_tokens',
    'llm.token_count.prompt_details.cache_read',
    'ai.usage.cachedInputTokens',
    'ai.usage.inputTokenDetails.cacheReadTokens',
    'gen_ai.usage.details.cache_read_tokens',
    'gen_ai.usage.details.cache_read_input_tokens',
    'gen_ai.usage.details.cached_tokens',
    'gen_ai.usage.details.cached_content_tokens',
    'llm.usage.cache_read_input_tokens',
    'gen_ai.aggregated_usage.cache_read.input_tokens',
  ],
  cacheWrite: [
    'gen_ai.usage.cache_creation.input_tokens',
    'gen_ai.usage.cache_creation_input_tokens',
    'gen_ai.usage.cache_write.input_tokens',
    'gen_ai.usage.cache_write_input_tokens',
    'gen_ai.usage.cache_write_tokens',
    'gen_ai.usage.cache_creation_tokens',
    'gen_ai.usage.input_tokens.cache_write',
    'llm.token_count.prompt_details.cache_write',
    'ai.usage.inputTokenDetails.cacheWriteTokens',
    'gen_ai.usage.details.cache_write_tokens',
    'gen_ai.usage.details.cache_creation_input_tokens',
    'llm.usage.cache_creation_input_tokens',
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
    'gen_ai.usage.details.thoughts_tokens',
    'gen_ai.usage.thoughts_tokens',
    'gen_ai.usage.thinking_tokens',
    'gen_ai.usage.thoughts_token_count',
    'gen_ai.usage.output_reasoning_tokens',
    'gen_ai.usage.completion_tokens_details.reasoning_tokens',
    'gen_ai.usage.output_tokens_details.reasoning_tokens',
    'llm.usage.reasoning_tokens',
  ],
  total: [
    'gen_ai.usage.total_tokens',
    'llm.usage.total_tokens',
    'llm.token_count.total',
    'ai.usage.totalTokens',
    'gen_ai.response.total_tokens',
  ],
} as const;

/** By how long it is kept, in the words of some; the conventions have none. */
const CACHE_WRITES = {
  fiveMinutes: [
    'gen_ai.usage.cache_creation.ephemeral_5m_input_tokens',
    'dash0.gen_ai.usage.cache_creation.ephemeral_5m.input_tokens',
  ],
  hour: [
    'gen_ai.usage.cache_creation.ephemeral_1h_input_tokens',
    'dash0.gen_ai.usage.cache_creation.ephemeral_1h.input_tokens',
  ],
} as const;

/** Google's ADK, before it followed the conventions: thoughts that are in no other count. */
const THOUGHTS_BESIDE = 'gen_ai.usage.experimental.reasoning_tokens';

const COUNT_NAMES = [COUNTS, CACHE_WRITES].flatMap((names) => Object.values(names).flat()).concat(THOUGHTS_BESIDE);

/**
 * What a span says that its call used; null: nothing. Conventions count the cache inside the input and reasoning inside the output, and
 * not every program keeps to them: parts that do not fit into their whole, or that only with it make the total, were counted beside it.
 */
export function spanUsage(attributes: Attributes, provider: string | null, model: string | null): SpanUsage | null {
  const told = inSomeDialect(attributes, provider, model);
  return told && Object.values(told.usage).every((count) => count <= MAX_CALL_TOKENS) ? told : null;
}

function inSomeDialect(attributes: Attributes, provider: string | null, model: string | null): SpanUsage | null {
  return (
    ofClaudeCode(attributes) ??
    ofVercelMetadata(attributes) ??
    ofProvider(attributes, provider) ??
    ofLangSmith(attributes) ??
    ofAttributes(attributes, isGemini(provider, model)) ??
    ofAnswer(attributes, provider) ??
    (refusedIn('mlflow.chat.tokenUsage', attributes) === null ? ofMlflow(attributes) : null) ??
    ofLangfuse(attributes, provider)
  );
}

/** Which number a span gives as a count that no call can have used; null: none. All counts are left out with it, so that no sum is wrong by part of it. */
export function refusedCount(attributes: Attributes): string | null {
  return (
    refusedAmong(attributes) ??
    refusedOfClaudeCode(attributes) ??
    TOGETHER.map((name) => refusedIn(name, attributes)).find(Boolean) ??
    null
  );
}

function refusedAmong(attributes: Attributes): string | null {
  const name = COUNT_NAMES.find((one) => isNoCount(attributes[one]));
  return name === undefined ? null : whyRefused(name, attributes[name]);
}

const LANGFUSE = 'langfuse.observation.usage_details';
/** Attributes that hold all counts in one object. */
const TOGETHER = [LANGFUSE, 'mlflow.chat.tokenUsage'] as const;

function refusedIn(attribute: (typeof TOGETHER)[number], attributes: Attributes): string | null {
  const [name, value] = Object.entries(fieldsOf(parsed(attributes[attribute]))).find(([, one]) => isNoCount(one)) ?? [];
  return name === undefined ? null : whyRefused(`${name.slice(0, 100)} of ${attribute}`, value);
}

function whyRefused(name: string, value: unknown): string {
  return `${name} is ${String(value).slice(0, 40)}; it has to be a whole number of tokens, ${MAX_CALL_TOKENS} at most`;
}

function ofAttributes(attributes: Attributes, gemini: boolean): SpanUsage | null {
  const input = countAt(attributes, ...COUNTS.input);
  const output = countAt(attributes, ...COUNTS.output);
  if (input === null && output === null) return null;
  if (refusedAmong(attributes) !== null) return null;
  const raw = Object.fromEntries(COUNT_NAMES.flatMap((name) => (name in attributes ? [[name, attributes[name]]] : [])));
  const inside = countAt(attributes, ...COUNTS.reasoning);
  const beside = inside === null ? (countAt(attributes, THOUGHTS_BESIDE) ?? 0) : 0;
  const kept = countAt(attributes, ...CACHE_WRITES.fiveMinutes) ?? 0;
  const hour = countAt(attributes, ...CACHE_WRITES.hour) ?? 0;
  const usage = wholeUsage({
    input: input ?? 0,
    output: (output ?? 0) + beside,
    cacheRead: countAt(attributes, ...COUNTS.cacheRead) ?? 0,
    cacheWrite: Math.max(countAt(attributes, ...COUNTS.cacheWrite) ?? 0, kept + hour),
    cacheWrite1h: hour,
    reasoning: inside ?? beside,
    total: countAt(attributes, ...COUNTS.total),
    gemini,
  });
  return { usage, raw: JSON.stringify(raw) };
}

function isGemini(provider: string | null, model: string | null): boolean {
  return /gemini/i.test(model ?? '') || (provider ?? '').startsWith('gcp.gemini');
}

/** The provider's own counts, which some keep beside those of the conventions, and which tell more: thoughts, how long a cache is kept. */
function ofProvider(attributes: Attributes, provider: string | null): SpanUsage | null {
  const logfire = valueAt(attributes, 'gen_ai.usage.raw');
  const { usage_metadata: adk } = fieldsOf(valueAt(attributes, 'gcp.vertex.agent.llm_response'));
  return inOwnWords(logfire, provider) ?? inOwnWords(adk, 'gcp.gemini');
}

function inOwnWords(told: unknown, provider: string | null): SpanUsage | null {
  if (!isFields(told)) return null;
  const raw = inJsonNames(told);
  const usage = readUsage(provider, raw);
  return usage && usage.input + usage.output > 0 ? { usage, raw: JSON.stringify(raw) } : null;
}

/** LangSmith's exporter writes LangChain's details as text, that of Python as Python does. */
function ofLangSmith(attributes: Attributes): SpanUsage | null {
  const [inputs, outputs] = [
    attributes['gen_ai.usage.input_token_details'],
    attributes['gen_ai.usage.output_token_details'],
  ];
  if ((inputs === undefined && outputs === undefined) || refusedAmong(attributes) !== null) return null;
  const raw = {
    input_tokens: countAt(attributes, ...COUNTS.input) ?? 0,
    output_tokens: countAt(attributes, ...COUNTS.output) ?? 0,
    input_token_details: detailsIn(inputs),
    output_token_details: detailsIn(outputs),
  };
  return inOwnWords(raw, null);
}

function detailsIn(value: unknown): Readonly<Record<string, unknown>> {
  const told = parsed(value);
  return fieldsOf(typeof told === 'string' ? parsed(told.replaceAll("'", '"').replaceAll('None', 'null')) : told);
}

const CLAUDE_CODE = ['input_tokens', 'output_tokens', 'cache_read_tokens', 'cache_creation_tokens'] as const;

function refusedOfClaudeCode(attributes: Attributes): string | null {
  if (attributes['span.type'] !== 'llm_request') return null;
  const name = CLAUDE_CODE.find((one) => isNoCount(attributes[one]));
  return name === undefined ? null : whyRefused(name, attributes[name]);
}

/** Claude Code's own spans: Anthropic's counts under bare names. */
function ofClaudeCode(attributes: Attributes): SpanUsage | null {
  if (attributes['span.type'] !== 'llm_request' || refusedOfClaudeCode(attributes) !== null) return null;
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
  for (const name of ['usage', 'usage_metadata', 'usageMetadata', 'token_usage']) {
    const told = inOwnWords(answer[name], provider);
    if (told) return told;
  }
  return ofAutoGen(answer);
}

/** What a run of an agent of AutoGen gives back: messages, each with what it took to make it. */
function ofAutoGen({ messages }: Readonly<Record<string, unknown>>): SpanUsage | null {
  const used = listOf(messages).flatMap((message) => {
    const { models_usage: raw } = fieldsOf(message);
    return isFields(raw) ? [raw] : [];
  });
  if (used.some((raw) => isNoCount(raw.prompt_tokens) || isNoCount(raw.completion_tokens))) return null;
  const sum = (name: string): number => used.reduce((total, raw) => total + (countOf(raw[name]) ?? 0), 0);
  return inOwnWords({ prompt_tokens: sum('prompt_tokens'), completion_tokens: sum('completion_tokens') }, null);
}

/** Python writes Gemini's counts with the names of its own fields (`prompt_token_count`). */
function inJsonNames(raw: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return 'prompt_token_count' in raw || 'total_token_count' in raw ? renamed(raw) : raw;
}

function renamed(raw: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const named = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(
    Object.entries(raw).map(([name, value]) => [
      named(name),
      Array.isArray(value) ? value.map((one) => (isFields(one) ? renamed(one) : one)) : value,
    ]),
  );
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
function ofLangfuse(attributes: Attributes, provider: string | null): SpanUsage | null {
  const raw = parsed(attributes[LANGFUSE]);
  if (!isFields(raw) || refusedIn(LANGFUSE, attributes) !== null) return null;
  const input = countOf(raw.input);
  const output = countOf(raw.output);
  // Its wrapper of OpenAI hands on what that said.
  if (input === null && output === null) return inOwnWords(raw, provider);
  const details = Object.entries(raw).flatMap(([name, value]) => {
    const count = countOf(value);
    return count === null || ['input', 'output', 'total'].includes(name) ? [] : [{ name, count }];
  });
  const sum = (pattern: RegExp): number =>
    details.reduce((total, { name, count }) => (pattern.test(name) ? total + count : total), 0);
  const cacheRead = sum(/cache_?read|cached/);
  // By how long it is kept, told beside the whole of it or in its place.
  const fiveMinutes = sum(/(creation|write)_?5m|ephemeral_5m/);
  const cacheWrite1h = sum(/(creation|write)_?1h|ephemeral_1h/);
  const cacheWrite = Math.max(sum(/cache_?(creation|write)(?!_?(5m|1h))/), fiveMinutes + cacheWrite1h);
  const reasoning = sum(/reasoning|thought/);
  const told = { input: input ?? 0, output: output ?? 0 };
  const beside = {
    input: told.input + sum(/^input_|^cache_/),
    output: told.output + sum(/^output_/),
  };
  const total = countOf(raw.total);
  const isBeside = total !== null && total !== told.input + told.output && total === beside.input + beside.output;
  const counted = isBeside ? beside : told;
  const usage = wholeUsage({ ...counted, cacheRead, cacheWrite, cacheWrite1h, reasoning, total: null, gemini: false });
  return { usage, raw: JSON.stringify(raw) };
}
