import type { Attributes, SessionModelCall, SessionToolCall } from '@tracepost/contracts';
import { describe, expect, it } from 'vitest';
import { givenSpan } from './given-span.ts';
import { readSpans } from './read-spans.ts';

function callOf(attributes: Attributes): SessionModelCall {
  const calls = readSpans([givenSpan({ spanId: 'a1', attributes })]).flatMap((document) => document.calls);
  expect(calls).toHaveLength(1);
  return calls[0] as SessionModelCall;
}

const NONE = { cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 };
const chat = { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'some-model' };
const usage = (counts: Record<string, number>): Attributes =>
  Object.fromEntries(Object.entries(counts).map(([name, value]) => [`gen_ai.usage.${name}`, value]));

describe('the usage of a call as it is told by', () => {
  it.each<[string, Attributes, object]>([
    [
      'Strands: the cache of Bedrock is beside the input, as the total says',
      usage({
        input_tokens: 50,
        output_tokens: 7,
        total_tokens: 1057,
        cache_read_input_tokens: 900,
        cache_write_input_tokens: 100,
      }),
      { input: 1050, cacheRead: 900, cacheWrite5m: 100, output: 7 },
    ],
    [
      'programs that name what was read and written in their own way',
      usage({ input_tokens: 1000, output_tokens: 7, cache_read_tokens: 900, cache_write_tokens: 50 }),
      { input: 1000, cacheRead: 900, cacheWrite5m: 50, output: 7 },
    ],
    [
      "programs that name the time that Claude's cache is kept",
      usage({
        input_tokens: 1000,
        output_tokens: 7,
        'cache_read.input_tokens': 800,
        'cache_creation.input_tokens': 150,
        'cache_creation.ephemeral_5m_input_tokens': 50,
        'cache_creation.ephemeral_1h_input_tokens': 100,
      }),
      { input: 1000, cacheRead: 800, cacheWrite5m: 50, cacheWrite1h: 100, output: 7 },
    ],
    [
      'Pydantic AI of Gemini: thoughts are inside',
      usage({ input_tokens: 40, output_tokens: 159, 'details.thoughts_tokens': 121 }),
      { input: 40, output: 159, reasoning: 121 },
    ],
    [
      'programs that name thoughts as Gemini does: they are beside, as the total says',
      usage({ input_tokens: 40, output_tokens: 38, thoughts_token_count: 21, total_tokens: 99 }),
      { input: 40, output: 59, reasoning: 21 },
    ],
    [
      'MLflow in the words of others',
      { 'mlflow.spanType': '"CHAT_MODEL"', 'mlflow.chat.tokenUsage': '{"prompt_tokens":40,"completion_tokens":5}' },
      { input: 40, output: 5 },
    ],
    [
      "Google's ADK at first: thoughts are beside, though they are fewer",
      usage({ input_tokens: 100, output_tokens: 60, 'experimental.reasoning_tokens': 46 }),
      { input: 100, output: 106, reasoning: 46 },
    ],
    [
      "Google's ADK since: they are inside",
      usage({
        input_tokens: 100,
        output_tokens: 106,
        'reasoning.output_tokens': 46,
        'experimental.reasoning_tokens': 46,
      }),
      { input: 100, output: 106, reasoning: 46 },
    ],
    [
      "Google's ADK, with the whole answer beside counts that leave thoughts out",
      {
        ...usage({ input_tokens: 100, output_tokens: 60 }),
        'gcp.vertex.agent.llm_response': JSON.stringify({
          usage_metadata: {
            prompt_token_count: 100,
            cached_content_token_count: 80,
            candidates_token_count: 60,
            thoughts_token_count: 46,
            total_token_count: 206,
          },
        }),
      },
      { input: 100, cacheRead: 80, output: 106, reasoning: 46 },
    ],
    [
      "Google's ADK of another maker's model: reasoning is a part of the answer",
      {
        'gcp.vertex.agent.llm_response': JSON.stringify({
          usage_metadata: {
            prompt_token_count: 100,
            candidates_token_count: 60,
            thoughts_token_count: 46,
            total_token_count: 160,
          },
        }),
      },
      { input: 100, output: 60, reasoning: 46 },
    ],
    [
      'Semantic Kernel, in the words of its first versions',
      {
        'gen_ai.operation.name': 'chat.completions',
        'gen_ai.agent.name': 'Ann',
        'gen_ai.response.prompt_tokens': 12,
        'gen_ai.response.completion_tokens': 3,
      },
      { input: 12, output: 3 },
    ],
    [
      "Logfire, with the provider's own words",
      {
        ...usage({ input_tokens: 150, output_tokens: 9 }),
        'gen_ai.provider.name': 'anthropic',
        'gen_ai.usage.raw': JSON.stringify({
          input_tokens: 20,
          output_tokens: 9,
          cache_read_input_tokens: 100,
          cache_creation_input_tokens: 30,
          cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
        }),
      },
      { input: 150, cacheRead: 100, cacheWrite5m: 10, cacheWrite1h: 20, output: 9 },
    ],
    [
      'LangSmith, whose details are text as Python writes it',
      {
        ...usage({ input_tokens: 350, output_tokens: 240, total_tokens: 590 }),
        'gen_ai.usage.input_token_details': "{'audio': None, 'cache_creation': 200, 'cache_read': 100}",
        'gen_ai.usage.output_token_details': "{'reasoning': 150}",
      },
      { input: 350, cacheRead: 100, cacheWrite5m: 200, output: 240, reasoning: 150 },
    ],
    [
      "LangSmith's JavaScript, with the time that Claude's cache is kept",
      {
        ...usage({ input_tokens: 350, output_tokens: 24 }),
        'gen_ai.usage.input_token_details': JSON.stringify({
          cache_read: 100,
          ephemeral_5m_input_tokens: 0,
          ephemeral_1h_input_tokens: 200,
        }),
      },
      { input: 350, cacheRead: 100, cacheWrite1h: 200, output: 24 },
    ],
    [
      "Langfuse's wrapper of OpenAI, which hands on what that said",
      {
        'langfuse.observation.type': 'generation',
        'langfuse.observation.usage_details': JSON.stringify({
          prompt_tokens: 90,
          completion_tokens: 30,
          total_tokens: 120,
          prompt_tokens_details: { cached_tokens: 64 },
          completion_tokens_details: { reasoning_tokens: 16 },
        }),
      },
      { input: 90, cacheRead: 64, output: 30, reasoning: 16 },
    ],
    [
      'Langfuse, which took everything apart',
      {
        'langfuse.observation.type': 'generation',
        'langfuse.observation.usage_details': JSON.stringify({
          input: 10,
          input_cached_tokens: 100,
          input_cache_creation: 0,
          input_cache_creation_5m: 20,
          input_cache_creation_1h: 30,
          output: 5,
          total: 165,
        }),
      },
      { input: 160, cacheRead: 100, cacheWrite5m: 20, cacheWrite1h: 30, output: 5 },
    ],
  ])('%s', (_title, attributes, expected) => {
    expect(callOf({ ...chat, ...attributes }).usage).toEqual({ ...NONE, ...expected });
  });
});

