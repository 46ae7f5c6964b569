import { describe, expect, it } from 'vitest';
import { uniteDocuments } from '../src/index.ts';
import { readText } from './bytes.ts';
import { answerLine, QUESTION, resultLine, toolUse, userLine } from './claude-lines.ts';
import { readOne as read } from './read-one.ts';

describe('an answer that is written in several lines', () => {
  it('is one call with the usage of its last line, also where that is smaller or the clock stood still or went back', async () => {
    for (const [second, third, parents] of [
      [5, 6, ['u1', 'u1', 'u1']],
      [4, 4, ['u1', 'u1', 'u1']],
      [3, 2, ['u1', 'u1', 'u1']],
      [3, 2, ['u1', 'a1', 'a2']],
      [9, 5, ['u1', 'a1', 'a2']],
    ] as const) {
      const line = (index: number, at: number, output: number): string =>
        answerLine({ uuid: `a${index + 1}`, parent: parents[index] ?? null, at, id: 'msg_1', output });
      const { calls, messages } = await read(QUESTION, line(0, 4, 2), line(1, second, 90), line(2, third, 30));
      expect(calls.map(({ usage }) => usage?.output)).toEqual([30]);
      expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant']);
      expect(messages[1]?.parts).toHaveLength(3);
    }
  });

  it('does not begin again when its first line is there again', async () => {
    const first = answerLine({ uuid: 'a1', parent: 'u1', at: 4, id: 'msg_1', output: 2 });
    const last = answerLine({ uuid: 'a2', parent: 'a1', at: 6, id: 'msg_1', output: 90 });
    expect((await read(QUESTION, first, last, first)).calls[0]).toMatchObject({
      usage: { output: 90 },
      atMs: 1772359206000,
    });
  });

  it('took from the line that it answers, whatever kind of line that is, to its own last line', async () => {
    const attachment = userLine({ uuid: 'x1', parent: 'u1', at: 10 }).replace('"type":"user"', '"type":"attachment"');
    const { calls } = await read(
      QUESTION,
      attachment,
      answerLine({ uuid: 'a1', parent: 'x1', at: 14, id: 'msg_1' }),
      answerLine({ uuid: 'a2', parent: 'a1', at: 19, id: 'msg_1' }),
    );
    expect(Number(calls[0]?.atMs) - Number(calls[0]?.askedAtMs)).toBe(9000);
  });

  it('is told apart from another answer with the same made-up id by its request, but an id of the provider is enough', async () => {
    const line = (uuid: string, id: string, requestId: string): string =>
      answerLine({ uuid, parent: 'u1', at: 1, id, more: { requestId } });
    const { calls } = await read(
      QUESTION,
      line('a1', 'chatcmpl', 'req_1'),
      line('a2', 'chatcmpl', 'req_2'),
      line('a3', 'msg_1', 'req_3'),
      line('a4', 'msg_1', 'req_4'),
    );
    expect(calls.map(({ callId }) => callId).toSorted()).toEqual(['chatcmpl:req_1', 'chatcmpl:req_2', 'msg_1']);
  });
});

describe('an answer for which another model had to step in', () => {
  it("is that model's, and what the first one used is told beside it", async () => {
    const iteration = (model: string, type: string, output_tokens: number): object => ({
      type,
      model,
      input_tokens: 10,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      output_tokens,
    });
    const line = JSON.parse(answerLine({ uuid: 'a1', parent: 'u1', at: 1, id: 'msg_1', output: 5 }));
    line.message.usage.iterations = [
      iteration('claude-opus-4-8', 'message', 3),
      iteration('claude-sonnet-4-5-20250929', 'fallback_message', 5),
    ];
    const { calls } = await read(QUESTION, JSON.stringify(line));
    expect(calls).toMatchObject([{ usage: { output: 5 }, model: 'claude-sonnet-4-5-20250929' }]);
    expect(calls[0]?.besides.map(({ model, usage }) => [model, usage.output])).toEqual([['claude-opus-4-8', 3]]);
  });
});

describe('the lines of an answer', () => {
  it('say the same in whatever order they stand in the file', async () => {
    const lines = [2, 90, 30].map((output, index) =>
      answerLine({ uuid: `a${index}`, parent: index ? `a${index - 1}` : 'u1', at: index + 4, id: 'msg_1', output }),
    );
    const whole = await read(QUESTION, ...lines);
    for (const order of ['021', '102', '120', '201', '210']) {
      const shuffled = [...order].map((digit) => lines[Number(digit)] ?? '');
      expect(await read(QUESTION, ...shuffled)).toEqual(whole);
    }
  });
});

