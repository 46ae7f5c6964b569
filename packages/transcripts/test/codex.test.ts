import type { SessionDocument } from '@tracepost/contracts';
import { describe, expect, it } from 'vitest';
import { readText } from './bytes.ts';

const BEGIN = Date.parse('2026-03-01T10:00:00.000Z');
const SELF = '019e1625-789d-76c0-80ab-000000000001';
const PARENT = '019e1625-789d-76c0-80ab-000000000002';

function line(type: string, at: number, payload: object): string {
  return JSON.stringify({ timestamp: new Date(BEGIN + at * 1000).toISOString(), type, payload });
}

const meta = (id: string, more: object = {}, at = 0): string =>
  line('session_meta', at, {
    id,
    timestamp: new Date(BEGIN + at * 1000).toISOString(),
    cwd: '/w',
    model_provider: 'openai',
    ...more,
  });
const context = (model: string, at = 0): string => line('turn_context', at, { model, cwd: '/w' });
const user = (text: string, at = 0): string =>
  line('response_item', at, { type: 'message', role: 'user', content: [{ type: 'input_text', text }] });
const answer = (text: string, at: number): string =>
  line('response_item', at, { type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] });
const call = (id: string, name: string, args: object, at: number): string =>
  line('response_item', at, { type: 'function_call', name, arguments: JSON.stringify(args), call_id: id });
const output = (id: string, text: unknown, at: number): string =>
  line('response_item', at, { type: 'function_call_output', call_id: id, output: text });
const event = (type: string, more: object, at: number): string => line('event_msg', at, { type, ...more });

const tokens = (input: number, out: number): object => ({
  input_tokens: input,
  cached_input_tokens: 0,
  output_tokens: out,
  reasoning_output_tokens: 0,
  total_tokens: input + out,
});
const counted = (total: object, last: object | null, at: number): string =>
  event('token_count', { info: { total_token_usage: total, last_token_usage: last, model_context_window: 1000 } }, at);

async function read(...lines: readonly string[]): Promise<SessionDocument> {
  const { documents, skipped, format } = await readText(lines.join('\n'));
  expect([format, skipped, documents.length]).toEqual(['codex', [], 1]);
  return documents[0] as SessionDocument;
}

describe('thoughts', () => {
  const weight = async (thoughts: object): Promise<number | undefined> => {
    const { messages } = await read(
      meta(SELF),
      context('gpt-5.5'),
      user('hello', 1),
      line('response_item', 2, { type: 'reasoning', ...thoughts }),
      counted(tokens(100, 10), tokens(100, 10), 3),
    );
    return messages.find(({ role }) => role === 'assistant')?.estimatedTokens;
  };

  it('that are encrypted weigh by their length, whatever their summary says', async () => {
    const summary = [{ type: 'summary_text', text: 'I looked' }];
    expect(await weight({ summary: [], encrypted_content: 'x'.repeat(1_920) })).toBe(150);
    expect(await weight({ summary, encrypted_content: 'x'.repeat(1_920) })).toBe(150);
    expect(await weight({ summary: [], encrypted_content: 'x' })).toBe(0);
  });

  it('that can be read weigh by their words', async () => {
    const content = [{ type: 'reasoning_text', text: 'word '.repeat(100) }];
    expect(await weight({ summary: [], content, encrypted_content: 'x'.repeat(1_920) })).toBeGreaterThan(80);
    expect(await weight({ summary: [], content, encrypted_content: 'x'.repeat(1_920) })).toBeLessThan(120);
  });
});

