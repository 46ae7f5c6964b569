import { describe, expect, it } from 'vitest';
import { readText } from './bytes.ts';

const at = (second: number): string => `2026-02-01T10:00:${String(second).padStart(2, '0')}.500000`;
const usage = { prompt_tokens: 900, completion_tokens: 40 };
const hello = { role: 'assistant', content: 'Hi!', timestamp: at(0), cost: 0, usage: null, raw_data: null };
const question = { role: 'user', content: 'Where is W1?', timestamp: at(1), cost: 0.001, usage };
const answer = (more: object): object => ({
  role: 'assistant',
  content: 'There.',
  timestamp: at(3),
  cost: 0.02,
  usage,
  ...more,
});
const run = (messages: readonly object[] | null, more: object = {}): object => ({
  ...{ id: 'run-1', task_id: '12', timestamp: at(9), start_time: at(0), end_time: at(9), duration: 9 },
  ...{ termination_reason: 'user_stop', agent_cost: 0.07, reward_info: { reward: 1 }, messages, trial: 0, ...more },
});
const about = {
  info: {
    user_info: { implementation: 'user_simulator' },
    agent_info: { implementation: 'llm_agent', llm: 'openai/gpt-4.1' },
    environment_info: { domain_name: 'retail' },
  },
  tasks: [],
};
const results = (...simulations: readonly object[]): string =>
  JSON.stringify({ timestamp: at(0), ...about, simulations });

describe('runs of the second version of tau-bench', () => {
  it('can lie in files of their own, beside a file that only lists them', async () => {
    const messages = [hello, question, answer({})];
    const whole = await readText(results(run(messages)));
    const { format, documents, skipped } = await readText(JSON.stringify(run(messages), null, 2));
    expect([format, skipped]).toEqual(['tau-bench', []]);
    expect(documents).toMatchObject([{ sessionId: 'tau2-bench-run-1', outcome: { succeeded: true } }]);
    expect(documents[0]?.messages).toHaveLength(3);
    expect(documents[0]?.calls).toMatchObject([{ usage: { input: 900, output: 40 }, reportedCostUsd: '0.02' }]);
    expect(documents[0]?.messages).toEqual(whole.documents[0]?.messages);
    const list = await readText(JSON.stringify({ ...about, simulation_index: [{ id: 'run-1' }] }));
    expect(list.documents).toEqual([]);
    expect(list.skipped).toEqual([{ line: 1, reason: expect.stringMatching(/simulations/) }]);
  });

  it('by voice have their outcome and cost, and are named', async () => {
    const { documents, skipped } = await readText(results(run(null, { ticks: [{ tick_id: 0 }, { tick_id: 1 }] })));
    expect(documents).toMatchObject([{ outcome: { succeeded: true }, reportedTotals: { costUsd: '0.07' }, calls: [] }]);
    expect(skipped).toEqual([{ line: 1, reason: expect.stringMatching(/voice/) }]);
  });

  it.each([
    ['its only choice', { finish_reason: 'tool_calls', index: 0, message: {} }, 'tool_calls'],
    [
      'the words of its provider',
      { id: 'msg_1', stop_reason: 'end_turn', usage: { input_tokens: 900, output_tokens: 40 } },
      'end_turn',
    ],
    ['a usage that says nothing', { usage: { tokens: 3 }, choices: [{ finish_reason: 'stop' }] }, 'stop'],
  ])('keep of an answer %s', async (_, raw_data, stopReason) => {
    const { documents } = await readText(results(run([hello, question, answer({ raw_data })])));
    expect(documents[0]?.calls).toMatchObject([{ stopReason, usage: { input: 900, output: 40 } }]);
  });

  it('that report nothing have their calls all the same, and no call for the greeting', async () => {
    const silent = answer({ usage: null, cost: 0 });
    const { documents } = await readText(
      results(run([hello, question, silent]), run([hello, answer({}), silent], { id: 'run-2' })),
    );
    expect(documents.map(({ calls }) => calls.map((call) => call.usage?.input ?? null))).toEqual([[null], [900]]);
    // Where no price is known it writes zero.
    expect(documents[0]?.calls[0]?.reportedCostUsd).toBeNull();
    expect(documents[0]?.reportedTotals).toMatchObject({ costUsd: '0.07' });
    expect(documents[1]?.reportedTotals).toBeUndefined();
  });

  it('have results of several tools that stand in one message', async () => {
    const tool = (id: string): object => ({ id, name: 'get_order', arguments: {}, requestor: 'assistant' });
    const result = (id: string, error: boolean): object => ({
      id,
      role: 'tool',
      content: id,
      requestor: 'assistant',
      error,
    });
    const together = { role: 'tool', tool_messages: [result('call_1', false), result('call_2', true)] };
    const asked = answer({ content: null, tool_calls: [tool('call_1'), tool('call_2')] });
    const { documents, skipped } = await readText(results(run([hello, question, asked, together])));
    expect(skipped).toEqual([]);
    expect(documents[0]?.tools.map(({ status, result: told }) => [status, told])).toEqual([
      ['ok', 'call_1'],
      ['failed', 'call_2'],
    ]);
  });
});