describe('an answer that another model ended than began it', () => {
  const line = (uuid: string, at: number, model: string, output: number): string =>
    answerLine({ uuid, parent: uuid === 'a1' ? 'u1' : 'a1', at, id: 'msg_1', output, model });

  it.each([
    ['claude-opus-4-8', 'claude-sonnet-4-5-20250929'],
    ['claude-sonnet-4-5-20250929', 'claude-opus-4-8'],
  ])('asked of %s is that of %s, in one file or in two, whichever comes first', async (asked, answered) => {
    const [first, last] = [line('a1', 4, asked, 2), line('a2', 6, answered, 90)];
    const parts = [await read(QUESTION, first), await read(last)] as const;
    for (const document of [
      await read(QUESTION, first, last),
      await read(QUESTION, last, first),
      await read(QUESTION, first, line('a2', 4, answered, 90)),
      uniteDocuments(parts[0], parts[1]),
      uniteDocuments(parts[1], parts[0]),
    ]) {
      expect(document.calls).toMatchObject([{ model: answered, usage: { output: 90 } }]);
    }
  });

  it('costs what its last line says, also when only that tells that it was served fast', async () => {
    const served = (uuid: string, at: number, more: object): string => {
      const value = JSON.parse(line(uuid, at, 'claude-opus-4-8', at));
      Object.assign(value.message.usage, { service_tier: 'standard', ...more });
      return JSON.stringify(value);
    };
    const { calls } = await read(QUESTION, served('a1', 4, {}), served('a2', 6, { speed: 'fast' }));
    expect(calls).toMatchObject([{ serviceTier: 'fast' }]);
  });
});

describe('a copy of lines', () => {
  it('under a new session is a session of its own with the same calls, and knows its parent', async () => {
    const more = { forkedFrom: { sessionId: 's', messageUuid: 'a1' } };
    const { documents } = await readText(
      [
        QUESTION,
        answerLine({ uuid: 'a1', parent: 'u1', at: 2, id: 'msg_1' }),
        userLine({ uuid: 'u1', session: 'fork', more }),
        answerLine({ uuid: 'a1', parent: 'u1', at: 2, id: 'msg_1', session: 'fork', more }),
        answerLine({ uuid: 'a2', parent: 'a1', at: 9, id: 'msg_2', session: 'fork' }),
      ].join('\n'),
    );
    expect(documents.map(({ sessionId, parentSessionId }) => [sessionId, parentSessionId])).toEqual([
      ['s', null],
      ['fork', 's'],
    ]);
    expect(documents.map(({ calls }) => calls.map(({ callId }) => callId))).toEqual([['msg_1'], ['msg_1', 'msg_2']]);
  });
});

describe('what is no message', () => {
  it.each([
    ['a caveat', userLine({ uuid: 'x', more: { isMeta: true } })],
    ['a summary of what was compacted', userLine({ uuid: 'x', more: { isCompactSummary: true } })],
    ['a summary of another session', '{"type":"summary","summary":"About","leafUuid":"l"}'],
    ['a snapshot of files', '{"type":"file-history-snapshot","messageId":"m","snapshot":{}}'],
    ['a word to the queue', '{"type":"queue-operation","operation":"enqueue","sessionId":"s","content":"x"}'],
    ['a kind that is not known yet', '{"type":"something-new","sessionId":"s","uuid":"x"}'],
  ])('is %s', async (_name, line) => {
    expect((await read(line, QUESTION)).messages.map(({ messageId }) => messageId)).toEqual(['u1']);
  });
});

