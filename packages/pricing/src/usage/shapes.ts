import type { TokenUsage } from '@tracepost/contracts';
import { count, counted, has, isObject, isTold, type RawUsage, RefusedCount } from './counts.ts';
import { type CacheWrites, cacheWrites, joined, outside, within } from './token-usage-of.ts';

/** One way of writing usage down: known by its names, because the same dialect is spoken by many providers. */
export interface UsageShape {
  readonly name: string;
  is(usage: RawUsage, provider: string): boolean;
  read(usage: RawUsage, provider: string): TokenUsage;
}

/** Cache beside the input, reasoning inside the output. Also what Claude Code writes. */
const anthropicMessages: UsageShape = {
  name: 'anthropic-messages',
  is: (usage) =>
    isTold(usage.input_tokens, usage.output_tokens) &&
    isTold(usage.cache_creation_input_tokens, usage.cache_read_input_tokens, usage.cache_creation) &&
    !isTold(usage.input_tokens_details),
  read: (usage) =>
    outside({
      uncached: counted(usage.input_tokens, 'input_tokens'),
      cacheRead: counted(usage.cache_read_input_tokens, 'cache_read_input_tokens'),
      ...cacheWrites(usage, 'cache_creation_input_tokens', 'cache_creation'),
      output: counted(usage.output_tokens, 'output_tokens'),
      reasoning: isTold(usage.output_tokens_details) ? count(usage, 'output_tokens_details.thinking_tokens') : 0,
    }),
};

/**
 * Cache and reasoning inside: OpenAI, Azure and xAI Responses, and the token counts of Codex; with details in the singular OpenAI's
 * realtime, and LangChain (`usage_metadata`), which counts the cache inside whatever the provider does.
 */
const openaiResponses: UsageShape = {
  name: 'openai-responses',
  is: (usage) => isTold(usage.input_tokens, usage.output_tokens),
  read: (usage) =>
    within({
      input: count(usage, 'input_tokens'),
      cacheRead: count(
        usage,
        'input_tokens_details.cached_tokens',
        'input_tokens_details.cache_read_input_tokens',
        'input_token_details.cached_tokens',
        'input_token_details.cache_read',
        // Alibaba's own interface.
        'prompt_tokens_details.cached_tokens',
        'cached_input_tokens',
        'cached_tokens',
      ),
      ...responsesCacheWrites(usage),
      output: counted(usage.output_tokens, 'output_tokens'),
      reasoning: count(
        usage,
        'output_tokens_details.reasoning_tokens',
        'output_tokens_details.thinking_tokens',
        'output_token_details.reasoning_tokens',
        'output_token_details.reasoning',
        'reasoning_output_tokens',
      ),
    }),
};

/**
 * OpenAI chat completions and everybody who speaks like them: cache inside the input. Reasoning is inside the output but for xAI
 * (and Perplexity's research model), who count it beside. The total is the witness, for such answers come by gateways too
 * that say nothing of the provider behind them.
 */
const openaiChat: UsageShape = {
  name: 'openai-chat',
  is: (usage) => isTold(usage.prompt_tokens, usage.completion_tokens),
  read: (usage, provider) => {
    const prompt = count(usage, 'prompt_tokens');
    const answer = count(usage, 'completion_tokens');
    const reasoning = count(usage, 'completion_tokens_details.reasoning_tokens', 'reasoning_tokens');
    const total = has(usage, 'total_tokens') ? count(usage, 'total_tokens') : null;
    const isBeside = isReasoningBeside({ input: prompt, answer, reasoning, total, provider });
    const cache = { cacheRead: chatCacheRead(usage), ...chatCacheWrites(usage) };
    return within({
      input: has(usage, ...CACHE_OF_CLAUDE) ? withCacheOfClaude(prompt, cache) : prompt,
      ...cache,
      output: isBeside ? joined(answer, reasoning) : answer,
      reasoning,
    });
  },
};