describe('the counts of a rollout', () => {
  it('are calls only where something was counted anew', async () => {
    const { calls } = await read(
      meta(SELF),
      context('gpt-5.5'),
      user('hello', 1),
      answer('hi', 4),
      counted(tokens(100, 10), tokens(100, 10), 5),
      // The same again, told with other limits; nothing at all; and a total that was set without a call.
      counted(tokens(100, 10), tokens(100, 10), 60),
      event('token_count', { info: null, rate_limits: {} }, 61),
      counted(tokens(200, 10), tokens(0, 0), 62),
      user('more', 70),
      answer('yes', 80),
      counted(tokens(350, 30), tokens(150, 20), 81),
    );
    expect(
      calls.map(({ usage, atMs, askedAtMs }) => [usage?.input, usage?.output, Number(atMs) - Number(askedAtMs)]),
    ).toEqual([
      [100, 10, 4000],
      [150, 20, 11_000],
    ]);
  });

  it('are differences where only totals were written', async () => {
    const { calls } = await read(
      meta(SELF),
      counted(tokens(100, 10), null, 5),
      counted(tokens(100, 10), null, 6),
      counted(tokens(250, 30), null, 9),
    );
    expect(calls.map(({ usage }) => [usage?.input, usage?.output])).toEqual([
      [100, 10],
      [150, 20],
    ]);
  });

  it('that cannot be are left out, and what comes after them is right', async () => {
    const {
      documents: [document],
      skipped,
    } = await readText(
      [
        meta(SELF),
        answer('one', 1),
        counted(tokens(-5, 1), tokens(-5, 1), 2),
        answer('two', 3),
        counted(tokens(50, 7), tokens(50, 7), 4),
      ].join('\n'),
    );
    expect(skipped).toEqual([{ line: 3, reason: expect.stringMatching(/negative/) }]);
    expect(document?.calls.map(({ usage }) => usage?.output)).toEqual([undefined, 7]);
    expect(document?.messages.map(({ text, callId }) => [text, callId !== null])).toEqual([
      ['one', true],
      ['two', true],
    ]);
  });

  it('belong to the model of their turn; those before the first that is named, to that', async () => {
    const { calls } = await read(
      meta(SELF),
      counted(tokens(1, 1), tokens(1, 1), 1),
      context('gpt-5.5', 2),
      counted(tokens(3, 3), tokens(2, 2), 3),
      context('gpt-5.5-mini', 4),
      counted(tokens(6, 6), tokens(3, 3), 5),
    );
    expect(calls.map(({ model }) => model)).toEqual(['gpt-5.5', 'gpt-5.5', 'gpt-5.5-mini']);
  });
});

describe('a session that begins with a copy of another', () => {
  const first = counted(tokens(100, 10), tokens(100, 10), 5);
  const second = counted(tokens(250, 30), tokens(150, 20), 9);
  const own = counted(tokens(300, 40), tokens(50, 10), 130);
  const again = (text: string, at: number): string =>
    text.replace(/"timestamp":"[^"]*"/, `"timestamp":"${new Date(BEGIN + at * 1000).toISOString()}"`);

  it.each([
    [
      'with the first line of the other, and the times as they were',
      [meta(SELF, { forked_from_id: PARENT }, 100), meta(PARENT), first, second],
    ],
    ['with new times', [meta(SELF, { forked_from_id: PARENT }, 100), again(first, 100.1), again(second, 100.1)]],
    [
      'as a subagent',
      [
        meta(SELF, { source: { subagent: { thread_spawn: { parent_thread_id: PARENT, depth: 1 } } } }, 100),
        first,
        second,
      ],
    ],
  ])('%s has the calls of the other under the same ids, and its own', async (_name, copied) => {
    const parent = await read(meta(PARENT), first, second);
    const child = await read(...copied, own);
    expect([child.sessionId, child.parentSessionId]).toEqual([SELF, PARENT]);
    const ids = new Set(parent.calls.map(({ callId }) => callId));
    expect(child.calls.filter(({ callId }) => ids.has(callId))).toHaveLength(2);
    expect(child.calls.filter(({ callId }) => !ids.has(callId)).map(({ usage }) => usage?.output)).toEqual([10]);
  });

  it('counts on from the totals of the other where nothing but these was copied', async () => {
    const { calls } = await read(
      meta(SELF, { forked_from_id: PARENT }, 100),
      counted(tokens(250, 30), tokens(0, 0), 100),
      own,
    );
    expect(calls.map(({ usage }) => [usage?.input, usage?.output])).toEqual([[50, 10]]);
  });

  it('has ids of its own when it counts from zero: two subagents that are asked the same are two', async () => {
    const counts = counted(tokens(100, 10), tokens(100, 10), 130);
    const one = await read(meta(SELF, { forked_from_id: PARENT }, 100), counts);
    const two = await read(meta(SELF.replace(/1$/, '3'), { forked_from_id: PARENT }, 100), counts);
    expect(one.calls[0]?.callId).not.toBe(two.calls[0]?.callId);
  });
});

