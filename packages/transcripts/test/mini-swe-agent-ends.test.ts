import type { SessionDocument } from '@tracepost/contracts';
import { describe, expect, it } from 'vitest';
import { readText } from './bytes.ts';

async function one(value: unknown): Promise<SessionDocument> {
  const { format, documents, skipped } = await readText(JSON.stringify(value, null, 2));
  expect([format, documents.length, skipped]).toEqual(['swe-agent', 1, []]);
  return documents[0] as SessionDocument;
}

const info = (more: object = {}): object => ({
  ...{ exit_status: 'Submitted', submission: 'the patch', mini_version: '1.14.0' },
  model_stats: { instance_cost: 0.03, api_calls: 2 },
  ...more,
});
const said = (content: string): object => ({ role: 'user', content });
const asked = (...commands: readonly string[]): object => ({
  role: 'assistant',
  content: commands.map((command) => `I do.\n\n\`\`\`bash\n${command}\n\`\`\``).join('\n'),
});
const SUBMIT = 'echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT && git diff';
const told = ({ tools, messages }: SessionDocument): readonly unknown[] => [
  tools.map(({ status, result }) => [status, result]),
  messages.map(({ role }) => role),
];

describe('a run of mini-swe-agent of version 1', () => {
  it('has what came of each command, in whatever words, and the work as what came of the last', async () => {
    const messages = [said('Fix the bug'), asked('ls'), said('Observation: a.py'), asked(SUBMIT), said('the patch')];
    expect(told(await one({ info: info(), messages }))).toEqual([
      [
        ['ok', 'Observation: a.py'],
        ['ok', 'the patch'],
      ],
      ['user', 'assistant', 'tool', 'assistant', 'tool'],
    ]);
  });

  it('runs no command of an answer with several, and says nothing where a limit is reached', async () => {
    const messages = [
      said('Fix the bug'),
      asked('ls', 'pwd'),
      said('Give one command.'),
      asked('ls'),
      said('a'),
      said(''),
    ];
    const session = await one({ info: info({ exit_status: 'LimitsExceeded' }), messages });
    expect(told(session)).toEqual([[['ok', 'a']], ['user', 'assistant', 'user', 'assistant', 'tool']]);
    expect(session.outcome).toEqual({ succeeded: false, detail: 'LimitsExceeded' });
  });

  it('has no failure in a command that the user did not want', async () => {
    const no = said('Command not executed. The user wants something else');
    const session = await one({ info: info(), messages: [said('Fix the bug'), asked('rm -r .'), no, asked('ls')] });
    expect(told(session)).toEqual([
      [
        ['refused', ''],
        ['pending', null],
      ],
      ['user', 'assistant', 'user', 'assistant'],
    ]);
  });

  it('is known by the conversation alone, as it was written at first', async () => {
    const system = { role: 'system', content: `You are an agent. To finish, run ${SUBMIT}` };
    const session = await one([system, said('Fix the bug'), asked('ls'), said('a'), asked(SUBMIT), said('')]);
    expect(session).toMatchObject({ agentId: 'mini-swe-agent', title: 'Fix the bug', outcome: null });
    expect(told(session)[0]).toEqual([
      ['ok', 'a'],
      ['ok', ''],
    ]);
  });
});