/**
 * Vercel's AI SDK, in words that are otherwise those of Converse: reasoning inside the output. Since its version 6 the cache is inside the
 * input (`inputTokenDetails`); before, it was where the provider counts it, which is beside for Anthropic and Bedrock.
 */
const vercel: UsageShape = {
  name: 'vercel-ai-sdk',
  is: (usage) =>
    isTold(usage.inputTokens, usage.outputTokens) &&
    isTold(usage.cachedInputTokens, usage.reasoningTokens, usage.inputTokenDetails, usage.outputTokenDetails),
  read: (usage, provider) => {
    const input = count(usage, 'inputTokens');
    const cacheRead = count(usage, 'inputTokenDetails.cacheReadTokens', 'cachedInputTokens');
    const cacheWrite5m = count(usage, 'inputTokenDetails.cacheWriteTokens');
    const isBeside = !isTold(usage.inputTokenDetails) && (cacheRead > input || /anthropic|bedrock|aws/.test(provider));
    return within({
      input: isBeside ? joined(input, cacheRead) : input,
      cacheRead,
      cacheWrite5m,
      cacheWrite1h: 0,
      output: count(usage, 'outputTokens'),
      reasoning: count(usage, 'outputTokenDetails.reasoningTokens', 'reasoningTokens'),
    });
  },
};

/** Cache beside the input, reasoning inside the output. */
const bedrockConverse: UsageShape = {
  name: 'bedrock-converse',
  is: (usage) => isTold(usage.inputTokens, usage.outputTokens),
  read: (usage) =>
    outside({
      uncached: count(usage, 'inputTokens'),
      cacheRead: count(usage, 'cacheReadInputTokens', 'cacheReadInputTokenCount'),
      ...bedrockCacheWrites(usage),
      output: count(usage, 'outputTokens'),
      reasoning: 0,
    }),
};

/** What Bedrock adds to the last chunk of a model that was called by its own dialect; and its embeddings. */
const bedrockInvocation: UsageShape = {
  name: 'bedrock-invocation',
  is: (usage) => isTold(usage.inputTokenCount, usage.outputTokenCount, usage.inputTextTokenCount),
  read: (usage) =>
    outside({
      uncached: count(usage, 'inputTokenCount', 'inputTextTokenCount'),
      cacheRead: count(usage, 'cacheReadInputTokenCount'),
      cacheWrite5m: count(usage, 'cacheWriteInputTokenCount'),
      cacheWrite1h: 0,
      output: count(usage, 'outputTokenCount'),
      reasoning: 0,
    }),
};

/** Cache inside the prompt; thoughts beside the answer, results of the provider's tools beside the prompt. */
const geminiGenerate: UsageShape = {
  name: 'gemini-generate-content',
  is: (usage) => isTold(usage.promptTokenCount, usage.candidatesTokenCount, usage.totalTokenCount),
  read: (usage) => {
    const input = joined(count(usage, 'promptTokenCount'), count(usage, 'toolUsePromptTokenCount'));
    const answer = count(usage, 'candidatesTokenCount', 'responseTokenCount');
    const thoughts = count(usage, 'thoughtsTokenCount');
    // Models of other makers in Google's words, and some of its own: thoughts are a part of the answer then.
    const isInside = thoughts > 0 && thoughts <= answer && count(usage, 'totalTokenCount') === joined(input, answer);
    return within({
      input,
      cacheRead: count(usage, 'cachedContentTokenCount'),
      cacheWrite5m: 0,
      cacheWrite1h: 0,
      output: isInside ? answer : joined(answer, thoughts),
      reasoning: thoughts,
    });
  },
};