describe('the Vercel AI SDK tells in the words of', () => {
  const told = (metadata: object, more: Attributes = {}): Attributes => ({
    'ai.operationId': 'ai.generateText.doGenerate',
    'ai.usage.promptTokens': 100,
    'ai.usage.completionTokens': 40,
    ...more,
    'ai.response.providerMetadata': JSON.stringify(metadata),
  });

  it.each<[string, Attributes, object]>([
    [
      'OpenAI what is inside',
      told({ openai: { cachedPromptTokens: 64, reasoningTokens: 32 } }),
      { input: 100, cacheRead: 64, output: 40, reasoning: 32 },
    ],
    [
      'DeepSeek what came from its cache',
      told({ deepseek: { promptCacheHitTokens: 64, promptCacheMissTokens: 36 } }),
      { input: 100, cacheRead: 64, output: 40 },
    ],
    [
      'Gemini all of it, thoughts too',
      told({
        google: {
          usageMetadata: {
            promptTokenCount: 100,
            cachedContentTokenCount: 50,
            candidatesTokenCount: 40,
            thoughtsTokenCount: 200,
            totalTokenCount: 340,
          },
        },
      }),
      { input: 100, cacheRead: 50, output: 240, reasoning: 200 },
    ],
    [
      'OpenRouter',
      told({
        openrouter: {
          usage: { promptTokensDetails: { cachedTokens: 10 }, completionTokensDetails: { reasoningTokens: 4 } },
        },
      }),
      { input: 100, cacheRead: 10, output: 40, reasoning: 4 },
    ],
    [
      'Bedrock, since version 6: the cache is inside already',
      told(
        { bedrock: { usage: { cacheReadInputTokens: 30, cacheWriteInputTokens: 20 } } },
        { 'ai.request.headers.user-agent': 'ai/6.0.3', 'ai.usage.cachedInputTokens': 30 },
      ),
      { input: 100, cacheRead: 30, output: 40 },
    ],
  ])('%s', (_title, attributes, expected) => {
    expect(callOf(attributes).usage).toEqual({ ...NONE, ...expected });
  });

  it('gateways what it cost', () => {
    expect(callOf(told({ gateway: { cost: '0.00042' } })).reportedCostUsd).toBe('0.00042');
    expect(callOf(told({ openrouter: { usage: { cost: 0.0031 } } })).reportedCostUsd).toBe('0.0031');
  });
});

