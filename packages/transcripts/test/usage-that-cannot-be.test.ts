import { describe, expect, it } from 'vitest';
import type { Reading } from '../src/index.ts';
import { readText } from './bytes.ts';
import { answerLine, QUESTION, resultLine, toolUse } from './claude-lines.ts';
import { countLine, itemLine, metaLine, SELF, saidLine, tokensOf } from './codex-lines.ts';

const AT = Date.parse('2026-02-01T10:00:00Z');
const at = (seconds: number): string => new Date(AT + seconds * 1000).toISOString();
const lines = (...values: readonly (string | object)[]): string =>
  values.map((value) => `${typeof value === 'string' ? value : JSON.stringify(value)}\n`).join('');

const CALL = 'call_Xb3nQ7sLw9KfTz0aM1';
const GIVEN = '{"command":"ls"}';

/** Claude's tools asked for by OpenAI's interface, as LiteLLM gives it. */
const chatCall = { id: CALL, type: 'function', function: { name: 'bash', arguments: GIVEN } };
const chatAnswer = { role: 'assistant', content: 'I look.', tool_calls: [chatCall] };
const chatUsage = (tokens: number): object => ({ prompt_tokens: 10, completion_tokens: tokens });
const completion = (tokens: number): object => ({
  id: 'answer-1',
  model: 'claude-sonnet-4',
  choices: [{ finish_reason: 'tool_calls', message: chatAnswer }],
  usage: chatUsage(tokens),
});

const claude = (tokens: number): readonly string[] => [
  QUESTION,
  answerLine({ uuid: 'a1', parent: 'u1', at: 1, id: 'msg_1', output: tokens, blocks: [toolUse('toolu_1')] }),
  resultLine({ uuid: 'r1', parent: 'a1', at: 2, tool: 'toolu_1' }),
];

const gemini = (tokens: number): readonly object[] => [
  { id: 'u1', timestamp: at(0), type: 'user', content: 'List the files' },
  {
    id: 'g1',
    timestamp: at(1),
    type: 'gemini',
    content: 'I look.',
    model: 'gemini-3-pro',
    tokens: { input: 10, output: tokens, cached: 0, thoughts: 0, tool: 0 },
    toolCalls: [{ id: 'ls-1', name: 'ls', args: {}, status: 'success', timestamp: at(1), result: [] }],
  },
];
const geminiAbout = { sessionId: 'session-1', projectHash: 'hash', startTime: at(0) };

const pi = (tokens: number): readonly object[] => [
  { type: 'session', id: 's1', timestamp: at(0), cwd: '/w' },
  {
    type: 'message',
    id: 'e1',
    timestamp: at(1),
    message: {
      role: 'assistant',
      content: [{ type: 'toolCall', id: CALL, name: 'bash', arguments: {} }],
      provider: 'anthropic',
      model: 'claude-sonnet-4-5',
      usage: { input: 3, output: tokens, cacheRead: 0, cacheWrite: 0 },
      stopReason: 'toolUse',
      timestamp: AT,
    },
  },
];

const mini = (tokens: number): object => ({
  info: { mini_version: '2.0.0', model_stats: { instance_cost: 0, api_calls: 1 } },
  messages: [
    { role: 'user', content: 'List the files' },
    { ...chatAnswer, extra: { response: completion(tokens), cost: 0.01 } },
    { role: 'tool', tool_call_id: CALL, content: 'a.py', extra: { returncode: 0, raw_output: 'a.py' } },
  ],
});

const oldEvents = (tokens: number, total = tokens): readonly object[] => {
  const event = (id: number, fields: object): object => ({ id, timestamp: at(id), ...fields });
  const metadata = { tool_call_id: CALL, function_name: 'bash', model_response: completion(tokens) };
  const llm_metrics = { accumulated_cost: 0.01, accumulated_token_usage: chatUsage(total) };
  const args = { command: 'ls' };
  return [
    event(0, { source: 'user', action: 'message', args: { content: 'List the files' } }),
    event(1, { source: 'agent', action: 'run', args, tool_call_metadata: metadata, llm_metrics }),
    event(2, {
      ...{ source: 'agent', observation: 'run', cause: 1, content: 'a.py', tool_call_metadata: metadata },
      extras: { metadata: { exit_code: 0 } },
    }),
  ];
};

const completionLog = (tokens: number): object => ({
  messages: [{ role: 'user', content: 'List the files' }],
  response: completion(tokens),
  latency_sec: 2,
  cost: 0.01,
});

const simulations = (tokens: number): object => ({
  timestamp: at(0),
  info: {
    num_trials: 1,
    user_info: {},
    agent_info: { implementation: 'llm_agent', llm: 'openai/gpt-4.1' },
    environment_info: { domain_name: 'retail' },
  },
  tasks: [],
  simulations: [
    {
      id: 'run-1',
      task_id: '1',
      messages: [
        { role: 'user', content: 'Where is W1?' },
        { role: 'assistant', content: null, tool_calls: [chatCall], usage: chatUsage(tokens), cost: 0.01 },
      ],
    },
  ],
});

