import type { SessionDocument } from '@tracepost/contracts';
import { describe, expect, it } from 'vitest';
import { uniteDocuments } from '../src/index.ts';
import { readText } from './bytes.ts';

async function one(value: unknown): Promise<SessionDocument> {
  const { format, documents, skipped } = await readText(JSON.stringify(value, null, 2));
  expect([format, documents.length, skipped]).toEqual(['swe-agent', 1, []]);
  return documents[0] as SessionDocument;
}

describe('a trajectory of SWE-agent', () => {
  const step = (action: string, observation: string): object => ({
    action,
    observation,
    response: `I will run ${action}`,
    thought: 'I will.',
    execution_time: 0.25,
    state: { open_file: 'n/a' },
    query: [{ role: 'system', content: 'x'.repeat(500) }],
  });
  const stats = { instance_cost: 0.5, tokens_sent: 1000, tokens_received: 50, api_calls: 4 };
  const steps = [
    step('ls -F\n', 'a.py'),
    step('edit 1:1\nx\nend_of_edit', 'Your proposed edit has introduced new syntax error(s).'),
    step('sleep 1000', 'EXECUTION TIMED OUT'),
    step('grep Error: a.py', 'a.py: it says Error: in the middle'),
  ];
  const history = [
    { role: 'system', content: 'You are an agent.', agent: 'primary' },
    { role: 'user', content: 'A demonstration', agent: 'primary', is_demo: true },
    { role: 'user', content: 'Fix the bug', agent: 'primary' },
    { role: 'assistant', content: 'I will run ls', agent: 'primary' },
    { role: 'user', content: 'a.py', agent: 'primary' },
  ];
  const trajectory = {
    environment: 'main',
    trajectory: steps,
    history,
    info: { exit_status: 'exit_cost', model_stats: stats },
    replay_config: { agent: { model: { name: 'gpt-4o' } } },
  };

  it.each([
    ['an object', trajectory.replay_config],
    ['JSON in a text, as version 1 writes it', JSON.stringify(trajectory.replay_config)],
  ])('names its model in what it was started with: %s', async (_name, replay_config) => {
    const session = await one({ ...trajectory, replay_config });
    expect(new Set(session.calls.map(({ model }) => model))).toEqual(new Set(['gpt-4o']));
  });

  it.each(['{', 'null', '[]', '{"agent":{"model":null}}'])(
    'is read without its model where it was started with %j',
    async (replay_config) => {
      const session = await one({ ...trajectory, replay_config });
      expect([session.calls.length, session.calls[0]?.model]).toEqual([4, null]);
    },
  );

  it('is the task, and for each step an answer, an action and what came of it', async () => {
    const session = await one(trajectory);
    expect(session.messages.map(({ role }) => role)).toEqual(['user', ...Array(4).fill(['assistant', 'tool']).flat()]);
    expect(session.tools.map(({ name, status }) => `${name} ${status}`)).toEqual([
      'bash ok',
      'edit failed',
      'bash failed',
      'bash ok',
    ]);
    expect(session).toMatchObject({
      title: 'Fix the bug',
      outcome: { succeeded: false, detail: 'exit_cost' },
      reportedTotals: { modelCalls: 4, usage: { input: 1000, output: 50 }, costUsd: '0.5' },
    });
    expect(session.calls.every(({ model, provider }) => model === 'gpt-4o' && provider === 'openai')).toBe(true);
    expect(session.calls.every(({ instructionTokens }) => Number(instructionTokens) > 0)).toBe(true);
  });

  it('that goes on is the longer one, with its larger sums, in whatever order they come', async () => {
    const early = { ...stats, instance_cost: 0.1, tokens_sent: 200, tokens_received: 10, api_calls: 2 };
    const shorter = await one({ ...trajectory, trajectory: steps.slice(0, 2), info: { model_stats: early } });
    const longer = await one(trajectory);
    expect(uniteDocuments(shorter, longer)).toEqual(longer);
    expect(uniteDocuments(longer, shorter)).toEqual(longer);
  });

  it('that is only a conversation, as demonstrations are, has its steps in that', async () => {
    const call = { id: 'call-1', type: 'function', function: { name: 'open', arguments: '{"path":"a.py"}' } };
    const conversation = [
      { role: 'system', content: 'You are an agent.', agent: 'main' },
      { role: 'user', content: 'Fix the bug', agent: 'main' },
      { role: 'assistant', content: 'I open it.', action: 'open "a.py"', agent: 'main', tool_calls: [call] },
      { role: 'tool', content: '[File: a.py]', agent: 'main', tool_call_ids: ['call-1'] },
      { role: 'assistant', content: 'I look.', action: 'frobnicate', agent: 'main' },
      { role: 'user', content: 'bash: frobnicate: command not found', agent: 'main' },
      {
        role: 'assistant',
        content: '',
        tool_calls: [{ ...call, function: { name: 'peek', arguments: '{}' } }],
        agent: 'main',
      },
    ];
    const session = await one({ history: conversation });
    expect(session.messages.map(({ role }) => role)).toEqual([
      'user',
      'assistant',
      'tool',
      'assistant',
      'tool',
      'assistant',
    ]);
    expect(session.tools.map(({ name, status }) => `${name} ${status}`)).toEqual([
      'open ok',
      'bash failed',
      'peek pending',
    ]);
    expect(session.calls).toHaveLength(3);
  });

  it('leaves out steps and sums that cannot be, and keeps the rest', async () => {
    const info = { exit_status: 'submitted', model_stats: { ...stats, tokens_sent: -1 } };
    const hostile = { ...trajectory, trajectory: [steps[0], { state: {} }, 7, steps[3]], info };
    const { documents, skipped } = await readText(JSON.stringify(hostile));
    expect(skipped.map(({ line }) => line)).toEqual([2, 3, 1]);
    expect(documents[0]?.calls).toHaveLength(2);
    expect(documents[0]?.reportedTotals).toEqual({ modelCalls: 4, usage: null, costUsd: '0.5' });
    expect(documents[0]?.outcome).toEqual({ succeeded: true, detail: 'submitted' });
  });
});