describe('a tool', () => {
  it.each([
    ['Exit code: 2\nWall time: 0.1 seconds\nOutput:\nno', 'failed', 'exit_code_2'],
    ['Exit code: 0\nWall time: 0.1 seconds\nOutput:\nExit code: 7', 'ok', undefined],
    ['{"output":"no","metadata":{"exit_code":1,"duration_seconds":0.1}}', 'failed', 'exit_code_1'],
    ['Chunk ID: ab\nWall time: 0.1 seconds\nProcess exited with code 3\nOutput:\n', 'failed', 'exit_code_3'],
    [{ content: 'no', success: false }, 'failed', null],
    [[{ type: 'input_text', text: 'fine' }], 'ok', undefined],
    ['aborted by user after 3.2s', 'refused', 'refused_by_user'],
    ['Wall time: 3.2 seconds\naborted by user', 'refused', 'refused_by_user'],
    ['exec command rejected by user', 'refused', 'refused_by_user'],
    [
      'exec_command failed for `x`: CreateProcess { message: "Rejected(\\"rejected by user\\")" }',
      'refused',
      'refused_by_user',
    ],
    ['apply_patch verification failed: no such file', 'failed', null],
    ['failed to parse function arguments: missing field', 'failed', null],
    ['the build failed with exit code 1, it says', 'ok', undefined],
  ])('that gave back %j is %s', async (text, status, type) => {
    const { tools } = await read(meta(SELF), call('c1', 'shell', { command: ['x'] }, 1), output('c1', text, 3));
    expect(tools).toMatchObject([{ name: 'shell', status }]);
    expect(tools[0]?.error?.type).toBe(type);
  });

  it('that started a process ends as the process ends; the one that asks about it worked', async () => {
    const { tools } = await read(
      meta(SELF),
      call('c1', 'exec_command', { cmd: 'make' }, 1),
      output('c1', 'Wall time: 1 seconds\nProcess running with session ID 77\nOutput:\n', 2),
      call('c2', 'write_stdin', { session_id: 77, chars: '' }, 3),
      output('c2', 'Wall time: 1 seconds\nProcess exited with code 2\nOutput:\nbad', 4),
    );
    expect(tools.map(({ name, status, error }) => [name, status, error?.type])).toEqual([
      ['exec_command', 'failed', 'exit_code_2'],
      ['write_stdin', 'ok', undefined],
    ]);
  });

  it('began where the program wrote down how long it worked, before or after it wrote the output', async () => {
    const end = event(
      'exec_command_end',
      { call_id: 'c1', exit_code: 1, duration: { secs: 2, nanos: 500_000_000 }, status: 'failed' },
      10,
    );
    const given = output('c1', 'some output', 11);
    for (const order of [
      [end, given],
      [given, end],
    ]) {
      const { tools } = await read(meta(SELF), call('c1', 'shell', {}, 1), ...order);
      expect(tools).toMatchObject([
        { status: 'failed', startedAtMs: BEGIN + 7500, endedAtMs: BEGIN + 11_000, result: 'some output' },
      ]);
    }
  });

  it.each([
    ['local_shell_call', { call_id: 'c1', action: { type: 'exec', command: ['ls'] } }, 'local_shell', 'pending'],
    ['custom_tool_call', { call_id: 'c1', name: 'apply_patch', input: '*** Begin Patch' }, 'apply_patch', 'pending'],
    ['web_search_call', { id: 'ws_1', status: 'completed', action: { query: 'x' } }, 'web_search', 'ok'],
    [
      'function_call',
      { call_id: 'c1', name: 'search', namespace: 'mcp__docs__', arguments: '{}' },
      'mcp__docs__search',
      'pending',
    ],
  ])('that is written as %s is one', async (type, item, name, status) => {
    const { tools } = await read(meta(SELF), line('response_item', 1, { type, ...item }));
    expect(tools).toMatchObject([{ name, status }]);
  });

  it('of an MCP server fails where the server says so', async () => {
    const { tools } = await read(
      meta(SELF),
      call('c1', 'docs__search', {}, 1),
      event(
        'mcp_tool_call_end',
        { call_id: 'c1', duration: { secs: 1, nanos: 0 }, result: { Err: 'connection refused' } },
        3,
      ),
      output('c1', 'connection refused', 3),
    );
    expect(tools).toMatchObject([
      { status: 'failed', error: { message: 'connection refused' }, startedAtMs: BEGIN + 2000 },
    ]);
  });
});

