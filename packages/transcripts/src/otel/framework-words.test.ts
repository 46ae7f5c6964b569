import type { Attributes, SessionDocument } from '@tracepost/contracts';
import { describe, expect, it } from 'vitest';
import { givenSpan } from './given-span.ts';
import { readSpans } from './read-spans.ts';

function documentOf(...spans: Parameters<typeof givenSpan>[0][]): SessionDocument {
  const documents = readSpans(spans.map((span) => givenSpan(span)));
  expect(documents).toHaveLength(1);
  return documents[0] as SessionDocument;
}

const json = JSON.stringify;

describe('Haystack', () => {
  const meta = {
    model: 'gpt-5-mini',
    finish_reason: 'tool_calls',
    usage: {
      prompt_tokens: 120,
      completion_tokens: 40,
      total_tokens: 160,
      prompt_tokens_details: { cached_tokens: 100 },
      completion_tokens_details: { reasoning_tokens: 30 },
    },
  };
  const asked = { tool_call: { id: 'h1', tool_name: 'weather', arguments: { city: 'Riga' } } };
  const question = { role: 'user', content: [{ text: 'How warm is it?' }], meta: {} };
  const answer = { role: 'assistant', content: [asked], meta };
  const counts = { input: 120, cacheRead: 100, output: 40, reasoning: 30 };

  it('tells a call, the tool that it asks for, and its result', () => {
    const told = { tool_call_result: { result: '21 degrees', origin: asked.tool_call, error: false } };
    const warm = { role: 'assistant', content: [{ text: 'Warm.' }], meta: { ...meta, finish_reason: 'stop' } };
    const document = documentOf(
      { spanId: 'r0', name: 'haystack.agent.run', endMs: 900, attributes: { 'haystack.agent.max_steps': 5 } },
      {
        spanId: 'a1',
        parentSpanId: 'r0',
        name: 'haystack.agent.step.llm',
        attributes: {
          'haystack.agent.step.llm.input': json({ messages: [question] }),
          'haystack.agent.step.llm.output': json({ replies: [answer] }),
        },
      },
      {
        spanId: 't1',
        parentSpanId: 'r0',
        name: 'haystack.agent.step.tool',
        startMs: 200,
        attributes: {
          'haystack.tool.name': 'weather',
          'haystack.agent.step.tool.input': json({ city: 'Riga' }),
          'haystack.agent.step.tool.output': '21 degrees',
        },
      },
      {
        spanId: 'a2',
        parentSpanId: 'r0',
        name: 'haystack.agent.step.llm',
        startMs: 400,
        attributes: {
          'haystack.agent.step.llm.input': json({ messages: [question, answer, { role: 'tool', content: [told] }] }),
          'haystack.agent.step.llm.output': json({ replies: [warm] }),
        },
      },
    );
    expect(document.calls).toMatchObject([
      { model: 'gpt-5-mini', usage: counts, stopReason: 'tool_calls' },
      { model: 'gpt-5-mini', usage: counts, stopReason: 'stop' },
    ]);
    expect(document.tools).toMatchObject([
      { toolCallId: 'h1', name: 'weather', status: 'ok', arguments: '{"city":"Riga"}', result: '21 degrees' },
    ]);
    expect(document.messages.map(({ role, text }) => [role, text])).toEqual([
      ['user', 'How warm is it?'],
      ['assistant', ''],
      ['tool', '21 degrees'],
      ['assistant', 'Warm.'],
    ]);
  });

  it.each<[string, string, Attributes]>([
    [
      'a component, in the words of a version between',
      'haystack.component.run',
      {
        'haystack.component.type': 'OpenAIChatGenerator',
        'haystack.component.output': json({ replies: [{ _role: 'assistant', _content: [asked], _meta: meta }] }),
      },
    ],
    [
      'a generator of text',
      'haystack.component.run',
      {
        'haystack.component.type': 'OpenAIGenerator',
        'haystack.component.input': json({ prompt: 'How warm is it?' }),
        'haystack.component.output': json({ replies: ['Warm.'], meta: [meta] }),
      },
    ],
    [
      'a step, before calls had spans of their own',
      'haystack.agent.step',
      { 'haystack.agent.step': 1, 'haystack.agent.step.llm_output': json([answer]) },
    ],
  ])('tells a call by %s', (_, name, attributes) => {
    expect(documentOf({ spanId: 'a1', name, attributes }).calls).toMatchObject([
      { model: 'gpt-5-mini', usage: counts },
    ]);
  });

  it('has no call in a component that asks no model', () => {
    const attributes = { 'haystack.component.type': 'PromptBuilder', 'haystack.component.output': '{"prompt":"Hi"}' };
    expect(readSpans([givenSpan({ spanId: 'a1', name: 'haystack.component.run', attributes })])).toEqual([]);
  });
});

