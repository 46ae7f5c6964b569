import { describe, expect, it } from 'vitest';
import { uniteDocuments } from '../src/index.ts';
import { readText } from './bytes.ts';
import { answerLine, QUESTION, resultLine, toolUse, userLine } from './claude-lines.ts';
import { readOne as read } from './read-one.ts';

describe('what the program says in the name of the user', () => {
  it.each([
    '<command-name>/clear</command-name>\n  <command-message>clear</command-message>\n  <command-args></command-args>',
    '<command-message>review is running…</command-message>\n<command-name>/review</command-name>',
    '<local-command-stdout></local-command-stdout>',
    '<local-command-stderr>no</local-command-stderr>',
    '<local-command-caveat>what follows is of the program</local-command-caveat>',
    '<bash-input>ls</bash-input>',
    '<bash-stdout>a</bash-stdout><bash-stderr></bash-stderr>',
    '<task-notification>\n<status>completed</status>\n</task-notification>',
  ])('is no message, but the time of what is answered: %s', async (text) => {
    const { messages, calls } = await read(
      QUESTION,
      userLine({ uuid: 'u2', parent: 'u1', at: 5, text }),
      answerLine({ uuid: 'a1', parent: 'u2', at: 7, id: 'msg_1' }),
    );
    expect(messages.map((message) => message.text)).toEqual(['hello', 'answer a1']);
    expect(Number(calls[0]?.atMs) - Number(calls[0]?.askedAtMs)).toBe(2000);
  });

  it('is a message where it has words of the user in it', async () => {
    const command = '<command-message>review</command-message>\n<command-name>/review</command-name>';
    const { messages } = await read(
      userLine({ uuid: 'u1', at: 0, text: `${command}\n<command-args>the login</command-args>` }),
      userLine({ uuid: 'u2', at: 1, text: 'why does <bash-stdout> stand there?' }),
    );
    expect(messages.map(({ text }) => text)).toEqual(['/review the login', 'why does <bash-stdout> stand there?']);
  });
});

describe('words that were typed while the agent worked', () => {
  const queued = (attachment: object, uuid = 'q1'): string => {
    const line = JSON.parse(userLine({ uuid, parent: 'u1', at: 3, more: { type: 'attachment', attachment } }));
    delete line.message;
    return JSON.stringify(line);
  };

  it('are a message of the user', async () => {
    const prompt = [{ type: 'text', text: 'and the tests' }];
    const { messages } = await read(
      QUESTION,
      queued({ type: 'queued_command', commandMode: 'prompt', prompt: 'also look at b' }),
      queued({ type: 'queued_command', commandMode: 'prompt', prompt }, 'q2'),
    );
    expect(messages.map(({ role, text }) => [role, text])).toEqual([
      ['user', 'hello'],
      ['user', 'also look at b'],
      ['user', 'and the tests'],
    ]);
  });

  it.each([
    { type: 'queued_command', commandMode: 'task-notification', prompt: '<task-notification>done' },
    { type: 'queued_command', commandMode: 'prompt', prompt: '<task-notification>done' },
    { type: 'queued_command', commandMode: 'prompt', prompt: 'go on', isMeta: true },
    { type: 'queued_command', commandMode: 'prompt', prompt: '' },
    { type: 'queued_command', commandMode: 'prompt' },
    { type: 'todo_reminder', commandMode: 'prompt', prompt: 'x' },
  ])('are told from what the program puts in their place: %j', async (attachment) => {
    expect((await read(QUESTION, queued(attachment))).messages.map(({ text }) => text)).toEqual(['hello']);
  });
});