describe('a tool', () => {
  const use = (blocks: readonly object[]): string =>
    answerLine({ uuid: 'a1', parent: 'u1', at: 1, id: 'msg_1', blocks });

  it.each([
    [
      "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. …)",
      'refused',
      'refused_by_user',
    ],
    ["The user doesn't want to take this action right now. STOP what you are doing", 'refused', 'refused_by_user'],
    ['[Request interrupted by user for tool use]', 'refused', 'refused_by_user'],
    ['Permission to use Bash with command rm has been denied.', 'refused', 'refused_by_user'],
    ["Claude requested permissions to write to /x, but you haven't granted it yet.", 'refused', 'refused_by_user'],
    ['Exit code 137\n[Request interrupted by user for tool use]\nbuilding', 'refused', 'refused_by_user'],
    ['half\n<error>Command was aborted before completion</error>', 'refused', 'refused_by_user'],
    ['<error>Command was aborted before completion</error>\nCommand running in …', 'refused', 'refused_by_user'],
    ['The agent proposed a plan that was rejected by the user. Rejected plan:\n# A', 'refused', 'refused_by_user'],
    ['This command requires approval', 'refused', 'refused_by_program'],
    [
      'This Bash command contains multiple operations. The following part requires approval: rm x',
      'refused',
      'refused_by_program',
    ],
    [
      'This PowerShell command contains multiple operations. The following parts require approval: rm x, rm y',
      'refused',
      'refused_by_program',
    ],
    ['Exit code 127\ncommand not found', 'failed', 'exit_code_127'],
    ['Exit code 137\nKilled', 'failed', 'exit_code_137'],
    ['Exit code 1\nit printed: [Request interrupted by user]', 'failed', 'exit_code_1'],
    ['Exit code 1\ngrep: <error>Command was aborted before completion</error> in log', 'failed', 'exit_code_1'],
    ['Command timed out after 2m 0.0s\n<error>Command was aborted before completion</error>', 'failed', null],
    ['Exit code 1\nThis command requires approval', 'failed', 'exit_code_1'],
    ['<tool_use_error>InputValidationError: Read failed</tool_use_error>', 'failed', 'InputValidationError'],
    ['<tool_use_error>File does not exist.</tool_use_error>', 'failed', 'tool_use_error'],
    ['Request failed with status code 404', 'failed', '404'],
    ['MCP error -32602: Invalid arguments', 'failed', '-32602'],
    ["It said: the user doesn't want to proceed with this tool use", 'failed', null],
  ])('whose error is %j is %s', async (text, status, type) => {
    const { tools } = await read(
      QUESTION,
      use([toolUse('t1')]),
      resultLine({ uuid: 'r1', parent: 'a1', at: 3, tool: 't1', text, isError: true }),
    );
    expect(tools).toMatchObject([{ status, error: { type } }]);
  });

  it.each([
    ['user-rejected', 'The answer was no.', 'refused_by_user'],
    ['interrupted', 'Exit code 130', 'refused_by_user'],
    ['permission-rule', 'File is in a denied folder.', 'refused_by_program'],
    ['permission-rule', 'PreToolUse:Read hook error: no secrets', 'refused_by_hook'],
    ['user-rejected', 'This command requires approval', 'refused_by_program'],
    ['automode-unavailable', 'The classifier gave no verdict', 'refused_by_program'],
    ['cancelled', 'Not run', 'cancelled'],
    ['a-kind-to-come', 'Not run', 'refused_by_program'],
  ])('that did not run for the reason %j, with the result %j, is %s', async (toolDenialKind, text, type) => {
    const shape = { uuid: 'r1', parent: 'a1', at: 3, tool: 't1', text };
    const { tools } = await read(
      QUESTION,
      use([toolUse('t1')]),
      resultLine({ ...shape, isError: true, more: { toolDenialKind } }),
    );
    expect(tools).toMatchObject([{ status: 'refused', error: { type } }]);
    const fine = await read(QUESTION, use([toolUse('t1')]), resultLine({ ...shape, more: { toolDenialKind } }));
    expect(fine.tools).toMatchObject([{ status: 'ok', error: null }]);
  });

  it('that only prints the words of a refusal worked', async () => {
    const text = "The user doesn't want to proceed with this tool use.";
    const { tools } = await read(
      QUESTION,
      use([toolUse('t1')]),
      resultLine({ uuid: 'r1', parent: 'a1', at: 3, tool: 't1', text }),
    );
    expect(tools).toMatchObject([{ status: 'ok', error: null, result: text }]);
  });

  it('keeps its arguments, in whatever order they are written, under one hash', async () => {
    const { tools } = await read(
      QUESTION,
      use([
        toolUse('t1', 'Grep', { a: 1, b: { c: 2, d: 3 } }),
        toolUse('t2', 'Grep', { b: { d: 3, c: 2 }, a: 1 }),
        toolUse('t3', 'Grep', { a: 2 }),
      ]),
    );
    expect(tools.map(({ toolCallId, callId, argumentCount }) => [toolCallId, callId, argumentCount])).toEqual([
      ['t1', 'msg_1', 2],
      ['t2', 'msg_1', 2],
      ['t3', 'msg_1', 1],
    ]);
    expect(new Set(tools.map(({ argumentsHash }) => argumentsHash)).size).toBe(2);
  });

  it('without a result is pending; a result without its call waits for it under no name', async () => {
    const call = await read(QUESTION, use([toolUse('t1')]));
    const result = await read(resultLine({ uuid: 'r1', parent: 'a1', at: 3, tool: 't1' }));
    expect([call.tools[0]?.status, result.tools[0]?.name]).toEqual(['pending', 'unknown']);
    expect(uniteDocuments(result, call).tools).toMatchObject([
      { name: 'Bash', status: 'ok', callId: 'msg_1', result: 'done' },
    ]);
  });

  it('tells when it began where the program wrote down how long it worked', async () => {
    const { tools } = await read(
      QUESTION,
      use([toolUse('t1', 'Glob')]),
      resultLine({ uuid: 'r1', parent: 'a1', at: 3, tool: 't1', more: { toolUseResult: { durationMs: 250 } } }),
    );
    expect(Number(tools[0]?.endedAtMs) - Number(tools[0]?.startedAtMs)).toBe(250);
  });
});

