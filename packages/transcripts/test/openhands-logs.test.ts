import type { SessionDocument } from '@tracepost/contracts';
import { describe, expect, it } from 'vitest';
import { uniteDocuments } from '../src/index.ts';
import { readText } from './bytes.ts';

const AT = Date.parse('2026-02-01T10:00:00Z');

async function one(value: unknown, fileName?: string): Promise<SessionDocument> {
  const { format, documents, skipped } = await readText(JSON.stringify(value), fileName ? { fileName } : {});
  expect([format, documents.length, skipped]).toEqual(['openhands', 1, []]);
  return documents[0] as SessionDocument;
}

const user = { role: 'user', content: [{ type: 'text', text: 'Hello' }] };
const usage = { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 };
const chatAnswer = { id: 'r-1', model: 'gpt-5', choices: [{ message: { role: 'assistant', content: 'Hi' } }], usage };
const rest = { cost: 0.5, timestamp: AT / 1000, latency_sec: 2 };

describe('the log of one call, as later versions write it', () => {
  it('is known though it does not begin with the messages', async () => {
    const session = await one({ context_window: 128_000, messages: [user], tools: [], response: chatAnswer, ...rest });
    expect(session.calls).toMatchObject([
      { callId: 'r-1', usage: { input: 10 }, contextWindow: 128_000, reportedCostUsd: '0.5' },
    ]);
  });

  it.each(['gpt-5-1757015068.7239471.json', 'gpt-5-1757015068.723-ab12.json'])(
    'is known by the name %s',
    async (name) => {
      expect((await one({ messages: [user], response: chatAnswer, cost: 0.5 }, name)).calls).toHaveLength(1);
    },
  );

  it('has no cost where it says zero, which stands for a price that nobody knows', async () => {
    const session = await one({ messages: [user], response: chatAnswer, ...rest, cost: 0 });
    expect(session.calls).toMatchObject([{ reportedCostUsd: null, usage: { input: 10 } }]);
  });

  const said = (role: string, text: string): object => ({
    ...{ type: 'message', role },
    content: [{ type: role === 'user' ? 'input_text' : 'output_text', text }],
  });
  const calls = (id: string): object => ({
    type: 'function_call',
    id: `fc_${id}`,
    call_id: id,
    name: 'ls',
    arguments: '{}',
  });
  const responses = (id: string, input: readonly object[], output: readonly object[]): object => ({
    ...{ context_window: 400_000, llm_path: 'responses', instructions: 'word '.repeat(50), input, tools: [], ...rest },
    response: {
      ...{ id, object: 'response', model: 'gpt-5', status: 'completed', output },
      usage: { input_tokens: 100, input_tokens_details: { cached_tokens: 40 }, output_tokens: 7 },
    },
  });
  const ask = [said('user', 'Hello')];
  const answered = [{ type: 'reasoning', summary: [] }, said('assistant', 'I look.'), calls('call_Xb3nQ7sLw9KfTz0aM1')];
  const sentBack = [
    ...ask,
    { type: 'reasoning', summary: [] },
    said('assistant', 'I look.'),
    // As it is sent back, with letters in front.
    { ...calls('call_Xb3nQ7sLw9KfTz0aM1'), call_id: 'fc_call_Xb3nQ7sLw9KfTz0aM1' },
    { type: 'function_call_output', call_id: 'fc_call_Xb3nQ7sLw9KfTz0aM1', output: 'a.py' },
  ];

  it('is read where the model was asked by the interface of responses, with the same answer in the next', async () => {
    const first = await one(responses('resp_1', ask, answered));
    const second = await one(responses('resp_2', sentBack, [said('assistant', 'There is a.py.')]));
    expect(first.calls).toMatchObject([
      { callId: 'resp_1', usage: { input: 100, cacheRead: 40, output: 7 }, stopReason: 'completed' },
    ]);
    expect(Number(first.calls[0]?.instructionTokens)).toBeGreaterThan(40);
    const session = uniteDocuments(first, second);
    expect(session.sessionId).toBe(first.sessionId);
    expect(session.calls.map(({ callId }) => callId).sort()).toEqual(['resp_1', 'resp_2']);
    expect(session.messages.map(({ role, text }) => `${role}: ${text}`)).toEqual([
      'user: Hello',
      'assistant: I look.',
      'tool: a.py',
      'assistant: There is a.py.',
    ]);
    expect(session.tools).toMatchObject([
      { toolCallId: 'call_Xb3nQ7sLw9KfTz0aM1', name: 'ls', status: 'ok', result: 'a.py', callId: 'resp_1' },
    ]);
  });

  it('of a request that failed has a call that failed', async () => {
    const error = { type: 'RateLimitError', message: 'slow down' };
    const name = 'gpt-5-1757015068.723-ab12-error.json';
    for (const asked of [
      { context_window: 9, messages: [user] },
      { llm_path: 'responses', input: ask },
    ]) {
      const { calls: failed, messages } = await one({ ...asked, error, ...rest, cost: 0 }, name);
      expect(failed).toMatchObject([{ status: 'failed', error, usage: null, reportedCostUsd: null, atMs: AT }]);
      expect(messages).toHaveLength(1);
    }
  });
});
