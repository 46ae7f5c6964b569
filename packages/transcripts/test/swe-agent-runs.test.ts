import type { SessionDocument } from '@tracepost/contracts';
import { describe, expect, it } from 'vitest';
import { readText } from './bytes.ts';

async function one(value: unknown): Promise<SessionDocument> {
  const { format, documents, skipped } = await readText(JSON.stringify(value, null, 2));
  expect([format, documents.length, skipped]).toEqual(['swe-agent', 1, []]);
  return documents[0] as SessionDocument;
}

/** As version 1 writes it, where the state is an object. */
const step = (action: string, observation: string, more: object = {}): object => ({
  action,
  observation,
  response: `I run ${action}`,
  thought: `I run ${action}`,
  execution_time: 0.2,
  state: { working_dir: '/w' },
  query: [{ role: 'system', content: 'x' }],
  extra_info: {},
  ...more,
});
const notRun = { execution_time: 0, state: {} };
const ended = (response: string, more: object = {}): object =>
  step('', '', { response, thought: response, query: [{}], ...notRun, ...more });
const stats = (api_calls: number): object => ({
  model_stats: { instance_cost: 0.25, tokens_sent: 1000, tokens_received: 50, api_calls },
});
const toolsOf = ({ tools }: SessionDocument): readonly string[] => tools.map(({ name, status }) => `${name} ${status}`);

describe('a run of SWE-agent that ended otherwise than by its own will', () => {
  it.each([
    ['of cost', 'Exit due to cost limit', 'submitted (exit_cost)'],
    ['of context', 'Exit due to context window', 'exit_context'],
    ['of its service', 'Exit due to retry error: RetryError[x]', 'exit_api'],
    ['of giving up', 'Exiting due to forfeit', 'exit_forfeit'],
  ])('because %s has no answer of a model in its last step', async (_name, said, exit_status) => {
    const observation = 'Exited (autosubmitted)';
    const session = await one({
      trajectory: [step('ls', 'a.py'), ended(said, { observation })],
      history: [],
      info: { ...stats(1), exit_status },
    });
    expect(session).toMatchObject({ calls: [{}], outcome: { succeeded: false, detail: exit_status } });
    expect(session.calls).toHaveLength(1);
    expect(session.messages.map(({ role }) => role)).toEqual(['assistant', 'tool']);
  });

  it('has the command that version 0 gave itself, of no answer', async () => {
    const exit = { response: 'exit due to runtime error: x', thought: 'Exit due to runtime error: x' };
    const session = await one({
      trajectory: [step('ls\n', 'a.py'), step('exit_error', 'Exited (autosubmitted)', { ...exit, state: '{}' })],
      history: [],
      info: {},
    });
    expect(session.tools.map(({ name, callId }) => [name, callId !== null])).toEqual([
      ['bash', true],
      ['exit_error', false],
    ]);
    expect(session.calls).toHaveLength(1);
  });

  it('at once, before any answer, is another than that of another task', async () => {
    const of = (task: string): Promise<SessionDocument> =>
      one({
        trajectory: [ended('Exit due to context window')],
        history: [{ role: 'user', content: task, agent: 'main' }],
        info: { exit_status: 'exit_context' },
      });
    const [first, again, other] = [await of('Fix a'), await of('Fix a'), await of('Fix b')];
    expect([first.calls, first.title, again.sessionId]).toEqual([[], 'Fix a', first.sessionId]);
    expect(other.sessionId).not.toBe(first.sessionId);
    const { documents, skipped } = await readText(JSON.stringify({ trajectory: [], history: [], info: {} }));
    expect([documents, skipped]).toEqual([[], [{ line: 1, reason: expect.stringMatching(/no step/) }]]);
  });

  it('keeps an answer that talks of an exit, and one that was refused for its form', async () => {
    const session = await one({
      trajectory: [
        step('echo exit', '', { response: 'exit due to rain' }),
        ended('I only think.'),
        step('exit_format', 'Exited', { response: 'I still think.', thought: 'Exit due to format error' }),
      ],
      history: [],
      info: stats(4),
    });
    expect(session.calls).toHaveLength(3);
    expect(session.reportedTotals).toMatchObject({ modelCalls: 4 });
  });
});

