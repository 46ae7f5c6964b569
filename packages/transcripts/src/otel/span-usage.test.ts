import type { Attributes, SessionModelCall } from '@tracepost/contracts';
import { describe, expect, it } from 'vitest';
import { givenSpan } from './given-span.ts';
import { readSpans } from './read-spans.ts';

function callOf(attributes: Attributes): SessionModelCall {
  const calls = readSpans([givenSpan({ spanId: 'a1', attributes })]).flatMap((document) => document.calls);
  expect(calls).toHaveLength(1);
  return calls[0] as SessionModelCall;
}

const NONE = { cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 };

describe("a call of the Vercel AI SDK, whose provider's words tell of its cache,", () => {
  const told = (attributes: Attributes, metadata: object): Attributes => ({
    'ai.operationId': 'ai.streamText.doStream',
    'ai.model.provider': 'anthropic.messages',
    'ai.model.id': 'claude-sonnet-4-20250514',
    ...attributes,
    'ai.response.providerMetadata': JSON.stringify(metadata),
  });
  const old = { 'ai.usage.promptTokens': 12, 'ai.usage.completionTokens': 30, 'gen_ai.usage.input_tokens': 12 };
  const next = { 'ai.usage.inputTokens': 12, 'ai.usage.outputTokens': 30, 'ai.usage.cachedInputTokens': 5 };

  it.each([
    [
      'both beside the input, by Anthropic',
      told(old, { anthropic: { cacheCreationInputTokens: 2000, cacheReadInputTokens: 9000 } }),
      { ...NONE, input: 11_012, cacheRead: 9000, cacheWrite5m: 2000, output: 30 },
    ],
    [
      'what was written, with what was read among its own counts, by Anthropic',
      told(next, { anthropic: { cacheCreationInputTokens: 4, stopSequence: null } }),
      { ...NONE, input: 21, cacheRead: 5, cacheWrite5m: 4, output: 30 },
    ],
    [
      'both beside the input, by Bedrock',
      told(old, { bedrock: { usage: { cacheReadInputTokens: 3, cacheWriteInputTokens: 4 } } }),
      { ...NONE, input: 19, cacheRead: 3, cacheWrite5m: 4, output: 30 },
    ],
    [
      'what was written, by Bedrock',
      told(next, { bedrock: { usage: { cacheWriteInputTokens: 4 } } }),
      { ...NONE, input: 21, cacheRead: 5, cacheWrite5m: 4, output: 30 },
    ],
    [
      'that there was none',
      told(old, { anthropic: { cacheCreationInputTokens: null, cacheReadInputTokens: null } }),
      { ...NONE, input: 12, output: 30 },
    ],
    [
      'again, where the SDK itself counts it inside the input',
      told(
        {
          'ai.usage.inputTokens': 21,
          'ai.usage.outputTokens': 30,
          'ai.usage.inputTokenDetails.noCacheTokens': 12,
          'ai.usage.inputTokenDetails.cacheReadTokens': 5,
          'ai.usage.inputTokenDetails.cacheWriteTokens': 4,
        },
        { bedrock: { usage: { cacheWriteInputTokens: 4 } } },
      ),
      { ...NONE, input: 21, cacheRead: 5, cacheWrite5m: 4, output: 30 },
    ],
    [
      'all that was counted',
      told(old, {
        anthropic: {
          usage: { input_tokens: 12, output_tokens: 31, cache_read_input_tokens: 7, cache_creation_input_tokens: 0 },
          cacheCreationInputTokens: 0,
        },
      }),
      { ...NONE, input: 19, cacheRead: 7, output: 31 },
    ],
  ])('%s', (_title, attributes, usage) => {
    expect(callOf(attributes).usage).toEqual(usage);
  });
});