/** The same meaning in the words of Google's interactions. */
const geminiInteractions: UsageShape = {
  name: 'gemini-interactions',
  is: (usage) => isTold(usage.total_input_tokens, usage.total_output_tokens),
  read: (usage) =>
    within({
      input: joined(count(usage, 'total_input_tokens'), count(usage, 'total_tool_use_tokens')),
      cacheRead: count(usage, 'total_cached_tokens'),
      cacheWrite5m: 0,
      cacheWrite1h: 0,
      output: joined(
        count(usage, 'total_output_tokens'),
        count(usage, 'total_thought_tokens', 'total_reasoning_tokens'),
      ),
      reasoning: count(usage, 'total_thought_tokens', 'total_reasoning_tokens'),
    }),
};

/**
 * Two counts: what the model saw (with Cohere's own preamble, most of it cached) and what is billed. The billed one is taken,
 * where it is, because money follows it; the cached tokens are part of the other.
 */
const cohere: UsageShape = {
  name: 'cohere',
  is: (usage) => has(usage, 'billed_units', 'tokens.input_tokens', 'tokens.output_tokens'),
  read: (usage) => {
    const isBilled = has(usage, 'billed_units.input_tokens', 'billed_units.output_tokens');
    const counted = isBilled ? 'billed_units' : 'tokens';
    return within({
      input: count(usage, `${counted}.input_tokens`),
      cacheRead: isBilled ? 0 : count(usage, 'cached_tokens'),
      cacheWrite5m: 0,
      cacheWrite1h: 0,
      output: count(usage, `${counted}.output_tokens`),
      reasoning: 0,
    });
  },
};

/** What Gemini CLI writes into its sessions: cache inside the input, thoughts and tools beside. */
const geminiCli: UsageShape = {
  name: 'gemini-cli',
  is: (usage) => isTold(usage.input) && isTold(usage.thoughts, usage.cached, usage.tool),
  read: (usage) =>
    within({
      input: joined(count(usage, 'input'), count(usage, 'tool')),
      cacheRead: count(usage, 'cached'),
      cacheWrite5m: 0,
      cacheWrite1h: 0,
      output: joined(count(usage, 'output'), count(usage, 'thoughts')),
      reasoning: count(usage, 'thoughts'),
    }),
};

/** What pi writes into its sessions: cache beside the input. */
const pi: UsageShape = {
  name: 'pi',
  is: (usage) => isTold(usage.input, usage.output) && isTold(usage.cacheRead, usage.cacheWrite),
  read: (usage) =>
    outside({
      uncached: counted(usage.input, 'input'),
      cacheRead: counted(usage.cacheRead, 'cacheRead'),
      ...piCacheWrites(usage),
      output: counted(usage.output, 'output'),
      reasoning: counted(usage.reasoning, 'reasoning'),
    }),
};

const ollama: UsageShape = {
  name: 'ollama',
  is: (usage) => isTold(usage.prompt_eval_count, usage.eval_count),
  read: (usage) =>
    within({
      input: count(usage, 'prompt_eval_count'),
      cacheRead: 0,
      cacheWrite5m: 0,
      cacheWrite1h: 0,
      output: count(usage, 'eval_count'),
      reasoning: 0,
    }),
};

/** Asked in this order: the narrow ones first. */
export const USAGE_SHAPES: readonly UsageShape[] = [
  anthropicMessages,
  openaiChat,
  cohere,
  openaiResponses,
  vercel,
  bedrockConverse,
  bedrockInvocation,
  geminiGenerate,
  geminiInteractions,
  geminiCli,
  pi,
  ollama,
];

/** LangChain tells the time that Claude's cache is kept beside what was written, or in its place. */
function responsesCacheWrites(usage: RawUsage): CacheWrites {
  const kept = count(usage, 'input_token_details.ephemeral_5m_input_tokens');
  const hour = count(usage, 'input_token_details.ephemeral_1h_input_tokens');
  const written = count(
    usage,
    'input_tokens_details.cache_write_tokens',
    // Perplexity, of models of others.
    'input_tokens_details.cache_creation_input_tokens',
    'input_token_details.cache_creation',
    'cache_write_input_tokens',
  );
  return { cacheWrite5m: Math.max(written - hour, kept), cacheWrite1h: hour };
}

