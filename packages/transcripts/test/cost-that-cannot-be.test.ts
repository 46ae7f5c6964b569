import { describe, expect, it } from 'vitest';
import type { Reading } from '../src/index.ts';
import { readText } from './bytes.ts';
import { answerLine, QUESTION, toolUse } from './claude-lines.ts';

const at = (seconds: number): string => new Date(Date.parse('2026-02-01T10:00:00Z') + seconds * 1000).toISOString();
const lines = (...values: readonly object[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('');

const usage = { prompt_tokens: 10, completion_tokens: 7 };
const CALL = 'call_Xb3nQ7sLw9KfTz0aM1';
const asked = [{ id: CALL, type: 'function', function: { name: 'bash', arguments: '{}' } }];
const message = { role: 'assistant', content: 'I look.', tool_calls: asked };
const response = { id: 'answer-1', model: 'gpt-5', choices: [{ finish_reason: 'tool_calls', message }], usage };

const claude = (costUSD: unknown): string => {
  const blocks = [toolUse(CALL, 'Bash', {})];
  return `${QUESTION}\n${answerLine({ uuid: 'a1', parent: 'u1', at: 1, id: 'msg_1', blocks, more: { costUSD } })}\n`;
};
const pi = (total: unknown): string =>
  lines(
    { type: 'session', id: 's1', timestamp: at(0), cwd: '/w' },
    {
      ...{ type: 'message', id: 'e1', timestamp: at(1) },
      message: {
        ...{
          role: 'assistant',
          provider: 'openai',
          model: 'gpt-5',
          stopReason: 'toolUse',
          timestamp: Date.parse(at(0)),
        },
        content: [{ type: 'toolCall', id: CALL, name: 'bash', arguments: {} }],
        usage: { input: 10, output: 7, cacheRead: 0, cacheWrite: 0, cost: { total } },
      },
    },
  );
const mini = (cost: unknown): string =>
  JSON.stringify({
    info: { mini_version: '2.0.0' },
    messages: [
      { role: 'user', content: 'x' },
      { ...message, extra: { response, cost } },
    ],
  });
const trajectory = (instance_cost: unknown): string =>
  JSON.stringify({
    trajectory: [{ action: 'ls', observation: 'a', response: 'I look.', thought: 'I look.' }],
    info: { model_stats: { instance_cost, tokens_sent: 10, tokens_received: 7, api_calls: 1 } },
  });
const log = (cost: unknown): string =>
  JSON.stringify({ messages: [{ role: 'user', content: 'x' }], response, latency_sec: 2, cost });
const stats = (cost: unknown): string =>
  lines(
    { id: 0, timestamp: at(0), source: 'user', action: 'message', args: { content: 'x' } },
    {
      ...{ id: 1, timestamp: at(1), source: 'agent', action: 'run', args: {} },
      tool_call_metadata: { tool_call_id: CALL, function_name: 'bash', model_response: response },
      llm_metrics: { costs: [{ cost }], token_usages: [{ ...usage, response_id: 'answer-1' }], accumulated_cost: 0 },
    },
  );
const told = (cost: unknown): string =>
  lines(
    { id: 'e-0', timestamp: at(0), source: 'user', kind: 'MessageEvent', llm_message: { content: 'x' } },
    {
      ...{ id: 'e-1', timestamp: at(1), source: 'agent', kind: 'ActionEvent', tool_name: 'bash', tool_call_id: CALL },
      llm_response_id: 'answer-1',
    },
    {
      ...{ id: 'e-2', timestamp: at(2), source: 'environment', kind: 'LLMCompletionLogEvent' },
      log_data: JSON.stringify({ response, cost }),
    },
  );
const simulation = (cost: unknown): string =>
  JSON.stringify({
    info: { user_info: {}, agent_info: { llm: 'gpt-5' } },
    simulations: [
      {
        id: 'run-1',
        task_id: '1',
        messages: [
          { role: 'user', content: 'x' },
          { ...message, usage, cost },
        ],
      },
    ],
  });

describe('a reported cost that cannot be takes nothing else away', () => {
  describe.each<[string, number, (cost: unknown) => string]>([
    ['Claude Code', 2, claude],
    ['pi', 2, pi],
    ['mini-swe-agent', 2, mini],
    ['SWE-agent', 1, trajectory],
    ['a log of OpenHands', 1, log],
    ['the sums of OpenHands', 2, stats],
    ['a log inside of an event of OpenHands', 3, told],
    ['the second version of tau-bench', 1, simulation],
  ])('in %s', (_name, line, content) => {
    it.each([-1, 1e300, '0.5', [1], { toString: 1 }])('(%j)', async (cost) => {
      const right = await readText(content(0.5));
      const wrong = await readText(content(cost));
      expect([right.skipped, costs(right)]).toEqual([[], 0.5]);
      expect([wrong.skipped, costs(wrong)]).toEqual([
        [{ line, reason: expect.stringMatching(/the cost .* cannot be/) }],
        0,
      ]);
      expect(rest(wrong)).toEqual(rest(right));
      expect(right.documents[0]?.tools).toHaveLength(1);
    });
  });
});

function costs({ documents }: Reading): number {
  const calls = documents.flatMap((document) => document.calls.map(({ reportedCostUsd }) => Number(reportedCostUsd)));
  return [...calls, ...documents.map(({ reportedTotals }) => Number(reportedTotals?.costUsd ?? 0))].reduce(
    (a, b) => a + b,
    0,
  );
}

/** All but the cost; ids of calls may be made of what was told of them. */
function rest({ documents }: Reading): readonly object[] {
  return documents.map(({ messages, tools, calls, reportedTotals }) => ({
    messages: messages.map(({ role, text }) => [role, text]),
    tools: tools.map(({ name, status }) => [name, status]),
    calls: calls.map(({ model, usage: used, atMs }) => [model, used, atMs]),
    sums: [reportedTotals?.usage ?? null, reportedTotals?.modelCalls ?? null],
  }));
}