describe('a trajectory of mini-swe-agent', () => {
  const AT = 1_770_000_000;
  const usage = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 };
  const response = (id: string): object => ({
    id,
    model: 'claude-sonnet-4',
    usage,
    choices: [{ finish_reason: 'stop' }],
  });
  const info = { model_stats: { instance_cost: 0.03, api_calls: 2 }, mini_version: '2.0.0', exit_status: 'Submitted' };
  const asked = (id: string, seconds: number, command: string, cost?: number): object => ({
    role: 'assistant',
    content: `I look.\n\n\`\`\`bash\n${command}\n\`\`\``,
    extra: { response: response(id), timestamp: AT + seconds, ...(cost === undefined ? {} : { cost }) },
  });
  const messages = (cost?: number): unknown[] => [
    { role: 'system', content: 'You are an agent.' },
    { role: 'user', content: 'Fix the bug', extra: { timestamp: AT } },
    asked('r-1', 1, 'ls', cost),
    { role: 'user', content: '<returncode>0</returncode>\n<output>a.py</output>', extra: { timestamp: AT + 2 } },
    asked('r-2', 3, 'false', cost),
    { role: 'user', content: '<returncode>1</returncode>\n<output></output>' },
    { role: 'exit', content: '', extra: { exit_status: 'Submitted' } },
  ];

  it('without functions takes the command out of the text, and its exit code out of the observation', async () => {
    const session = await one({ info, messages: messages(), trajectory_format: 'mini-swe-agent-1' });
    expect(session).toMatchObject({
      agentId: 'mini-swe-agent',
      outcome: { succeeded: true },
      reportedTotals: { costUsd: '0.03', modelCalls: 2, usage: null },
    });
    expect(session.calls).toMatchObject([
      {
        callId: 'r-1',
        provider: 'anthropic',
        usage: { input: 100, output: 10 },
        askedAtMs: AT * 1000,
        atMs: AT * 1000 + 1000,
      },
      { callId: 'r-2' },
    ]);
    expect(session.tools).toMatchObject([
      { name: 'bash', arguments: '{"command":"ls"}', status: 'ok' },
      { status: 'failed', error: { type: 'exit_code_1' } },
    ]);
    expect(session.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant', 'tool']);
  });

  it('has no cost as a whole where each call has its own', async () => {
    const session = await one({ info, messages: messages(0.015), trajectory_format: 'mini-swe-agent-1.1' });
    expect(session.calls.map(({ reportedCostUsd }) => reportedCostUsd)).toEqual(['0.015', '0.015']);
    expect(session.reportedTotals?.costUsd).toBeNull();
  });

  it('has the sums of its calls left out where they cannot be, and how it ended all the same', async () => {
    const wrong = { ...info, model_stats: { instance_cost: -1, api_calls: 2 } };
    const { documents, skipped } = await readText(JSON.stringify({ info: wrong, messages: messages() }));
    expect(skipped).toHaveLength(1);
    expect(documents[0]).toMatchObject({
      ...{ outcome: { succeeded: true }, facts: { version: '2.0.0' }, calls: [{ provider: 'anthropic' }, {}] },
    });
  });

  it('has a call that was paid for an answer which it did not take', async () => {
    const refused = { role: 'user', content: 'No tool calls found.', extra: { interrupt_type: 'FormatError' } };
    const session = await one({
      info,
      messages: [
        ...messages().slice(0, 4),
        { ...refused, extra: { ...refused.extra, cost: 0.02, response: response('r-9') } },
        { ...refused, extra: { ...refused.extra, cost: 0.02, response: 'cannot be written down' } },
      ],
    });
    expect(session.calls.map(({ callId, reportedCostUsd }) => [callId, reportedCostUsd])).toEqual([
      ['r-1', null],
      ['r-9', '0.02'],
    ]);
    expect(session.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'user', 'user']);
  });

  it('with functions takes those', async () => {
    const toolCalls = [{ id: 'call-1', type: 'function', function: { name: 'bash', arguments: '{"command":"ls"}' } }];
    const session = await one({
      info,
      messages: [
        { role: 'user', content: 'Fix the bug' },
        { role: 'assistant', content: null, tool_calls: toolCalls, extra: { response: response('r-1'), cost: 0.01 } },
        { role: 'tool', tool_call_id: 'call-1', content: '{"output":""}', extra: { returncode: 2, raw_output: '' } },
      ],
    });
    expect(session.tools).toMatchObject([{ toolCallId: 'call-1', callId: 'r-1', error: { type: 'exit_code_2' } }]);
  });

  it('asked by the interface of responses has its answers, functions and results all the same', async () => {
    const asking = (id: string, seconds: number, output: readonly object[], more: object = {}): object => ({
      id,
      object: 'response',
      created_at: AT + seconds,
      model: 'gpt-5.2',
      status: 'completed',
      output,
      service_tier: 'default',
      usage: {
        input_tokens: 100,
        input_tokens_details: { cached_tokens: 40 },
        output_tokens: 10,
        output_tokens_details: { reasoning_tokens: 2 },
      },
      extra: { actions: [], cost: 0.01, timestamp: AT + seconds },
      ...more,
    });
    const call = (id: string, command: string): object => ({
      ...{ type: 'function_call', id: `fc_${id}`, call_id: id, name: 'bash', status: 'completed' },
      arguments: JSON.stringify({ command }),
    });
    const result = (id: string, extra: object): object => ({
      ...{ type: 'function_call_output', call_id: id, output: JSON.stringify(extra) },
      extra: { raw_output: '', exception_info: '', timestamp: AT + 2, ...extra },
    });
    const text = (value: string, type = 'output_text'): object => ({
      type: 'message',
      role: 'assistant',
      content: [{ type, text: value }],
    });
    const session = await one({
      info: { ...info, config: { model: { model_name: 'openai/gpt-5.2' } } },
      messages: [
        { type: 'message', role: 'system', content: [{ type: 'input_text', text: 'You are an agent.' }] },
        {
          type: 'message',
          role: 'user',
          content: [{ type: 'input_text', text: 'Fix the bug' }],
          extra: { timestamp: AT },
        },
        asking('resp_1', 1, [
          { type: 'reasoning', summary: [] },
          text('I look.'),
          call('call_1', 'ls'),
          call('call_2', 'false'),
          call('call_3', 'sleep 99'),
          call('call_4', 'x'),
        ]),
        result('call_1', { returncode: 0 }),
        result('call_2', { returncode: 1 }),
        result('call_3', {
          returncode: -1,
          exception_info: 'it timed out after 30 seconds',
          exception_type: 'TimeoutExpired',
        }),
        result('call_4', { returncode: -1, exception_info: 'action was not executed' }),
        {
          ...{
            type: 'message',
            role: 'user',
            content: [{ type: 'input_text', text: 'No tool calls found in the response.' }],
          },
          extra: { interrupt_type: 'FormatError', cost: 0.01, response: asking('resp_2', 3, [text('I am done.')]) },
        },
        asking('resp_3', 4, [text('Enough')], {
          status: 'incomplete',
          incomplete_details: { reason: 'max_output_tokens' },
        }),
      ],
      trajectory_format: 'mini-swe-agent-1.1',
    });
    expect(session.title).toBe('Fix the bug');
    expect(session.messages.map(({ role, text: said }) => `${role} ${said.slice(0, 9)}`)).toEqual([
      'user Fix the b',
      'assistant I look.',
      ...['{"returnc', '{"returnc', '{"returnc', '{"returnc'].map((said) => `tool ${said}`),
      'user No tool c',
      'assistant Enough',
    ]);
    expect(
      session.calls.map(({ callId, stopReason, reportedCostUsd }) => [callId, stopReason, reportedCostUsd]),
    ).toEqual([
      ['resp_1', 'completed', '0.01'],
      ['resp_2', 'completed', '0.01'],
      ['resp_3', 'max_output_tokens', '0.01'],
    ]);
    expect(session.calls[0]).toMatchObject({
      ...{ provider: 'openai', model: 'gpt-5.2', serviceTier: 'default', askedAtMs: AT * 1000, atMs: AT * 1000 + 1000 },
      usage: { input: 100, cacheRead: 40, output: 10, reasoning: 2 },
    });
    expect(session.tools).toMatchObject([
      { toolCallId: 'call_1', name: 'bash', arguments: '{"command":"ls"}', status: 'ok', callId: 'resp_1' },
      { toolCallId: 'call_2', status: 'failed', error: { type: 'exit_code_1' } },
      { toolCallId: 'call_3', status: 'failed', error: { type: 'timeout' } },
      { toolCallId: 'call_4', status: 'refused', error: null },
    ]);
  });

  it('whose command took too long, as version 1 tells it, has a tool that timed out', async () => {
    const killed = `The last command <command>sleep 99\nls</command> timed out and has been killed.
The output of the command was:
 <output>\n<returncode>0</returncode>\n</output>
Please try another command and make sure to avoid those requiring interactive input.`;
    const session = await one({
      info,
      messages: [
        { role: 'user', content: 'Fix the bug' },
        asked('r-1', 1, 'sleep 99\nls'),
        { role: 'user', content: killed },
        { role: 'user', content: `I read: "${killed}"` },
      ],
    });
    expect(session.tools).toMatchObject([{ status: 'failed', error: { type: 'timeout' } }]);
    expect(session.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'user']);
  });
});