describe('a call that failed', () => {
  it('is one that the program repeated, by its status, and one that it gave up on', async () => {
    const attempt = userLine({
      uuid: 'e1',
      parent: 'u1',
      at: 2,
      more: {
        type: 'system',
        subtype: 'api_error',
        error: { status: 529, error: { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } } },
      },
    });
    const given = answerLine({
      uuid: 'a1',
      parent: 'e1',
      at: 9,
      id: '00000000-gave-up',
      output: 0,
      input: 0,
      model: '<synthetic>',
      blocks: [{ type: 'text', text: 'API Error: 429 {"type":"error","error":{"type":"rate_limit_error"}}' }],
      more: { isApiErrorMessage: true },
    });
    const { calls } = await read(QUESTION, attempt, given);
    expect(calls.map(({ status, error, usage }) => [status, error?.type, usage?.input])).toEqual([
      ['failed', '529', 0],
      ['failed', '429', 0],
    ]);
  });

  it.each<[string, object]>([
    ['ECONNRESET', { message: 'Connection error.', connection: { code: 'ECONNRESET', message: 'reset' } }],
    ['429', { message: '429 {"type":"error","error":{"type":"rate_limit_error"}}' }],
    ['529', { message: 'overloaded', status: 529, formatted: 'overloaded', connection: null }],
  ])('is told by %s also as newer versions write it', async (type, error) => {
    const more = { type: 'system', subtype: 'api_error', error, retryAttempt: 1, maxRetries: 10 };
    const { calls } = await read(QUESTION, userLine({ uuid: 'e1', parent: 'u1', at: 2, more }));
    expect(calls.map((call) => [call.status, call.error?.type])).toEqual([['failed', type]]);
  });

  it.each([
    ['429', 'You have hit your limit', { apiErrorStatus: 429, error: 'rate_limit' }],
    ['401', 'Please run /login · API Error: 401 expired', { error: 'authentication_failed' }],
    ['billing_error', 'Credit balance is too low', { error: 'billing_error' }],
  ])('and was given up is told by %s: %s', async (type, text, more) => {
    const blocks = [{ type: 'text', text }];
    const { calls } = await read(
      QUESTION,
      answerLine({
        ...{ uuid: 'a1', parent: 'u1', at: 2, id: 'gave-up', model: '<synthetic>', blocks, output: 0, input: 0 },
        more: { isApiErrorMessage: true, ...more },
      }),
    );
    expect(calls.map((call) => [call.status, call.error?.type])).toEqual([['failed', type]]);
  });

  it('is none where the program only speaks itself', async () => {
    const { calls, messages } = await read(
      QUESTION,
      answerLine({ uuid: 'a1', parent: 'u1', id: 'x', model: '<synthetic>', at: 1 }),
    );
    expect([calls.length, messages.length]).toEqual([0, 2]);
  });
});