describe('Genkit', () => {
  const message = {
    role: 'model',
    content: [{ toolRequest: { name: 'weather', ref: 'g1', input: { city: 'Riga' } } }],
  };
  const model = (usage: object): Attributes => ({
    'genkit:type': 'action',
    'genkit:metadata:subtype': 'model',
    'genkit:name': 'googleai/gemini-2.5-flash',
    'genkit:input': json({ messages: [{ role: 'user', content: [{ text: 'How warm is it?' }] }] }),
    'genkit:output': json({ message, finishReason: 'stop', usage }),
    'genkit:sessionId': 'genkit-1',
  });

  it('tells a call, and a tool that failed', () => {
    const usage = { inputTokens: 42, outputTokens: 17, thoughtsTokens: 11, totalTokens: 70, cachedContentTokens: 30 };
    const document = documentOf(
      { spanId: 'a1', attributes: model(usage) },
      {
        spanId: 't1',
        startMs: 200,
        name: 'weather',
        attributes: {
          'genkit:metadata:subtype': 'tool.v2',
          'genkit:name': 'weather',
          'genkit:input': json({ city: 'Riga' }),
          'genkit:state': 'error',
        },
      },
    );
    expect(document).toMatchObject({
      sessionId: 'genkit-1',
      calls: [
        {
          provider: 'gcp.gemini',
          model: 'gemini-2.5-flash',
          usage: { input: 42, cacheRead: 30, output: 28, reasoning: 11 },
        },
      ],
      tools: [{ toolCallId: 'g1', name: 'weather', status: 'failed' }],
      messages: [{ role: 'user', text: 'How warm is it?' }, { role: 'assistant' }],
    });
  });

  it("tells the cache in the provider's words", () => {
    const custom = { cache_read_input_tokens: 900, cache_creation_input_tokens: 50 };
    const [call] = documentOf({
      spanId: 'a1',
      attributes: {
        ...model({ inputTokens: 10, outputTokens: 5, custom }),
        'genkit:name': 'anthropic/claude-sonnet-4-5',
      },
    }).calls;
    expect(call).toMatchObject({
      provider: 'anthropic',
      usage: { input: 960, cacheRead: 900, cacheWrite5m: 50, output: 5 },
    });
  });

  it('makes no call of a flow', () => {
    const flow = { 'genkit:metadata:subtype': 'flow', 'genkit:output': json({ usage: { inputTokens: 5 } }) };
    expect(readSpans([givenSpan({ spanId: 'a1', attributes: flow })])).toEqual([]);
  });
});

it('Logfire tells the agents and the tools of the OpenAI Agents SDK', () => {
  const system = { 'gen_ai.system': 'openai' };
  const document = documentOf(
    {
      spanId: 'r0',
      name: 'Agent run: {name!r}',
      endMs: 900,
      attributes: { ...system, 'logfire.msg_template': 'Agent run: {name!r}', name: 'planner' },
    },
    {
      spanId: 't1',
      parentSpanId: 'r0',
      name: 'Function: {name}',
      attributes: {
        ...system,
        'logfire.msg_template': 'Function: {name}',
        name: 'weather',
        input: '{"city":"Riga"}',
        output: '21 degrees',
      },
    },
  );
  expect(document).toMatchObject({
    agentId: 'planner',
    calls: [],
    tools: [{ name: 'weather', arguments: '{"city":"Riga"}', result: '21 degrees', status: 'ok' }],
  });
});

it('LiveKit tells its tools', () => {
  const document = documentOf({
    spanId: 't1',
    name: 'function_tool',
    attributes: {
      'lk.function_tool.name': 'weather',
      'lk.function_tool.id': 'call_lk_1',
      'lk.function_tool.arguments': '{"city":"Riga"}',
      'lk.function_tool.output': 'no such city',
      'lk.function_tool.is_error': true,
    },
  });
  expect(document.tools).toMatchObject([{ toolCallId: 'call_lk_1', name: 'weather', status: 'failed' }]);
});

it('Laminar tells calls and tools by its own word', () => {
  const document = documentOf(
    {
      spanId: 'a1',
      attributes: {
        'lmnr.span.type': 'LLM',
        'lmnr.span.input': json([{ role: 'user', content: 'Hello' }]),
        'lmnr.span.output': 'Good day',
        'lmnr.association.properties.session_id': 'lmnr-1',
        'gen_ai.usage.input_tokens': 12,
        'gen_ai.usage.output_tokens': 3,
      },
    },
    {
      spanId: 't1',
      name: 'weather',
      startMs: 200,
      attributes: { 'lmnr.span.type': 'TOOL', 'lmnr.span.output': '"21 degrees"' },
    },
  );
  expect(document).toMatchObject({
    sessionId: 'lmnr-1',
    calls: [{ usage: { input: 12, output: 3 } }],
    tools: [{ name: 'weather' }],
    messages: [{ text: 'Hello' }, { text: 'Good day' }],
  });
});

it('what CrewAI and AutoGen tell of a whole run counts where no call inside does', () => {
  const run = (output: object): Attributes => ({ 'openinference.span.kind': 'CHAIN', 'output.value': json(output) });
  const crew = run({
    raw: 'Done.',
    token_usage: { prompt_tokens: 90, completion_tokens: 9, cached_prompt_tokens: 60 },
  });
  const team = run({
    messages: [
      { source: 'user', models_usage: null },
      { source: 'Ann', models_usage: { prompt_tokens: 40, completion_tokens: 4 } },
      { source: 'Ben', models_usage: { prompt_tokens: 50, completion_tokens: 5 } },
    ],
  });
  const counts = { input: 90, output: 9 };
  expect(documentOf({ spanId: 'a1', attributes: crew }).calls).toMatchObject([{ usage: { ...counts, cacheRead: 60 } }]);
  expect(documentOf({ spanId: 'a1', attributes: team }).calls).toMatchObject([{ usage: counts }]);
  const inner = { 'openinference.span.kind': 'LLM', 'llm.token_count.prompt': 90, 'llm.token_count.completion': 9 };
  const both = documentOf(
    { spanId: 'a1', endMs: 900, attributes: crew },
    { spanId: 'a2', parentSpanId: 'a1', attributes: inner },
  );
  expect(both.calls).toMatchObject([{ usage: counts }]);
});

it('a tool that two libraries tell of under names of spans of their own has run once', () => {
  const named = { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'weather' };
  const document = documentOf(
    { spanId: 't1', name: 'Running the tool', endMs: 900, attributes: named },
    { spanId: 't2', parentSpanId: 't1', name: 'tools/call weather', attributes: named },
  );
  expect(document.tools).toHaveLength(1);
});
