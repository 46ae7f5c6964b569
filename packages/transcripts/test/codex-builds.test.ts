import type { SessionDocument } from '@tracepost/contracts';
import { describe, expect, it } from 'vitest';
import { uniteDocuments } from '../src/index.ts';
import { readText } from './bytes.ts';
import {
  codexLine,
  countLine,
  eventLine,
  itemLine,
  metaLine,
  PARENT,
  SELF,
  saidLine,
  tokensOf,
} from './codex-lines.ts';

async function read(...lines: readonly string[]): Promise<SessionDocument> {
  const { documents, skipped, format } = await readText(lines.join('\n'));
  expect([format, skipped, documents.length]).toEqual(['codex', [], 1]);
  return documents[0] as SessionDocument;
}

const context = (more: object, at: number): string => codexLine('turn_context', at, { cwd: '/w', ...more });

describe('the settings of a thread', () => {
  const settings = (thread_settings: object, at: number): string =>
    eventLine('thread_settings_applied', { thread_settings }, at);

  it('name the model and the tier of what comes after them, also where a turn repeats only the model', async () => {
    const { calls } = await read(
      metaLine(SELF),
      settings({ model: 'gpt-5.6', service_tier: 'priority' }, 1),
      countLine(tokensOf(1, 1), tokensOf(1, 1), 2),
      context({ model: 'gpt-5.6' }, 3),
      countLine(tokensOf(3, 3), tokensOf(2, 2), 4),
      context({ model: 'gpt-5.6', service_tier: 'flex' }, 5),
      countLine(tokensOf(6, 6), tokensOf(3, 3), 6),
      settings({ model: 'gpt-5.6-mini' }, 7),
      countLine(tokensOf(10, 10), tokensOf(4, 4), 8),
      settings({ service_tier: null }, 9),
      countLine(tokensOf(15, 15), tokensOf(5, 5), 10),
    );
    expect(calls.map(({ model, serviceTier }) => [model, serviceTier])).toEqual([
      ['gpt-5.6', 'priority'],
      ['gpt-5.6', 'priority'],
      ['gpt-5.6', 'flex'],
      ['gpt-5.6-mini', 'flex'],
      ['gpt-5.6-mini', null],
    ]);
  });

  it('are overruled by the tier that stands with a count', async () => {
    const { calls } = await read(
      metaLine(SELF),
      settings({ model: 'gpt-5.6', service_tier: 'priority' }, 1),
      countLine(tokensOf(1, 1), tokensOf(1, 1), 2, { service_tier: 'default' }),
      countLine(tokensOf(3, 3), tokensOf(2, 2), 4),
    );
    expect(calls.map(({ serviceTier }) => serviceTier)).toEqual(['default', 'priority']);
  });
});