describe('a run of mini-swe-agent that its program stopped', () => {
  const config = { model: { model_name: 'openai/gpt-5-mini' } };
  const stopped = { exit_status: 'RateLimitError', config, traceback: 'Traceback: x', submission: '' };
  const task = [{ role: 'system', content: 'You are an agent.' }, said('Fix the bug')];
  const exit = { role: 'exit', content: 'slow down', extra: { exit_status: 'RateLimitError' } };

  it('before any answer has a call that failed, and is another than one of another model', async () => {
    const of = (model_name: string): Promise<SessionDocument> =>
      one({
        info: info({ ...stopped, exception_str: 'slow down', config: { model: { model_name } } }),
        messages: [...task, exit],
      });
    const session = await of('openai/gpt-5-mini');
    expect(session.calls).toMatchObject([
      {
        ...{ status: 'failed', error: { type: 'RateLimitError', message: 'slow down' }, model: 'openai/gpt-5-mini' },
        ...{ provider: 'openai', usage: null },
      },
    ]);
    expect(session).toMatchObject({ title: 'Fix the bug', outcome: { succeeded: false, detail: 'RateLimitError' } });
    expect((await of('openai/gpt-5')).sessionId).not.toBe(session.sessionId);
    expect((await of('openai/gpt-5-mini')).sessionId).toBe(session.sessionId);
  });

  it('after an answer has such a call only where the model was asked again', async () => {
    const told1 = info({ ...stopped, submission: 'no room left' });
    const asking = [...task, asked('ls'), said('a.py'), said('no room left')];
    const again = await one({ info: told1, messages: asking });
    expect(again.calls.map(({ status }) => status)).toEqual(['ok', 'failed']);
    expect(again.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool']);
    const running = await one({ info: told1, messages: [...task, asked('ls'), said('no room left')] });
    expect(running.calls.map(({ status }) => status)).toEqual(['ok']);
    expect(told(running)[0]).toEqual([['pending', null]]);
  });

  it('is known though the work that it handed in is longer than what is looked at', async () => {
    const { mini_version: _, ...before } = info({ submission: 'x'.repeat(100_000) }) as { mini_version: string };
    const { exit_status, submission, ...rest } = before as Record<string, unknown>;
    const session = await one({
      info: { exit_status, submission, ...rest },
      messages: [...task, asked('ls'), said('a')],
    });
    expect(session.calls).toHaveLength(1);
  });

  it('without a call or an end is named', async () => {
    const { documents, skipped } = await readText(JSON.stringify({ info: info(), messages: task }));
    expect([documents, skipped]).toEqual([[], [{ line: 1, reason: expect.stringMatching(/no answer/) }]]);
  });
});

describe('a run of mini-swe-agent of version 2', () => {
  const answered = (id: string, ...commands: readonly string[]): object => ({
    role: 'assistant',
    content: null,
    tool_calls: commands.map((command, at) => ({
      id: `call_${id}_${at}`,
      function: { name: 'bash', arguments: JSON.stringify({ command }) },
    })),
    extra: { response: { id, model: 'gpt-5', usage: { prompt_tokens: 9, completion_tokens: 1 } }, cost: 0 },
  });
  const exit = (exit_status: string): object => ({ role: 'exit', content: 'the patch', extra: { exit_status } });
  const run = (...messages: readonly object[]): object => ({
    info: info({ mini_version: '2.1.0' }),
    messages: [said('Fix the bug'), ...messages],
    trajectory_format: 'mini-swe-agent-1.1',
  });

  it('has the work as what came of the command that hands it in', async () => {
    const session = await one(run(answered('r-1', 'ls', SUBMIT), exit('Submitted')));
    expect(told(session)).toEqual([
      [
        ['pending', null],
        ['ok', 'the patch'],
      ],
      ['user', 'assistant'],
    ]);
    // Where no price is known it writes zero.
    expect(session.calls[0]?.reportedCostUsd).toBeNull();
    expect(session.reportedTotals?.costUsd).toBe('0.03');
  });

  it('has nothing of the kind where it was stopped', async () => {
    expect(told(await one(run(answered('r-1', SUBMIT), exit('LimitsExceeded'))))[0]).toEqual([['pending', null]]);
  });

  it('has no failure in commands that the user did not want', async () => {
    const no = { ...said('Not so.'), extra: { interrupt_type: 'UserRejection' } };
    const session = await one(run(answered('r-1', 'ls', 'pwd'), no));
    expect(session.tools.map(({ status }) => status)).toEqual(['refused', 'refused']);
  });
});
