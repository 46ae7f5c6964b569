import type { Attributes, AttributeValue, LogSignal, SpanSignal } from '@tracepost/contracts';
import { expect, it } from 'vitest';
import { GIVEN_MS, givenSpan } from './given-span.ts';
import { readSpans } from './read-spans.ts';
import { isWords, withWords } from './words-of-logs.ts';

const chat = givenSpan({
  spanId: 'a1',
  attributes: {
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': 'gpt-4o',
    'gen_ai.usage.input_tokens': 10,
    'gen_ai.usage.output_tokens': 5,
  },
});

let at = 0;
function log(name: string | null, body: AttributeValue, attributes: Attributes = {}): LogSignal {
  at += 1;
  return {
    origin: chat.origin,
    timeUnixNano: BigInt(GIVEN_MS) * 1_000_000n + BigInt(at),
    severityNumber: 9,
    severityText: '',
    body,
    attributes: { ...(name === null ? {} : { 'event.name': name }), ...attributes },
    traceId: chat.traceId,
    spanId: chat.spanId,
  };
}

const weather = {
  id: 'call_with_a_long_enough_id',
  type: 'function',
  function: { name: 'weather', arguments: '{"city":"Riga"}' },
};
const question = { role: 'user', parts: [{ type: 'text', content: 'how warm is it?' }] };
const answer = {
  role: 'assistant',
  finish_reason: 'tool_call',
  parts: [
    { type: 'text', content: 'let me look' },
    { type: 'tool_call', id: weather.id, name: 'weather', arguments: { city: 'Riga' } },
  ],
};

it.each<[string, LogSignal[]]>([
  [
    'one record for each message',
    [
      log('gen_ai.system.message', { content: 'be brief' }, { 'gen_ai.system': 'openai' }),
      log('gen_ai.user.message', { content: 'how warm is it?' }, { 'gen_ai.system': 'openai' }),
      log('gen_ai.choice', {
        index: 0,
        finish_reason: 'tool_call',
        message: { role: 'assistant', content: 'let me look', tool_calls: [weather] },
      }),
    ],
  ],
  [
    'one record for each message, as JSON in its body',
    [
      log('gen_ai.system.message', 'be brief'),
      log('gen_ai.user.message', '{"content":"how warm is it?"}'),
      log(
        'gen_ai.choice',
        JSON.stringify({ finish_reason: 'tool_call', message: { content: 'let me look', tool_calls: [weather] } }),
      ),
    ],
  ],
  [
    'one record for all, in attributes',
    [
      log('gen_ai.client.inference.operation.details', null, {
        'gen_ai.system_instructions': [{ type: 'text', content: 'be brief' }],
        'gen_ai.input.messages': [question],
        'gen_ai.output.messages': [answer],
      }),
    ],
  ],
  [
    'one record for all, in attributes as JSON',
    [
      log('gen_ai.client.inference.operation.details', null, {
        'gen_ai.system_instructions': JSON.stringify([{ type: 'text', content: 'be brief' }]),
        'gen_ai.input.messages': JSON.stringify([question]),
        'gen_ai.output.messages': JSON.stringify([answer]),
      }),
    ],
  ],
  [
    'one record for all, in its body',
    [
      log('framework.tracer', {
        input: { messages: [{ role: 'system', content: 'be brief' }, question] },
        output: { messages: [answer] },
      }),
    ],
  ],
])('what was said is read from %s', (_name, logs) => {
  expect(logs.every(isWords)).toBe(true);
  const [document] = readSpans([withWords(chat, logs.toReversed())]);
  expect(document?.messages.map(({ role, text }) => [role, text])).toEqual([
    ['user', 'how warm is it?'],
    ['assistant', 'let me look'],
  ]);
  expect(document?.tools).toMatchObject([{ toolCallId: weather.id, name: 'weather', arguments: '{"city":"Riga"}' }]);
  expect(document?.calls).toMatchObject([{ stopReason: 'tool_call', usage: { input: 10, output: 5 } }]);
  expect(document?.calls[0]?.instructionTokens).toBeGreaterThan(0);
});

it('the result of a tool is that of its call', () => {
  const [ask] = [withWords(chat, [log('gen_ai.choice', { message: { tool_calls: [weather] } })])];
  const next: SpanSignal = { ...givenSpan({ spanId: 'a2', startMs: 500, attributes: chat.attributes }) };
  const told = withWords(next, [
    log('gen_ai.assistant.message', { tool_calls: [weather] }),
    log('gen_ai.tool.message', { id: weather.id, content: '21 degrees' }),
    log('gen_ai.choice', { message: { content: 'warm' } }),
  ]);
  const [document] = readSpans([ask as SpanSignal, told]);
  expect(document?.tools).toMatchObject([{ name: 'weather', status: 'ok', result: '21 degrees' }]);
});

it('what the span itself says counts, and other records say nothing', () => {
  const own = { ...chat, attributes: { ...chat.attributes, 'gen_ai.input.messages': JSON.stringify([question]) } };
  const other = { role: 'user', parts: [{ type: 'text', content: 'something else' }] };
  const logs = [log('gen_ai.client.inference.operation.details', null, { 'gen_ai.input.messages': [other] })];
  const [document] = readSpans([withWords(own, logs)]);
  expect(document?.messages[0]?.text).toBe('how warm is it?');
  const others = [
    log('session.started', { content: 'hello' }),
    log(null, 'a line'),
    { ...log('gen_ai.choice', {}), spanId: null },
    { ...log('gen_ai.choice', {}), traceId: null },
  ];
  expect(others.map(isWords)).toEqual([false, false, false, false]);
});