describe('a subagent whose file names its parent', () => {
  const spawned = { source: { subagent: { thread_spawn: { parent_thread_id: PARENT, depth: 1 } } } };
  const own = countLine(tokensOf(100, 10), tokensOf(100, 10), 130);

  it('counts for itself where it counts from zero, also with the first line of its parent in it', async () => {
    const one = await read(metaLine(SELF, spawned, 100), metaLine(PARENT), own);
    const two = await read(metaLine(SELF.replace(/1$/, '3'), spawned, 100), metaLine(PARENT), own);
    expect([one.sessionId, one.parentSessionId]).toEqual([SELF, PARENT]);
    expect(one.calls[0]?.callId).not.toBe(two.calls[0]?.callId);
  });

  it('counts for itself from where it begins at zero, also after counts of its parent', async () => {
    const parent = await read(metaLine(PARENT), countLine(tokensOf(700, 70), tokensOf(700, 70), 5));
    const copied = countLine(tokensOf(700, 70), tokensOf(700, 70), 100.1);
    const one = await read(metaLine(SELF, spawned, 100), metaLine(PARENT), copied, own);
    const two = await read(metaLine(SELF.replace(/1$/, '3'), spawned, 100), metaLine(PARENT), copied, own);
    expect([one, two].map(({ calls }) => calls[0]?.callId)).toEqual(Array(2).fill(parent.calls[0]?.callId));
    expect(one.calls[1]?.callId).not.toBe(two.calls[1]?.callId);
  });

  it('does not say again what its parent said before it began', async () => {
    const { messages, tools } = await read(
      metaLine(SELF, spawned, 100),
      metaLine(PARENT),
      saidLine('user', 'asked of the parent', 5),
      itemLine('function_call', { name: 'shell', arguments: '{}', call_id: 'c1' }, 6),
      itemLine('function_call_output', { call_id: 'c1', output: 'x' }, 7),
      saidLine('user', 'asked of the child', 101),
      saidLine('assistant', 'done', 105),
      own,
    );
    expect(messages.map(({ text }) => text)).toEqual(['asked of the child', 'done']);
    expect(tools).toEqual([]);
  });

  it('does not sum up again what its parent summed up before it began', async () => {
    const { compactions = [] } = await read(
      metaLine(SELF, spawned, 100),
      metaLine(PARENT),
      codexLine('compacted', 50, { message: 'what the parent said' }),
      saidLine('user', 'asked of the child', 101),
      codexLine('compacted', 103, { message: 'what the child said' }),
      own,
    );
    expect(compactions.map(({ atMs }) => new Date(atMs ?? 0).toISOString())).toEqual(['2026-03-01T10:01:43.000Z']);
  });

  it('begins at the line whose number it gives: what is copied before has the time of the copy', async () => {
    const inherited = countLine(tokensOf(5000, 500), tokensOf(900, 90), 100.1).replace('"type"', '"ordinal":3,"type"');
    const { messages, tools, calls } = await read(
      metaLine(SELF, { ...spawned, subagent_history_start_ordinal: 4 }, 100),
      metaLine(PARENT),
      saidLine('user', 'asked of the parent', 100.1, 1),
      itemLine('function_call', { name: 'shell', arguments: '{}', call_id: 'c1' }, 100.1, 2),
      inherited,
      saidLine('user', 'asked of the child', 100.2, 4),
      saidLine('assistant', 'done', 101, 5),
      countLine(tokensOf(5100, 510), tokensOf(100, 10), 101.2),
    );
    expect(messages.map(({ text }) => text)).toEqual(['asked of the child', 'done']);
    expect(tools).toEqual([]);
    expect(calls.map(({ callId, usage }) => [callId.startsWith(SELF), usage?.output])).toEqual([[true, 10]]);
  });
});

describe('what newer builds say in the name of the user', () => {
  it.each([
    '<hook_prompt hook_run_id="1">go on</hook_prompt>',
    '<recommended_plugins>\nx',
    '<goal_context>\nx',
    '<user_action>\n  <context>User initiated a review task.</context>',
    '<codex_internal_context source="goal">\nx',
    '<app-context>\nx',
    'Warning: apply_patch was requested via exec_command. Use the apply_patch tool instead of exec_command.',
  ])('is no message: %s', async (text) => {
    const { messages } = await read(metaLine(SELF), saidLine('user', text, 1), saidLine('user', 'hello', 2));
    expect(messages.map((message) => message.text)).toEqual(['hello']);
  });
});