describe('what a call cost, as somebody reckoned,', () => {
  it.each<[string, Attributes, string | null]>([
    ['is a total', { 'gen_ai.cost.total_cost': 0.25 }, '0.25'],
    ['is the total of details', { 'langfuse.observation.cost_details': '{"input":0.1,"total":0.3}' }, '0.3'],
    ['is the sum of both sides', { 'gen_ai.usage.input_cost': 0.5, 'gen_ai.usage.output_cost': '0.25' }, '0.75'],
    ['is nothing that is no amount', { 'gen_ai.usage.cost': 'much' }, null],
  ])('%s', (_title, attributes, expected) => {
    expect(callOf({ ...chat, ...usage({ input_tokens: 1, output_tokens: 1 }), ...attributes }).reportedCostUsd).toBe(
      expected,
    );
  });
});

describe('who answered', () => {
  it.each<[string, Attributes, string | null]>([
    ['nobody, where only a framework is named', { 'gen_ai.system': 'strands-agents' }, null],
    ['whoever is named after a framework', { 'gen_ai.system': 'Langchain', 'llm.system': 'openai' }, 'openai'],
    ['a cloud', { 'gen_ai.system': 'AWS' }, 'aws.bedrock'],
    ['one of many, by which of its interfaces', { 'ai.model.provider': 'togetherai.chat' }, 'togetherai'],
    [
      'whoever was asked in the dialect of OpenAI',
      { 'gen_ai.system': 'openai', 'server.address': 'openrouter.ai' },
      'openrouter',
    ],
    ['the same by the address alone', { 'gen_ai.openai.api_base': 'https://api.deepseek.com/v1' }, 'deepseek'],
    ['OpenAI at its own address', { 'gen_ai.system': 'openai', 'server.address': 'api.openai.com' }, 'openai'],
  ])('is %s', (_title, attributes, expected) => {
    expect(callOf({ ...chat, ...attributes }).provider).toBe(expected);
  });

  it('is known with the model that answered, whatever was asked for', () => {
    const named = { 'llm.request.model_name': 'asked', 'llm.response.model_name': 'answered' };
    expect(callOf({ 'openinference.span.kind': 'LLM', ...named }).model).toBe('answered');
  });
});