describe('an action of SWE-agent', () => {
  it('that was not let run is no failure, and none that ran without a word', async () => {
    const session = await one({
      trajectory: [step('vim a.py', '', notRun), step('rm a.py', ''), step('cat a.py', 'text')],
      history: [],
      info: stats(3),
    });
    expect(toolsOf(session)).toEqual(['bash refused', 'bash ok', 'bash ok']);
    expect(session.messages.map(({ role }) => role)).toEqual([
      'assistant',
      ...['assistant', 'tool'],
      ...['assistant', 'tool'],
    ]);
  });

  it('goes by the name of the function that the model called', async () => {
    const call = (name: string): object => ({ id: 'call-1', type: 'function', function: { name, arguments: '{}' } });
    const session = await one({
      trajectory: [step('look_around --far', 'a'), step('look_aroundish', 'b'), step('ls', 'c')],
      history: [
        { role: 'assistant', content: 'x', agent: 'main', tool_calls: [call('look_around')] },
        { role: 'assistant', content: 'x', agent: 'main', tool_calls: [call('bash')] },
      ],
      info: stats(3),
    });
    expect(toolsOf(session)).toEqual(['look_around ok', 'bash ok', 'bash ok']);
  });

  it.each([
    'No replacement was performed, old_str `x` was not there.',
    'The path /w/a.py does not exist. Give another.',
    'File already exists at: /w/a.py. Cannot overwrite it.',
    'Invalid `view_range`: [9, 1]. So it is.',
    'Parameter `old_str` is required for command: str_replace',
    'Your edit was not applied (no change): Text not found',
    'usage: str_replace_editor [-h] command path\nstr_replace_editor: error: argument command: no',
  ])('failed where its observation is %j', async (observation) => {
    const quoted = step('cat log', `It says: ${observation}`);
    const session = await one({
      trajectory: [step('str_replace_editor view /w/a.py', observation), quoted],
      history: [],
      info: stats(2),
    });
    expect(session.tools.map(({ status }) => status)).toEqual(['failed', 'ok']);
  });

  it.each([
    'The path to a fix in one step does not exist, says this page.',
    'The parent directory of what you named does not exist in most setups.',
  ])('did not fail where its observation is %j', async (observation) => {
    const session = await one({ trajectory: [step('cat notes.md', observation)], history: [], info: stats(1) });
    expect(session.tools.map(({ status }) => status)).toEqual(['ok']);
  });
});

describe('a run of SWE-agent in several attempts', () => {
  const attempt = (api_calls: number, ...trajectory: readonly object[]): object => ({
    trajectory,
    history: [
      { role: 'system', content: 'You are an agent.', agent: 'main' },
      { role: 'user', content: 'Fix the bug', agent: 'main' },
    ],
    info: { ...stats(api_calls), exit_status: 'submitted' },
    replay_config: JSON.stringify({ agent: { agent_configs: [{ model: { name: 'gpt-4o' } }] } }),
  });
  const attempts = [attempt(2, step('ls', 'a.py'), step('submit', 'diff')), attempt(1, step('submit', 'other'))];

  it('has what was done in all of them, once, and the sums of the whole', async () => {
    const chosen = { ...attempts[1], info: { ...stats(7), exit_status: 'submitted' } };
    const session = await one({ attempts, ...chosen });
    expect(session.tools.map(({ name, subagent }) => [name, subagent])).toEqual([
      ['bash', null],
      ['submit', null],
      ['submit', 'attempt-2'],
    ]);
    expect(session).toMatchObject({
      title: 'Fix the bug',
      outcome: { succeeded: true },
      reportedTotals: { modelCalls: 7, usage: { input: 1000, output: 50 }, costUsd: '0.25' },
    });
    expect(session.calls.map(({ model }) => model)).toEqual(['gpt-4o', 'gpt-4o', 'gpt-4o']);
    expect(session.messages.filter(({ role }) => role === 'user')).toHaveLength(1);
  });

  it('of which none was chosen yet, has the sums of its attempts', async () => {
    const session = await one({ attempts });
    expect(session.calls).toHaveLength(3);
    expect(session.reportedTotals).toMatchObject({
      modelCalls: 3,
      usage: { input: 2000, output: 100 },
      costUsd: '0.5',
    });
  });
});