describe('a script of the model', () => {
  const script = (id: string, at: number): string =>
    itemLine('custom_tool_call', { name: 'exec', call_id: id, input: 'text(await tools.exec_command({}))' }, at);
  const scriptOutput = (id: string, text: string, at: number): string =>
    itemLine('custom_tool_call_output', { call_id: id, output: [{ type: 'input_text', text }] }, at);
  const wait = (id: string, cell: string, at: number): string =>
    itemLine('function_call', { name: 'wait', call_id: id, arguments: JSON.stringify({ cell_id: cell }) }, at);
  const waitOutput = (id: string, output: string, at: number): string =>
    itemLine('function_call_output', { call_id: id, output }, at);
  const done = (item: object, at: number): string => eventLine('item_completed', { turn_id: 't', item }, at);
  const statuses = ({ tools }: SessionDocument): unknown[] =>
    tools.map(({ name, status, error }) => [name, status, error?.type ?? null]);

  it('that failed is a failure, and one that ended well none', async () => {
    const document = await read(
      metaLine(SELF),
      script('c1', 1),
      scriptOutput('c1', 'Script failed\nWall time 0.1 seconds\nOutput:\nTypeError: x', 2),
      script('c2', 3),
      scriptOutput('c2', 'Script completed\nWall time 0.1 seconds\nOutput:\nScript failed', 4),
    );
    expect(statuses(document)).toEqual([
      ['exec', 'failed', 'script_failed'],
      ['exec', 'ok', null],
    ]);
  });

  it('that outlasts its call ends as the call says that waited for it', async () => {
    const running = 'Script running with cell ID 7\nWall time 10.0 seconds\nOutput:\n';
    const document = await read(
      metaLine(SELF),
      script('c1', 1),
      scriptOutput('c1', running, 11),
      wait('c2', '7', 12),
      waitOutput('c2', running, 22),
      wait('c3', '7', 23),
      waitOutput('c3', 'Script failed\nWall time 1.0 seconds\nOutput:\nno', 24),
    );
    expect(statuses(document)).toEqual([
      ['exec', 'failed', 'script_failed'],
      ['wait', 'ok', null],
      ['wait', 'ok', null],
    ]);
  });

  it('calls tools of its own, each of which ends in its own way', async () => {
    const duration = { secs: 2, nanos: 500_000_000 };
    const command = { type: 'CommandExecution', command: ['sh', '-c', 'make'], cwd: '/w', duration };
    const change = { type: 'FileChange', changes: { '/w/a': { type: 'update' } }, stderr: 'does not apply' };
    const mcp = { type: 'McpToolCall', server: 'issues', tool: 'find', arguments: { q: 'x' }, duration };
    const document = await read(
      metaLine(SELF),
      script('c1', 1),
      done({ ...command, id: 'n1', status: 'completed', exit_code: 0, aggregated_output: 'made' }, 4),
      done({ ...command, id: 'n2', status: 'failed', exit_code: 2, aggregated_output: 'no rule' }, 8),
      done({ ...command, id: 'n3', status: 'declined', aggregated_output: '' }, 9),
      done({ ...change, id: 'n4', status: 'failed' }, 10),
      done({ ...mcp, id: 'n5', status: 'failed', error: { message: 'not there' } }, 13),
      done({ ...command, id: 'n6', status: 'failed', exit_code: 1, source: 'user_shell' }, 14),
      scriptOutput('c1', 'Script completed\nWall time 12.0 seconds\nOutput:\n', 15),
      countLine(tokensOf(3, 3), tokensOf(3, 3), 16),
    );
    expect(statuses(document)).toEqual([
      ['exec', 'ok', null],
      ['exec_command', 'ok', null],
      ['exec_command', 'failed', 'exit_code_2'],
      ['exec_command', 'refused', 'refused_by_user'],
      ['apply_patch', 'failed', null],
      ['issues.find', 'failed', null],
    ]);
    const [, first] = document.tools;
    expect([Number(first?.endedAtMs) - Number(first?.startedAtMs), first?.result]).toEqual([2500, 'made']);
    expect(new Set(document.tools.map(({ callId }) => callId))).toEqual(new Set([document.calls[0]?.callId]));
  });

  it('is not needed for a command to be told of: then it is the call of that id', async () => {
    const document = await read(
      metaLine(SELF),
      itemLine('function_call', { name: 'exec_command', arguments: '{}', call_id: 'c1' }, 1),
      done({ type: 'CommandExecution', id: 'c1', status: 'failed', exit_code: 3, aggregated_output: 'no' }, 2),
      waitOutput('c1', 'no', 2.1),
    );
    expect(statuses(document)).toEqual([['exec_command', 'failed', 'exit_code_3']]);
  });
});

describe('a compaction that the provider made', () => {
  const record = (usage: object): object => ({ response_id: 'resp_compaction_0001', thread_id: SELF, usage });
  const told = (usage: object, at: number): string => codexLine('token_usage_record', at, record(usage));
  const compacted = (more: object, at: number): string =>
    codexLine('compacted', at, { message: '', compaction_response_id: 'resp_compaction_0001', ...more });

  it('is a call by the id of its answer, told before it or within it', async () => {
    for (const lines of [
      [told(tokensOf(900, 50), 5), compacted({}, 6)],
      [compacted({ latest_token_usage_record: record(tokensOf(900, 50)) }, 6)],
    ]) {
      const { calls } = await read(metaLine(SELF), context({ model: 'gpt-5.6' }, 1), ...lines);
      expect(calls.map(({ callId, model, usage }) => [callId, model, usage?.input, usage?.output])).toEqual([
        ['resp_compaction_0001', 'gpt-5.6', 900, 50],
      ]);
    }
  });

  it('that was counted like any other call is that one, and records of other answers are none', async () => {
    const { calls } = await read(
      metaLine(SELF),
      codexLine('token_usage_record', 2, { response_id: 'resp_other', usage: tokensOf(10, 1) }),
      countLine(tokensOf(10, 1), tokensOf(10, 1), 2),
      told(tokensOf(900, 50), 5),
      countLine(tokensOf(910, 51), tokensOf(900, 50), 5),
      compacted({}, 6),
    );
    expect(calls.map(({ usage }) => usage?.input)).toEqual([10, 900]);
    const later = await read(
      metaLine(SELF),
      compacted({ latest_token_usage_record: record(tokensOf(900, 50)) }, 6),
      countLine(tokensOf(900, 50), tokensOf(900, 50), 7),
      countLine(tokensOf(1800, 100), tokensOf(900, 50), 9),
    );
    expect(later.calls.map(({ usage }) => usage?.input)).toEqual([900, 900]);
  });
});