describe('a call of MLflow', () => {
  const json = JSON.stringify;
  const chat = (more: Attributes): Attributes => ({ 'mlflow.spanType': '"CHAT_MODEL"', ...more });
  const usage = { input_tokens: 100, output_tokens: 20, total_tokens: 120 };

  it('has its own names of the model and the provider, and its own counts, as text or as objects', () => {
    const named = { 'mlflow.llm.model': '"gpt-5-mini"', 'mlflow.llm.provider': '"openai"' };
    for (const counts of [json(usage), usage]) {
      expect(callOf(chat({ ...named, 'mlflow.chat.tokenUsage': counts }))).toMatchObject({
        provider: 'openai',
        model: 'gpt-5-mini',
        usage: { ...NONE, input: 100, output: 20 },
      });
    }
    expect(callOf(chat({ 'mlflow.llm.model': 'gpt-5-mini' })).model).toBe('gpt-5-mini');
  });

  it("is counted by the provider's answer where that is there, and has its id and its model", () => {
    const answer = {
      id: 'chatcmpl-of_some_length',
      model: 'gpt-5-mini-2025-08-07',
      choices: [{ message: { role: 'assistant', content: 'yes' } }],
      usage: { prompt_tokens: 100, completion_tokens: 20, prompt_tokens_details: { cached_tokens: 60 } },
    };
    const inputs = { model: 'gpt-5-mini', messages: [{ role: 'user', content: 'is it?' }] };
    const told = { 'mlflow.spanInputs': json(inputs), 'mlflow.spanOutputs': json(answer) };
    expect(callOf(chat({ ...told, 'mlflow.chat.tokenUsage': json(usage) }))).toMatchObject({
      callId: answer.id,
      model: answer.model,
      usage: { ...NONE, input: 100, cacheRead: 60, output: 20 },
    });
    expect(callOf(chat({ 'mlflow.spanInputs': json(inputs), model: '"asked for"' })).model).toBe('asked for');
    expect(callOf(chat({ 'mlflow.spanInputs': json(inputs) })).model).toBe('gpt-5-mini');
  });

  it.each([
    ['anthropic', 'anthropic', { ...NONE, input: 150, cacheRead: 40, cacheWrite5m: 10, output: 20 }],
    ['bedrock', 'aws.bedrock', { ...NONE, input: 150, cacheRead: 40, cacheWrite5m: 10, output: 20 }],
    ['pydantic_ai', null, { ...NONE, input: 100, cacheRead: 40, cacheWrite5m: 10, output: 20 }],
  ])('in the form of %s has the cache where that counts it', (format, provider, expected) => {
    const counts = json({ ...usage, cache_read_input_tokens: 40, cache_creation_input_tokens: 10 });
    const call = callOf(chat({ 'mlflow.message.format': json(format), 'mlflow.chat.tokenUsage': counts }));
    expect(call).toMatchObject({ provider, usage: expected });
  });

  it('has no counts where none of them can be', () => {
    const counts = json({ input_tokens: -1, output_tokens: 'many' });
    expect(callOf(chat({ 'mlflow.chat.tokenUsage': counts })).usage).toBe(null);
    expect(callOf(chat({ 'mlflow.chat.tokenUsage': 'none' })).usage).toBe(null);
  });
});

describe('counts of which one cannot be are left out together, also', () => {
  const chat = { 'gen_ai.operation.name': 'chat' };
  const generation = { 'langfuse.observation.type': 'generation' };
  it.each<[string, Attributes]>([
    [
      'of Claude Code',
      { 'span.type': 'llm_request', 'gen_ai.system': 'anthropic', input_tokens: -5, output_tokens: 10 },
    ],
    [
      'with the details of LangSmith',
      {
        ...chat,
        'gen_ai.usage.input_tokens': -5,
        'gen_ai.usage.output_tokens': 10,
        'gen_ai.usage.input_token_details': '{}',
      },
    ],
    [
      'of Genkit',
      {
        'genkit:metadata:subtype': 'model',
        'genkit:name': 'googleai/gemini-2.5-pro',
        'genkit:output': JSON.stringify({ usage: { inputTokens: -5, outputTokens: 10 } }),
      },
    ],
    ['of Langfuse', { ...generation, 'langfuse.observation.usage_details': JSON.stringify({ input: -5, output: 10 }) }],
    ['of MLflow', { 'mlflow.spanType': '"LLM"', 'mlflow.chat.tokenUsage': '{"input_tokens":-5,"output_tokens":10}' }],
    [
      'of AutoGen',
      {
        ...chat,
        'output.value': JSON.stringify({
          messages: [
            { models_usage: { prompt_tokens: -5, completion_tokens: 10 } },
            { models_usage: { prompt_tokens: 5 } },
          ],
        }),
      },
    ],
    [
      'more than any call has',
      { ...chat, 'gen_ai.usage.input_tokens': 1_000_000_001, 'gen_ai.usage.output_tokens': 1 },
    ],
    [
      'more than that together',
      { ...chat, 'gen_ai.usage.input_tokens': 900_000_000, 'gen_ai.usage.cache_read.input_tokens': 900_000_001 },
    ],
  ])('%s', (_title, attributes) => {
    expect(callOf(attributes).usage).toBeNull();
  });
});

it.each([
  [
    'in the place of the whole',
    { input_cache_creation: 0, input_ephemeral_5m_input_tokens: 20, input_ephemeral_1h_input_tokens: 30 },
  ],
  ['beside the whole', { input_cache_creation: 50, input_cache_creation_5m: 20, input_cache_creation_1h: 30 }],
  ['alone', { input_cache_creation_5m: 20, input_cache_creation_1h: 30 }],
])('how long a cache is kept, as Langfuse tells it, %s', (_title, kept) => {
  const usage = JSON.stringify({ input: 5, ...kept, output: 10, total: 65 });
  const call = callOf({ 'langfuse.observation.type': 'generation', 'langfuse.observation.usage_details': usage });
  expect(call.usage).toEqual({ ...NONE, input: 55, cacheWrite5m: 20, cacheWrite1h: 30, output: 10 });
});

it.each([
  [0.1, 0.2, '0.3'],
  [-1, 2, null],
])('the two parts of a cost, %d and %d, are %s together', (input, output, cost) => {
  const parts = { 'gen_ai.usage.input_cost': input, 'gen_ai.usage.output_cost': output };
  expect(callOf({ 'gen_ai.operation.name': 'chat', ...parts }).reportedCostUsd).toBe(cost);
});