describe('an answer', () => {
  it('of thoughts, words and calls is one turn', async () => {
    const { messages, tools, calls } = await read(
      meta(SELF),
      user('hello', 1),
      line('response_item', 2, { type: 'reasoning', summary: [{ type: 'summary_text', text: 'thinking' }] }),
      answer('I look', 3),
      call('c1', 'shell', {}, 4),
      counted(tokens(10, 2), tokens(10, 2), 5),
      output('c1', 'x', 6),
    );
    expect(messages.map(({ role, text, callId }) => [role, text, callId])).toEqual([
      ['user', 'hello', null],
      ['assistant', 'I look', calls[0]?.callId],
      ['tool', 'x', null],
    ]);
    expect(tools[0]?.callId).toBe(calls[0]?.callId);
  });

  it('that the user broke off is an aborted call that nobody counted', async () => {
    const { calls, messages } = await read(
      meta(SELF),
      user('hello', 1),
      answer('I am', 3),
      event('turn_aborted', { reason: 'interrupted' }, 4),
    );
    expect(calls).toMatchObject([{ status: 'aborted', usage: null, askedAtMs: BEGIN + 1000 }]);
    expect(messages.map(({ isComplete }) => isComplete)).toEqual([true, false]);
  });

  it('that did not come is a call that failed, by its status', async () => {
    const { calls } = await read(
      meta(SELF),
      user('hello', 1),
      event(
        'stream_error',
        { message: 'Reconnecting', codex_error_info: { http_connection_failed: { http_status_code: 429 } } },
        3,
      ),
      event('error', { message: 'limit', codex_error_info: 'usage_limit_exceeded' }, 5),
    );
    expect(calls.map(({ status, error, usage }) => [status, error?.type, usage?.input])).toEqual([
      ['failed', '429', 0],
      ['failed', 'usage_limit_exceeded', 0],
    ]);
  });

  it('that did not come is told by newer builds at the end of the turn, and counts once where it was told before', async () => {
    const error = { message: 'limit', codex_error_info: 'usage_limit_exceeded' };
    const { calls } = await read(
      meta(SELF),
      event('task_started', { turn_id: 't1' }, 1),
      event('error', error, 2),
      event('task_complete', { turn_id: 't1', error }, 3),
      event('task_started', { turn_id: 't2' }, 4),
      event('task_complete', { turn_id: 't2', error }, 5),
      event('task_started', { turn_id: 't3' }, 6),
      event('task_complete', { turn_id: 't3', error: null }, 7),
    );
    expect(calls.map(({ status, error: seen, atMs }) => [status, seen?.type, Number(atMs) - BEGIN])).toEqual([
      ['failed', 'usage_limit_exceeded', 2000],
      ['failed', 'usage_limit_exceeded', 5000],
    ]);
  });
});

describe('what the program says in the name of the user', () => {
  it('is no message', async () => {
    const { messages } = await read(
      meta(SELF),
      user('<environment_context>\n<cwd>/w</cwd>', 1),
      user('# AGENTS.md instructions for /w\n\n<INSTRUCTIONS>', 1),
      line('response_item', 1, {
        type: 'message',
        role: 'developer',
        content: [{ type: 'input_text', text: 'be good' }],
      }),
      user('hello', 2),
    );
    expect(messages.map(({ text }) => text)).toEqual(['hello']);
  });
});