describe('a session in which nothing is counted', () => {
  const lines = [
    metaLine(SELF, { model_provider: 'ollama' }),
    context({ model: 'gpt-oss:20b' }, 1),
    saidLine('user', 'hello', 2),
    itemLine('function_call', { name: 'shell', arguments: '{}', call_id: 'call_of_a_command_0001' }, 4),
    eventLine('token_count', { info: null }, 5),
    itemLine('function_call_output', { call_id: 'call_of_a_command_0001', output: 'x' }, 7),
    saidLine('assistant', 'I look', 9),
    saidLine('assistant', 'done', 10),
    codexLine('compacted', 11, { message: 'what was said' }),
    saidLine('user', 'more', 12),
    eventLine('task_started', { turn_id: 't1' }, 13),
    saidLine('assistant', 'yes', 14),
    eventLine('task_complete', { turn_id: 't1' }, 14),
  ];

  it('has a call for each answer, with the time that it took and without tokens', async () => {
    const { calls, tools, messages, compactions = [] } = await read(...lines);
    expect(calls.map(({ model, usage, status }) => [model, usage, status])).toEqual(
      Array(3).fill(['gpt-oss:20b', null, 'ok']),
    );
    expect(calls.map(({ askedAtMs, atMs }) => (Number(atMs) - Number(askedAtMs)) / 1000)).toEqual([2, 3, 1]);
    expect(tools.map(({ callId }) => callId)).toEqual([calls[0]?.callId]);
    const answers = messages.filter(({ role }) => role === 'assistant');
    expect(answers.map(({ callId }) => callId)).toEqual(calls.map(({ callId }) => callId));
    expect(compactions.map(({ summaryTokens }) => Number(summaryTokens) > 0)).toEqual([true]);
  });

  it('is the same read in pieces', async () => {
    const whole = await read(...lines);
    for (let length = 3; length < lines.length; length++) {
      const before = await read(...lines.slice(0, length));
      expect(uniteDocuments(before, whole), `after ${length} lines`).toEqual(whole);
    }
  });

  it('is one as long as nothing is: answers beside those that were counted are none that were paid', async () => {
    const { calls } = await read(...lines, countLine(tokensOf(9, 9), tokensOf(9, 9), 15));
    expect(calls.map(({ usage }) => usage?.input)).toEqual([9]);
    const fork = await read(metaLine(SELF, { forked_from_id: PARENT }), ...lines.slice(1));
    expect(fork.calls).toEqual([]);
  });
});