function chatCacheRead(usage: RawUsage): number {
  return count(
    usage,
    'prompt_tokens_details.cached_tokens',
    'prompt_cache_hit_tokens',
    'cached_tokens',
    'num_cached_tokens',
    'cache_read_input_tokens',
    'cache_read_tokens',
    // CrewAI.
    'cached_prompt_tokens',
  );
}

/** The last one where none of them is there. */
const CHAT_CACHE_WRITES = [
  'prompt_tokens_details.cache_creation_input_tokens',
  'prompt_tokens_details.cache_write_tokens',
  'cache_creation_input_tokens',
  'prompt_tokens_details.cache_creation_tokens',
  'cache_write_tokens',
] as const;

function chatCacheWrites(usage: RawUsage): CacheWrites {
  const written = CHAT_CACHE_WRITES.find((name) => has(usage, name)) ?? 'cache_write_tokens';
  const kept = 'prompt_tokens_details.cache_creation_token_details';
  return cacheWrites(usage, written, has(usage, kept) ? kept : 'prompt_tokens_details.cache_creation');
}

/** LiteLLM's names, those under which OpenHands keeps its numbers, and CrewAI's. */
const CACHE_OF_CLAUDE = [
  'cache_read_input_tokens',
  'cache_creation_input_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
  'cached_prompt_tokens',
] as const;

/**
 * LiteLLM counts Claude's cache inside the prompt. Its first versions left all of it beside, and those of 2025, until autumn, what was
 * written: only where the counts cannot be otherwise it is known that one of these wrote them.
 * https://github.com/BerriAI/litellm, `calculate_usage` of `llms/anthropic/chat/transformation.py`
 */
function withCacheOfClaude(prompt: number, cache: CacheWrites & { readonly cacheRead: number }): number {
  const written = joined(cache.cacheWrite5m, cache.cacheWrite1h);
  if (cache.cacheRead > prompt) return joined(prompt, cache.cacheRead, written);
  return joined(cache.cacheRead, written) > prompt ? joined(prompt, written) : prompt;
}

/** What is kept for an hour is told as a part of what was written. */
function piCacheWrites(usage: RawUsage): CacheWrites {
  const written = counted(usage.cacheWrite, 'cacheWrite');
  const hour = counted(usage.cacheWrite1h, 'cacheWrite1h');
  if (hour > written)
    throw new RefusedCount(`${hour} tokens of cacheWrite1h cannot be part of ${written} of cacheWrite`);
  return { cacheWrite5m: written - hour, cacheWrite1h: hour };
}

interface ChatCounts {
  readonly input: number;
  readonly answer: number;
  readonly reasoning: number;
  readonly total: number | null;
  readonly provider: string;
}

function isReasoningBeside({ input, answer, reasoning, total, provider }: ChatCounts): boolean {
  if (reasoning === 0) return false;
  if (total === input + answer + reasoning) return true;
  // More reasoning than answer cannot be inside of it, whatever the total says (Perplexity's leaves it out).
  if (reasoning > answer) return true;
  if (total === input + answer) return false;
  return /^x[._-]?ai/.test(provider);
}

/** Converse tells the time that a cache is kept in a list of its own, where it tells it at all. */
function bedrockCacheWrites(usage: RawUsage): CacheWrites {
  const written = count(usage, 'cacheWriteInputTokens', 'cacheWriteInputTokenCount');
  const details = usage.cacheDetails;
  if (!Array.isArray(details)) return { cacheWrite5m: written, cacheWrite1h: 0 };
  let hour = 0;
  for (const detail of details) {
    if (!isObject(detail) || typeof detail.ttl !== 'string' || !/^t?1h$/i.test(detail.ttl)) continue;
    hour = joined(hour, count(detail, 'inputTokens'));
  }
  if (hour > written) throw new RefusedCount(`cacheDetails has ${hour} tokens for an hour, of ${written} written`);
  return { cacheWrite5m: written - hour, cacheWrite1h: hour };
}
