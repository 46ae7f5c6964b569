import type { SessionDocument, SpanSignal } from '@tracepost/contracts';
import { describe, expect, it } from 'vitest';
import { givenSpan } from './given-span.ts';
import { readSpans } from './read-spans.ts';
import { withWords } from './words-of-logs.ts';

const json = (value: unknown): string => JSON.stringify(value);
const ID = 'tooluse_of_some_length_A';

function saidIn(spans: readonly SpanSignal[]): unknown {
  const [document] = readSpans(spans) as [SessionDocument];
  expect(readSpans(spans)).toHaveLength(1);
  return {
    messages: document.messages.map(({ role, text }) => [role, text]),
    tools: document.tools.map(({ name, arguments: given, status, result }) => [name, given, status, result]),
    tokens: document.calls.map(({ usage }) => [usage?.input, usage?.output]),
  };
}

const SAID = {
  messages: [
    ['user', 'how warm is it?'],
    ['assistant', 'let me look'],
    ['tool', '21 degrees'],
    ['assistant', 'warm'],
  ],
  tools: [['weather', '{"city":"Riga"}', 'ok', '21 degrees']],
  tokens: [
    [10, 5],
    [20, 3],
  ],
};

const used = (input: number, output: number) => ({
  'gen_ai.usage.input_tokens': input,
  'gen_ai.usage.output_tokens': output,
});