describe('a record of what an answer took', () => {
  const record = (id: string, usage: object, at: number): string =>
    codexLine('token_usage_record', at, { response_id: `resp_00000000000${id}`, usage });
  const ask = (id: string, at: number): string =>
    itemLine('function_call', { name: 'exec_command', arguments: '{}', call_id: id }, at);
  const output = (id: string, at: number): string =>
    itemLine('function_call_output', { call_id: id, output: 'Process exited with code 0' }, at);
  const ids = ({ calls }: SessionDocument): unknown[] => calls.map(({ callId, usage }) => [callId, usage?.input]);

  const lines = [
    metaLine(SELF),
    eventLine('task_started', { turn_id: 't1' }, 1),
    context({ model: 'gpt-5.6' }, 1),
    saidLine('user', 'hello', 2),
    ask('call_of_a_command_0001', 5),
    record('1', tokensOf(100, 10), 6),
    output('call_of_a_command_0001', 95),
    countLine(tokensOf(100, 10), tokensOf(100, 10), 96),
    saidLine('assistant', 'done', 99),
    record('2', tokensOf(200, 20), 100),
  ];

  it('comes before its tools have ended: the answer took no longer than until then', async () => {
    const document = await read(...lines);
    expect(document.calls.map(({ askedAtMs, atMs }) => (Number(atMs) - Number(askedAtMs)) / 1000)).toEqual([4, 5]);
    expect(document.calls.map(({ usage, contextWindow }) => [usage?.input, contextWindow])).toEqual([
      [100, 1000],
      [200, null],
    ]);
    expect(document.tools.map(({ callId }) => callId)).toEqual([document.calls[0]?.callId]);
  });

  it('is the call that a build without records tells by the count alone, which may come late too', async () => {
    const withRecords = await read(...lines, countLine(tokensOf(300, 30), tokensOf(200, 20), 101));
    const without = lines.filter((line) => !line.includes('token_usage_record'));
    const counted = await read(...without, countLine(tokensOf(300, 30), tokensOf(200, 20), 101));
    expect(ids(withRecords)).toEqual(ids(counted));
    expect(counted.calls.map(({ askedAtMs, atMs }) => (Number(atMs) - Number(askedAtMs)) / 1000)).toEqual([3, 6]);
  });

  it('is a call of its own where nothing was said in the conversation and nothing counted', async () => {
    const document = await read(
      ...lines.slice(0, 8),
      record('7', tokensOf(70, 7), 97),
      ...lines.slice(8),
      record('9', tokensOf(90, 9), 101),
    );
    expect(document.calls.map(({ usage }) => usage?.input)).toEqual([100, 70, 200, 90]);
    expect(document.messages.filter(({ role, callId }) => role === 'assistant' && callId === null)).toEqual([]);
  });

  it('counts once, also where the file was read before its count was there', async () => {
    const whole = await read(
      ...lines,
      countLine(tokensOf(300, 30), tokensOf(200, 20), 101),
      saidLine('user', 'x', 102),
    );
    for (let length = 4; length <= lines.length; length++) {
      const before = await read(...lines.slice(0, length));
      expect(uniteDocuments(before, whole), `after ${length} lines`).toEqual(whole);
    }
  });
});

describe('a session that is read while it is written', () => {
  it('is the same read in pieces: scripts, what they call, a compaction, the copy of a parent', async () => {
    const spawned = { source: { subagent: { thread_spawn: { parent_thread_id: PARENT, depth: 1 } } } };
    const command = { type: 'CommandExecution', id: 'n1', status: 'failed', exit_code: 2, aggregated_output: 'no' };
    const usage = tokensOf(900, 50);
    const lines = [
      metaLine(SELF, { ...spawned, subagent_history_start_ordinal: 3 }, 100),
      metaLine(PARENT),
      saidLine('user', 'asked of the parent', 100.1, 1),
      eventLine('thread_settings_applied', { thread_settings: { model: 'gpt-5.6', service_tier: 'priority' } }, 101),
      saidLine('user', 'asked of the child', 102, 3),
      itemLine('custom_tool_call', { name: 'exec', call_id: 'c1', input: 'x' }, 103, 4),
      eventLine('item_completed', { item: command }, 104, 5),
      itemLine('custom_tool_call_output', { call_id: 'c1', output: 'Script running with cell ID 7\n' }, 105, 6),
      countLine(tokensOf(100, 10), tokensOf(100, 10), 106),
      itemLine('function_call', { name: 'wait', call_id: 'c2', arguments: '{"cell_id":"7"}' }, 107, 8),
      itemLine('function_call_output', { call_id: 'c2', output: 'Script failed\nno' }, 108, 9),
      countLine(tokensOf(300, 30), tokensOf(200, 20), 109),
      codexLine('token_usage_record', 110, { response_id: 'resp_compaction_0001', usage }, 11),
      codexLine('compacted', 111, { compaction_response_id: 'resp_compaction_0001' }, 12),
      countLine(tokensOf(1200, 80), usage, 112),
      saidLine('assistant', 'done', 113, 14),
      countLine(tokensOf(1300, 90), tokensOf(100, 10), 114),
    ];
    const whole = await read(...lines);
    expect([whole.calls.length, whole.tools.length, whole.messages.length]).toEqual([4, 3, 6]);
    for (let length = 5; length < lines.length; length++) {
      const before = await read(...lines.slice(0, length));
      expect(uniteDocuments(before, whole), `after ${length} lines`).toEqual(whole);
      expect(uniteDocuments(whole, before), `after ${length} lines`).toEqual(whole);
    }
  });
});