describe('a tool that the provider runs', () => {
  const use = (id: string, name: string, type = 'server_tool_use'): object => ({ type, id, name, input: { q: id } });
  const block = (type: string, tool_use_id: string, content: unknown, more: object = {}): object => ({
    type,
    tool_use_id,
    content,
    ...more,
  });

  it('has its result in the answer', async () => {
    const { tools, messages } = await read(
      QUESTION,
      answerLine({
        uuid: 'a1',
        parent: 'u1',
        at: 4,
        id: 'msg_1',
        blocks: [
          use('srvtoolu_000000000001', 'web_search'),
          block('web_search_tool_result', 'srvtoolu_000000000001', [{ type: 'web_search_result', title: 'x' }]),
          use('srvtoolu_000000000002', 'web_search'),
          block('web_search_tool_result', 'srvtoolu_000000000002', {
            type: 'web_search_tool_result_error',
            error_code: 'max_uses_exceeded',
          }),
          use('srvtoolu_000000000003', 'code_execution'),
          block('code_execution_tool_result', 'srvtoolu_000000000003', {
            type: 'code_execution_result',
            return_code: 1,
            stderr: 'no such module',
          }),
          use('mcptoolu_000000000004', 'find', 'mcp_tool_use'),
          block('mcp_tool_result', 'mcptoolu_000000000004', [{ type: 'text', text: 'gone' }], { is_error: true }),
          use('srvtoolu_000000000005', 'web_fetch'),
        ],
      }),
    );
    expect(tools.map(({ name, status, error, callId }) => [name, status, error?.type ?? null, callId])).toEqual([
      ['web_search', 'ok', null, 'msg_1'],
      ['web_search', 'failed', 'max_uses_exceeded', 'msg_1'],
      ['code_execution', 'failed', 'exit_code_1', 'msg_1'],
      ['find', 'failed', null, 'msg_1'],
      ['web_fetch', 'pending', null, 'msg_1'],
    ]);
    expect(tools[2]?.error?.message).toContain('no such module');
    expect(messages).toHaveLength(2);
  });

  it('has it also where the result stands in a later line of the answer', async () => {
    const line = (uuid: string, at: number, one: object): string =>
      answerLine({ uuid, parent: 'u1', at, id: 'msg_1', blocks: [one] });
    const { tools } = await read(
      QUESTION,
      line('a1', 4, use('srvtoolu_000000000001', 'web_search')),
      line('a2', 6, block('web_search_tool_result', 'srvtoolu_000000000001', [])),
    );
    expect(tools.map(({ name, status, endedAtMs, atMs }) => [name, status, Number(endedAtMs) - Number(atMs)])).toEqual([
      ['web_search', 'ok', 2000],
    ]);
  });
});

describe('a tool that never ran', () => {
  it.each([
    ['<tool_use_error>Sibling tool call errored</tool_use_error>', 'cancelled'],
    ['<tool_use_error>Cancelled: parallel tool call Bash(make) errored</tool_use_error>', 'cancelled'],
    ['Cancelled: parallel tool call Bash(make) errored', 'cancelled'],
    ['<tool_use_error>Error: Streaming fallback - tool execution discarded</tool_use_error>', 'cancelled'],
    ['PreToolUse:Bash hook error: [guard.sh]: not here', 'refused_by_hook'],
    ['Hook PreToolUse:Bash denied this tool', 'refused_by_hook'],
    ['Bash operation blocked by hook:\n- not here', 'refused_by_hook'],
    [
      'Permission for this action was denied by the Claude Code auto mode classifier. Reason: [x]',
      'refused_by_program',
    ],
    ['Permission for this action has been denied. Reason: x', 'refused_by_program'],
  ])('is no failure of that tool: %s', async (text, type) => {
    const { tools } = await read(
      QUESTION,
      answerLine({ uuid: 'a1', parent: 'u1', at: 1, id: 'msg_1', blocks: [toolUse('t1')] }),
      resultLine({ uuid: 'r1', parent: 'a1', at: 3, tool: 't1', text, isError: true }),
    );
    expect(tools).toMatchObject([{ status: 'refused', error: { type } }]);
  });
});