describe('no call of a model is', () => {
  const nothing = (attributes: Attributes): void =>
    expect(readSpans([givenSpan({ spanId: 'a1', attributes })]).flatMap(({ calls }) => calls)).toEqual([]);

  it("LangSmith's making of a prompt, which it calls chat", () => {
    nothing({ ...chat, 'langsmith.span.kind': 'prompt' });
    nothing({ 'gen_ai.operation.name': 'embeddings', 'langsmith.span.kind': 'retriever' });
  });

  it('a chain that names the model of what is inside of it', () => {
    nothing({ 'openinference.span.kind': 'CHAIN', 'llm.model_name': 'some-model' });
  });

  it("the beginning of a stream as Logfire tells it; the answer's own span is, for as long as it took", () => {
    const request = { model: 'some-model', messages: [{ role: 'user', content: 'hi' }], stream: true };
    const asked = { request_data: JSON.stringify(request), 'gen_ai.request.model': 'some-model' };
    nothing({ ...asked, 'logfire.span_type': 'span', 'logfire.level_num': 9 });
    const failed = { ...asked, 'logfire.span_type': 'span', 'logfire.level_num': 17, 'error.type': 'Timeout' };
    expect(callOf(failed).status).toBe('failed');
    const answered = givenSpan({
      spanId: 'a2',
      startMs: 2_000,
      endMs: 2_000,
      attributes: {
        ...asked,
        'logfire.span_type': 'log',
        duration: 1.5,
        response_data: JSON.stringify({ combined_chunk_content: 'hello', chunk_count: 3 }),
      },
    });
    const [document] = readSpans([answered]);
    expect(document?.calls.map(({ atMs, askedAtMs }) => (atMs ?? 0) - (askedAtMs ?? 0))).toEqual([1_500]);
    expect(document?.messages.map(({ text }) => text)).toEqual(['hi', 'hello']);
  });
});

describe('a run of a tool', () => {
  function runsOf(...spans: readonly Attributes[]): SessionToolCall[] {
    const given = spans.map((attributes, index) =>
      givenSpan({ spanId: `t${index}`, startMs: index * 200, attributes }),
    );
    return readSpans(given).flatMap(({ tools }) => [...tools]);
  }
  const ran = { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'weather' };

  it('of ADK without an id, and the sum of several, are no further calls', () => {
    const llmResponse = {
      content: { role: 'model', parts: [{ function_call: { name: 'weather', args: { city: 'Riga' } } }] },
      usage_metadata: { prompt_token_count: 10, candidates_token_count: 5, total_token_count: 15 },
    };
    const tools = runsOf(
      {
        'gen_ai.system': 'gcp.vertex.agent',
        'gen_ai.request.model': 'gemini-2.5-flash',
        'gcp.vertex.agent.llm_response': JSON.stringify(llmResponse),
      },
      {
        ...ran,
        'gen_ai.tool.call.id': '<not specified>',
        'gcp.vertex.agent.tool_call_args': '{"city":"Riga"}',
        'gcp.vertex.agent.tool_response': '{"result":"21 degrees"}',
      },
      { ...ran, 'gen_ai.tool.name': '(merged tools)', 'gen_ai.tool.call.id': 'an event of some length' },
    );
    expect(tools).toMatchObject([{ name: 'weather', status: 'ok', startedAtMs: expect.any(Number) }]);
  });

  it.each<[string, Attributes]>([
    ['its own status says so', { 'gen_ai.tool.status': 'error' }],
    ['Langfuse says so', { 'langfuse.observation.level': 'ERROR', 'langfuse.observation.status_message': 'no city' }],
    ["its result is LangChain's message of an error", { 'output.value': '{"content":"no city","status":"error"}' }],
    [
      'the same lies in what LangSmith makes of it',
      { 'gen_ai.completion': JSON.stringify({ output: { kwargs: { content: 'no city', status: 'error' } } }) },
    ],
    ['its result is that of a server of tools', { 'gen_ai.tool.call.result': '{"content":[],"isError":true}' }],
  ])('has failed where %s', (_title, attributes) => {
    expect(runsOf({ ...ran, ...attributes })).toMatchObject([{ status: 'failed' }]);
  });

  it('has not where a result only speaks of one', () => {
    expect(runsOf({ ...ran, 'gen_ai.tool.call.result': '{"status":"error"}' })).toMatchObject([{ status: 'ok' }]);
    const ticket = '{"id":7,"status":"error","content":"The shop is down"}';
    expect(runsOf({ ...ran, 'gen_ai.tool.call.result': ticket })).toMatchObject([{ status: 'ok' }]);
  });

  it('has what Strands tells of it in events, since it follows the newer conventions', () => {
    const messages = (side: string, parts: object[]) => ({
      timeUnixNano: 1n,
      name: 'gen_ai.client.inference.operation.details',
      attributes: { [`gen_ai.${side}.messages`]: JSON.stringify([{ role: 'tool', parts }]) },
    });
    const span = givenSpan({
      spanId: 't1',
      attributes: ran,
      events: [
        messages('input', [{ type: 'tool_call', name: 'weather', id: 'x', arguments: { city: 'Riga' } }]),
        messages('output', [{ type: 'tool_call_response', id: 'x', response: [{ text: '21 degrees' }] }]),
      ],
    });
    const tools = readSpans([span]).flatMap((document) => document.tools);
    expect(tools).toMatchObject([{ arguments: '{"city":"Riga"}', result: '21 degrees' }]);
  });
});