describe('a usage that cannot be takes nothing away of what was said and done', () => {
  it.each<[string, readonly number[], (tokens: number) => string]>([
    ['Claude Code', [2], (tokens) => lines(...claude(tokens))],
    ['Claude Code, in a list that it printed', [2], (tokens) => printed(claude(tokens))],
    ['Gemini CLI', [2], (tokens) => JSON.stringify({ ...geminiAbout, messages: gemini(tokens) })],
    ['Gemini CLI in lines', [3], (tokens) => lines(geminiAbout, ...gemini(tokens))],
    ['pi', [2], (tokens) => lines(...pi(tokens))],
    ['mini-swe-agent', [2], (tokens) => JSON.stringify(mini(tokens))],
    ['OpenHands before version 1', [2, 3], (tokens) => JSON.stringify(oldEvents(tokens))],
    ['OpenHands in lines', [2, 3], (tokens) => lines(...oldEvents(tokens))],
    ['OpenHands in a run of a benchmark', [1, 1], (tokens) => lines(benchmark(tokens))],
    ['a log of OpenHands', [1], (tokens) => JSON.stringify(completionLog(tokens))],
    ['tau-bench', [1], (tokens) => JSON.stringify(simulations(tokens))],
  ])('of %s', async (_name, places, content) => {
    const right = await readText(content(7));
    const wrong = await readText(content(-7));
    expect(right.skipped).toEqual([]);
    expect(usages(right)).toEqual([7]);
    expect(usages(wrong)).toEqual([undefined]);
    expect(told(wrong)).toEqual(told(right));
    expect(told(wrong)[0]).toMatchObject({ tools: [expect.anything()] });
    const reason = expect.stringMatching(/usage cannot be.*-7.*negative/);
    expect(wrong.skipped).toEqual(places.map((line) => ({ line, reason })));
  });

  it('of Codex, where the count stands apart from both', async () => {
    const read = (tokens: number): Promise<Reading> =>
      readText(
        lines(
          metaLine(SELF),
          saidLine('assistant', 'I look.', 1),
          itemLine('function_call', { call_id: CALL, name: 'exec_command', arguments: GIVEN }, 2),
          countLine(tokensOf(10, tokens), tokensOf(10, tokens), 3),
          itemLine('function_call_output', { call_id: CALL, output: 'a.py' }, 4),
        ),
      );
    const [right, wrong] = [await read(7), await read(-7)];
    expect([usages(right), usages(wrong)]).toEqual([[7], [undefined]]);
    expect(told(wrong)).toEqual(told(right));
    expect(wrong.documents[0]?.tools[0]?.callId).toBe(wrong.documents[0]?.calls[0]?.callId);
    expect(wrong.skipped).toEqual([{ line: 4, reason: expect.stringMatching(/negative/) }]);
  });

  it('also where only the sums that stand beside an event are wrong, which counts once', async () => {
    for (const total of [-7, Number.MAX_VALUE]) {
      const { documents, skipped } = await readText(JSON.stringify(oldEvents(7, total)));
      expect(skipped.map(({ line }) => line)).toEqual([2]);
      expect([documents[0]?.calls.length, documents[0]?.tools.length]).toEqual([1, 1]);
      expect(documents[0]?.reportedTotals).toMatchObject({ usage: null, costUsd: '0.01' });
    }
    const both = await readText(JSON.stringify(oldEvents(-7, -7)));
    expect(both.skipped.map(({ line }) => line)).toEqual([2, 3]);
  });

  it('where the sums of a whole run cannot be read, its events can', async () => {
    const run = { ...benchmark(7), metrics: { accumulated_cost: 'much' } };
    const { documents, skipped } = await readText(lines(run));
    expect([documents[0]?.tools.length, skipped.map(({ line }) => line)]).toEqual([1, [1]]);
  });
});

function benchmark(tokens: number): object {
  return { instance_id: 'x-1', test_result: {}, history: oldEvents(tokens, 7), metrics: {} };
}

function printed(written: readonly string[]): string {
  const named = written.map((line) => JSON.parse(line.replace('"sessionId"', '"session_id"')) as object);
  return JSON.stringify(named.map((line) => ('message' in line ? { ...line, message: ended(line.message) } : line)));
}

/** Whole, so that the counts are not those of its beginning. */
function ended(message: unknown): object {
  return { ...(message as object), stop_reason: 'tool_use' };
}

function usages({ documents }: Reading): readonly (number | undefined)[] {
  return documents.flatMap(({ calls }) => calls.map(({ usage }) => usage?.output));
}

/** All but what was used; ids of calls may be made of that. */
function told({ documents }: Reading): readonly object[] {
  return documents.map(({ messages, tools, calls, title, sessionId }) => ({
    ...{ sessionId, title },
    messages: messages.map(({ role, text, atMs, toolCallId, callId }) => [
      role,
      text,
      atMs,
      toolCallId,
      callId !== null,
    ]),
    tools: tools.map(({ toolCallId, name, status, result }) => [toolCallId, name, status, result]),
    calls: calls.map(({ model, atMs, status, stopReason }) => [model, atMs, status, stopReason]),
  }));
}