describe('a turn', () => {
  it('is not complete when the user broke it off, or the model ran out of room', async () => {
    const { messages } = await read(
      QUESTION,
      answerLine({ uuid: 'a1', parent: 'u1', at: 1, id: 'msg_1' }),
      userLine({ uuid: 'i1', parent: 'a1', at: 2, text: '[Request interrupted by user]' }),
      answerLine({ uuid: 'a2', parent: 'i1', at: 3, id: 'msg_2', stopReason: 'max_tokens' }),
      answerLine({ uuid: 'a3', parent: 'a2', at: 4, id: 'msg_3', stopReason: 'end_turn' }),
    );
    const assistant = messages.filter(({ role }) => role === 'assistant');
    expect(assistant.map(({ isComplete }) => isComplete)).toEqual([false, false, true]);
  });

  it('is broken off where its line says so, whatever the interruption follows on', async () => {
    const { messages } = await read(
      userLine({ uuid: 'u', text: 'go' }),
      answerLine({ uuid: 'a', parent: 'u', id: 'msg_a', at: 1, more: { isAbortedMidStream: true } }),
      userLine({ uuid: 'i', parent: 'u', at: 2, text: '[Request interrupted by user]' }),
    );
    expect(messages.find(({ role }) => role === 'assistant')?.isComplete).toBe(false);
  });

  it('keeps the beginning of its text, and the length and weight of the whole', async () => {
    const text = 'a word '.repeat(2000);
    const { messages } = await read(
      QUESTION,
      answerLine({ uuid: 'a1', at: 1, id: 'msg_1', blocks: [{ type: 'text', text }] }),
    );
    expect([messages[1]?.text.length, messages[1]?.characters]).toEqual([4096, 14_000]);
    expect(messages[1]?.estimatedTokens).toBeGreaterThan(2500);
  });
});

describe('who answered', () => {
  it.each([
    ['claude-sonnet-4-5-20250929', 'msg_01', 'anthropic'],
    ['claude-sonnet-4-5-20250929', 'msg_bdrk_01', 'aws.bedrock'],
    ['converse/jp.anthropic.claude-haiku-4-5-20251001-v1:0', 'x', 'aws.bedrock'],
    ['claude-sonnet-4-5@20250929', 'msg_vrtx_01', 'gcp.vertex_ai'],
    ['glm-4.6', 'msg_x', null],
  ])('%s with the id %s is %s', async (model, id, provider) => {
    const { calls } = await read(QUESTION, answerLine({ uuid: 'a1', at: 1, id, model }));
    expect(calls).toMatchObject([{ model, provider }]);
  });
});

describe('a subagent', () => {
  it('is named by its lines, else by its file, and is part of the session of its parent', async () => {
    const side = { isSidechain: true };
    const named = userLine({ uuid: 'x1', more: { ...side, agentId: 'abc' } });
    const unnamed = userLine({ uuid: 'x2', more: side });
    const {
      documents: [document],
    } = await readText([named, unnamed].join('\n'), { fileName: '/some/where/agent-def.jsonl' });
    expect(document?.messages.map(({ subagent }) => subagent)).toEqual(['abc', 'def']);
    const { messages } = await read(unnamed);
    expect(messages[0]?.subagent).toBe('sidechain');
  });

  it('that speaks in the progress of its tool counts like in a file of its own', async () => {
    const inner = JSON.parse(answerLine({ uuid: 'p1', at: 4, id: 'msg_9', output: 5 }));
    const { type, message, uuid, timestamp } = inner;
    const progress = userLine({
      uuid: 'x1',
      at: 4,
      more: {
        type: 'progress',
        data: { type: 'agent_progress', agentId: 'abc', message: { type, message, uuid, timestamp } },
      },
    });
    const { calls } = await read(QUESTION, progress);
    expect(calls).toMatchObject([{ callId: 'msg_9', subagent: 'abc', usage: { output: 5 } }]);
  });
});

describe('what a session began with', () => {
  it('is what its earliest line says, wherever that stands in the file', async () => {
    const at = (second: number, cwd: string): string => userLine({ uuid: `u${second}`, at: second, more: { cwd } });
    const orders: readonly (readonly string[])[] = [
      [at(5, '/a'), at(1, '/a'), at(3, '/b')],
      [at(5, '/a'), at(3, '/b'), at(1, '/a'), at(2, '/b')],
      [at(3, '/b'), at(4, '/b'), at(1, '/a'), at(9, '/a')],
    ];
    for (const lines of orders) {
      const { facts, factTimes } = await read(...lines);
      expect([facts.cwd, factTimes?.cwd]).toEqual(['/a', Date.parse('2026-03-01T10:00:01.000Z')]);
    }
  });
});