describe('a session as it is told by', () => {
  it("Strands, whose events hold Bedrock's parts as JSON", () => {
    const chat = { 'gen_ai.system': 'strands-agents', 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'nova' };
    const event = (name: string, attributes: Record<string, string>) => ({ timeUnixNano: 1n, name, attributes });
    const asked = [{ text: 'let me look' }, { toolUse: { toolUseId: ID, name: 'weather', input: { city: 'Riga' } } }];
    const result = [{ toolResult: { toolUseId: ID, status: 'success', content: [{ text: '21 degrees' }] } }];
    expect(
      saidIn([
        givenSpan({
          spanId: 'a1',
          attributes: { ...chat, ...used(10, 5) },
          events: [
            event('gen_ai.user.message', { content: json([{ text: 'how warm is it?' }]) }),
            event('gen_ai.choice', { finish_reason: 'tool_use', message: json(asked) }),
          ],
        }),
        givenSpan({
          spanId: 't1',
          startMs: 200,
          attributes: {
            'gen_ai.operation.name': 'execute_tool',
            'gen_ai.tool.name': 'weather',
            'gen_ai.tool.call.id': ID,
          },
          events: [
            event('gen_ai.tool.message', { role: 'tool', content: json({ city: 'Riga' }), id: ID }),
            event('gen_ai.choice', { message: json([{ text: '21 degrees' }]), id: ID }),
          ],
        }),
        givenSpan({
          spanId: 'a2',
          startMs: 400,
          attributes: { ...chat, ...used(20, 3) },
          events: [
            event('gen_ai.user.message', { content: json([{ text: 'how warm is it?' }]) }),
            event('gen_ai.assistant.message', { content: json(asked) }),
            event('gen_ai.tool.message', { content: json(result) }),
            event('gen_ai.choice', { finish_reason: 'end_turn', message: json([{ text: 'warm' }]) }),
          ],
        }),
      ]),
    ).toEqual(SAID);
  });

  it("Google's ADK, in attributes of its own", () => {
    const user = { role: 'user', parts: [{ text: 'how warm is it?' }] };
    const asked = {
      role: 'model',
      parts: [{ text: 'let me look' }, { function_call: { id: ID, name: 'weather', args: { city: 'Riga' } } }],
    };
    const told = { role: 'user', parts: [{ function_response: { id: ID, name: 'weather', response: '21 degrees' } }] };
    const call = (spanId: string, startMs: number, contents: object[], content: object, usage: object) =>
      givenSpan({
        spanId,
        startMs,
        name: 'call_llm',
        attributes: {
          'gen_ai.system': 'gcp.vertex.agent',
          'gen_ai.request.model': 'gemini-2.5-flash',
          'gcp.vertex.agent.session_id': 'adk-session',
          'gcp.vertex.agent.llm_request': json({
            model: 'gemini-2.5-flash',
            config: { system_instruction: 'be brief', tools: [{ function_declarations: [{ name: 'weather' }] }] },
            contents,
          }),
          'gcp.vertex.agent.llm_response': json({ content, usage_metadata: usage }),
        },
      });
    const spans = [
      call('a1', 0, [user], asked, { prompt_token_count: 10, candidates_token_count: 5, total_token_count: 15 }),
      givenSpan({
        spanId: 't1',
        startMs: 200,
        name: 'execute_tool weather',
        attributes: {
          'gen_ai.operation.name': 'execute_tool',
          'gen_ai.tool.name': 'weather',
          'gen_ai.tool.call.id': ID,
          'gcp.vertex.agent.session_id': 'adk-session',
          'gcp.vertex.agent.tool_call_args': json({ city: 'Riga' }),
          'gcp.vertex.agent.tool_response': '21 degrees',
        },
      }),
      call(
        'a2',
        400,
        [user, asked, told],
        { role: 'model', parts: [{ text: 'warm' }] },
        {
          prompt_token_count: 20,
          candidates_token_count: 3,
          total_token_count: 23,
        },
      ),
    ];
    expect(saidIn(spans)).toEqual(SAID);
    const [document] = readSpans(spans);
    expect(document?.sessionId).toBe('adk-session');
    expect(document?.calls[0]?.instructionTokens).toBeGreaterThan(10);
  });

  it('Azure, whose events hold their content as JSON in one attribute', () => {
    const event = (name: string, content: object) => ({
      timeUnixNano: 1n,
      name,
      attributes: { 'gen_ai.system': 'az.ai.inference', 'gen_ai.event.content': json(content) },
    });
    const asked = { id: ID, type: 'function', function: { name: 'weather', arguments: '{"city":"Riga"}' } };
    const chat = { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-4o' };
    const first = { role: 'assistant', content: 'let me look', tool_calls: [asked] };
    expect(
      saidIn([
        givenSpan({
          spanId: 'a1',
          attributes: { ...chat, ...used(10, 5) },
          events: [
            event('gen_ai.user.message', { role: 'user', content: 'how warm is it?' }),
            event('gen_ai.choice', { index: 0, finish_reason: 'tool_calls', message: first }),
          ],
        }),
        givenSpan({
          spanId: 'a2',
          startMs: 400,
          attributes: { ...chat, ...used(20, 3) },
          events: [
            event('gen_ai.user.message', { role: 'user', content: 'how warm is it?' }),
            event('gen_ai.assistant.message', first),
            event('gen_ai.tool.message', { role: 'tool', id: ID, content: '21 degrees' }),
            event('gen_ai.choice', { index: 0, finish_reason: 'stop', message: { content: 'warm' } }),
          ],
        }),
      ]),
    ).toEqual(SAID);
  });

  it('log records whose content is a message of its own', () => {
    const chat = givenSpan({
      spanId: 'a1',
      attributes: { 'gen_ai.operation.name': 'generate_content', ...used(10, 5) },
    });
    const log = (name: string, body: Record<string, never> | object) => ({
      timeUnixNano: 1n,
      traceId: chat.traceId,
      spanId: chat.spanId,
      attributes: { 'event.name': name },
      body: body as never,
    });
    const logs = [
      log('gen_ai.user.message', { content: { role: 'user', parts: [{ text: 'how warm is it?' }] } }),
      log('gen_ai.choice', { index: 0, finish_reason: 'STOP', content: { role: 'model', parts: [{ text: 'warm' }] } }),
    ];
    expect(saidIn([withWords(chat, logs)])).toMatchObject({
      messages: [
        ['user', 'how warm is it?'],
        ['assistant', 'warm'],
      ],
    });
  });

  it('a prompt that is a list in JSON is what the user said', () => {
    const attributes = { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-4o', ...used(1, 1) };
    const content = '[{"text":"a","score":1}]';
    const event = { timeUnixNano: 1n, name: 'gen_ai.user.message', attributes: { content } };
    expect(saidIn([givenSpan({ spanId: 'a1', attributes, events: [event] })])).toMatchObject({
      messages: [
        ['user', content],
        ['assistant', ''],
      ],
    });
  });
});