describe('a rollout', () => {
  it('whose first line is lost is known by the name of its file', async () => {
    const { documents, skippedCount } = await readText(`${meta(SELF).slice(5)}\n${user('hello', 1)}\n`, {
      fileName: `rollout-2026-03-01T10-00-00-${SELF}.jsonl`,
    });
    expect([documents[0]?.sessionId, skippedCount]).toEqual([SELF, 1]);
  });

  it('of the oldest kind, without envelopes, times and counts, is read as far as it tells', async () => {
    const { calls, messages, tools } = await read(
      JSON.stringify({ id: SELF, timestamp: '2025-06-01T10:00:00Z', instructions: null }),
      '{"record_type":"state"}',
      '{"type":"message","role":"user","content":[{"type":"input_text","text":"hello"}]}',
      '{"type":"reasoning","summary":[]}',
      '{"type":"function_call","name":"shell","arguments":"{}","call_id":"c1"}',
      '{"type":"function_call_output","call_id":"c1","output":"{\\"output\\":\\"x\\",\\"metadata\\":{\\"exit_code\\":0}}"}',
      '{"type":"message","role":"assistant","content":[{"type":"output_text","text":"done"}]}',
    );
    expect(messages.map(({ role, text }) => [role, text])).toEqual([
      ['user', 'hello'],
      ['assistant', ''],
      ['tool', 'x'],
      ['assistant', 'done'],
    ]);
    expect(calls.map(({ usage, status }) => [usage, status])).toEqual([
      [null, 'ok'],
      [null, 'ok'],
    ]);
    expect(tools).toMatchObject([{ status: 'ok', callId: calls[0]?.callId }]);
  });

  it('of the first versions, one JSON value, is read as far as it tells', async () => {
    const text = (type: string, value: string): object => ({ type, text: value });
    const content = JSON.stringify(
      {
        session: { timestamp: '2025-05-01T10:00:00.000Z', id: SELF, instructions: '' },
        items: [
          { type: 'message', role: 'user', content: [text('input_text', 'hello')] },
          { id: 'rs_0000000000000001', type: 'reasoning', summary: [], duration_ms: 400 },
          { id: 'fc_0000000000000001', type: 'function_call', name: 'shell', arguments: '{}', call_id: 'c1' },
          { type: 'function_call_output', call_id: 'c1', output: '{"output":"no","metadata":{"exit_code":2}}' },
          { id: 'msg_0000000000000001', type: 'message', role: 'assistant', content: [text('output_text', 'done')] },
        ],
      },
      null,
      2,
    );
    const { documents, format, skipped } = await readText(content);
    expect([format, skipped, documents.length]).toEqual(['codex', [], 1]);
    const { sessionId, messages, calls, tools } = documents[0] as SessionDocument;
    expect(sessionId).toBe(SELF);
    expect(messages.map(({ role, text: said }) => [role, said])).toEqual([
      ['user', 'hello'],
      ['assistant', ''],
      ['tool', 'no'],
      ['assistant', 'done'],
    ]);
    expect(calls).toHaveLength(2);
    expect(tools).toMatchObject([{ name: 'shell', status: 'failed', error: { type: 'exit_code_2' } }]);
  });
});

describe('a search that the provider ran', () => {
  it('has no output, and is not given one that names no call', async () => {
    const search = { type: 'web_search_call', status: 'completed', action: { type: 'search', query: 'x' } };
    const { tools } = await read(
      meta(SELF),
      context('gpt-5.5'),
      line('response_item', 1, search),
      counted(tokens(3, 2), tokens(3, 2), 2),
      output('', 'of a call that is not here', 3),
    );
    expect(tools.map(({ name, result }) => [name, result])).toEqual([
      ['unknown', 'of a call that is not here'],
      ['web_search', null],
    ]);
  });

  it('for tools has an output that names no call: it is over when it is told', async () => {
    const ended = { status: 'completed', execution: 'server', call_id: null };
    const asked = { type: 'tool_search_call', status: 'completed', call_id: 'call_search_00000001' };
    const { tools, messages } = await read(
      meta(SELF),
      line('response_item', 1, { type: 'tool_search_call', id: 'tsc_0000000000000001', ...ended, arguments: {} }),
      line('response_item', 1, { type: 'tool_search_output', id: 'tso_0000000000000001', ...ended, tools: [] }),
      line('response_item', 2, { ...asked, execution: 'client', arguments: { query: 'x' } }),
      line('response_item', 3, { ...asked, type: 'tool_search_output', execution: 'client', tools: [] }),
    );
    expect(tools.map(({ name, status, endedAtMs }) => [name, status, Number(endedAtMs) - BEGIN])).toEqual([
      ['tool_search', 'ok', 1000],
      ['tool_search', 'ok', 3000],
    ]);
    expect(messages.filter(({ role }) => role === 'tool')).toHaveLength(1);
  });
});