describe('a session', () => {
  it('is not what a program calls a conversation and is the answer before', () => {
    const call = (spanId: string, startMs: number, conversation: string) =>
      givenSpan({ spanId, startMs, attributes: { ...chat, 'gen_ai.conversation.id': conversation } });
    const documents = readSpans([call('a1', 0, 'resp_1'), call('a2', 200, 'resp_2'), call('a3', 400, 'resp_3')]);
    expect(documents).toMatchObject([{ sessionId: '1'.repeat(32), calls: [{}, {}, {}] }]);
  });

  it('of BeeAI has one call of a model and one of a tool, of which three and five events tell', () => {
    const event = (target: string, kind: string, more: Attributes = {}) =>
      givenSpan({
        spanId: target,
        name: target,
        attributes: { target, traceId: 'own', 'openinference.span.kind': kind, ...more },
      });
    const tool = { 'tool.name': 'weather', 'tool.parameters': '{"city":"Riga"}' };
    const [document] = readSpans([
      event('backend.openai.chat.start', 'LLM', { 'llm.model_name': 'some-model' }),
      event('backend.openai.chat.success', 'LLM', { 'llm.token_count.prompt': 10, 'llm.token_count.completion': 5 }),
      event('backend.openai.chat.finish', 'LLM'),
      event('agent.react.toolStart', 'TOOL', tool),
      event('tool.weather.start', 'TOOL', tool),
      event('tool.weather.success', 'TOOL', { 'output.value': '21 degrees' }),
      event('tool.weather.finish', 'TOOL'),
      event('agent.react.toolSuccess', 'TOOL', { ...tool, 'output.value': '21 degrees' }),
    ]);
    expect(document?.calls.map(({ usage: used }) => used?.input)).toEqual([10]);
    expect(document?.tools).toMatchObject([{ name: 'weather', result: '21 degrees' }]);
  });

  it('of AG2 has agents and tools by its own words', () => {
    const [document] = readSpans([
      givenSpan({ spanId: 'a0', endMs: 900, attributes: { 'ag2.span.type': 'agent', 'ag2.agent.name': 'Ann' } }),
      givenSpan({
        spanId: 'a1',
        parentSpanId: 'a0',
        attributes: { 'ag2.span.type': 'llm', 'gen_ai.system': 'openai' },
      }),
      givenSpan({
        spanId: 't1',
        parentSpanId: 'a0',
        startMs: 200,
        name: 'execute_tool weather',
        attributes: { 'ag2.span.type': 'tool' },
      }),
    ]);
    expect(document).toMatchObject({ agentId: 'Ann', calls: [{}], tools: [{ name: 'weather' }] });
  });
});