describe('an answer of a version that knew what it cost', () => {
  it('has that beside it, once', async () => {
    const { calls } = await read(
      QUESTION,
      answerLine({ uuid: 'a1', parent: 'u1', at: 1, id: 'msg_1', more: { costUSD: 0.0125, durationMs: 900 } }),
      answerLine({ uuid: 'a2', parent: 'a1', at: 2, id: 'msg_1', more: { costUSD: 0.0125, durationMs: 900 } }),
      answerLine({ uuid: 'a3', parent: 'a2', at: 3, id: 'msg_2', more: { costUSD: 0 } }),
    );
    expect(calls.map(({ reportedCostUsd }) => reportedCostUsd)).toEqual(['0.0125', null]);
  });
});

describe('the last line of a session without a terminal', () => {
  it('says what the session cost', async () => {
    const result = { type: 'result', subtype: 'success', is_error: false, session_id: 's', num_turns: 2 };
    const { reportedTotals, outcome } = await read(
      QUESTION,
      answerLine({ uuid: 'a1', parent: 'u1', at: 4, id: 'msg_1' }),
      JSON.stringify({ ...result, total_cost_usd: 0.0123, usage: { input_tokens: 10, output_tokens: 1 } }),
    );
    // The tokens stand with the calls, and would count twice.
    expect(reportedTotals).toEqual({ modelCalls: null, usage: null, costUsd: '0.0123' });
    expect(outcome).toEqual({ succeeded: true, detail: 'success' });
  });

  it.each([undefined, 0, null])('says nothing of money where it has %j for it', async (total_cost_usd) => {
    const result = { type: 'result', subtype: 'success', is_error: false, session_id: 's', total_cost_usd };
    expect((await read(QUESTION, JSON.stringify(result))).reportedTotals ?? null).toBeNull();
  });
  it.each([-1, 'x', 1e9])(
    'is told to be wrong, and says how the session ended, where that is %j',
    async (total_cost_usd) => {
      const result = { type: 'result', subtype: 'success', is_error: false, session_id: 's', total_cost_usd };
      const { documents, skipped } = await readText([QUESTION, JSON.stringify(result)].join('\n'));
      expect(documents[0]).toMatchObject({ outcome: { succeeded: true } });
      expect(documents[0]?.reportedTotals ?? null).toBeNull();
      expect(skipped).toMatchObject([{ line: 2 }]);
    },
  );
});

describe('a session that is read while it is written', () => {
  it('is the same read in pieces: echoes, queued words, tools of the provider, what it cost', async () => {
    const search = { type: 'server_tool_use', id: 'srvtoolu_000000000001', name: 'web_search', input: {} };
    const found = { type: 'web_search_tool_result', tool_use_id: search.id, content: [] };
    const attachment = { type: 'queued_command', commandMode: 'prompt', prompt: 'also look at b' };
    const lines = [
      QUESTION,
      userLine({ uuid: 'u2', parent: 'u1', at: 1, text: '<bash-stdout>x</bash-stdout>' }),
      answerLine({ uuid: 'a1', parent: 'u2', at: 4, id: 'msg_1', blocks: [search] }),
      answerLine({ uuid: 'a2', parent: 'a1', at: 5, id: 'msg_1', blocks: [found] }),
      userLine({ uuid: 'q1', parent: 'a2', at: 6, more: { type: 'attachment', attachment } }),
      answerLine({ uuid: 'a3', parent: 'q1', at: 8, id: 'msg_2' }),
      JSON.stringify({ type: 'result', is_error: false, session_id: 's', total_cost_usd: 0.5 }),
    ];
    const whole = await read(...lines);
    expect([whole.calls.length, whole.tools.length, whole.messages.length]).toEqual([2, 1, 4]);
    for (let length = 1; length < lines.length; length++) {
      const before = await read(...lines.slice(0, length));
      expect(uniteDocuments(before, whole), `after ${length} lines`).toEqual(whole);
      expect(uniteDocuments(whole, before), `after ${length} lines`).toEqual(whole);
    }
  });
});
