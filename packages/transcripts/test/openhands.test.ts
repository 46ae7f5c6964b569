import type { SessionDocument } from '@tracepost/contracts';
import { describe, expect, it } from 'vitest';
import { uniteDocuments } from '../src/index.ts';
import { readText } from './bytes.ts';
import { at, lines, one } from './openhands-text.ts';

const AT = Date.parse('2026-02-01T10:00:00Z');

function united(documents: readonly SessionDocument[]): SessionDocument {
  const [first, ...others] = documents as [SessionDocument, ...SessionDocument[]];
  return others.reduce(uniteDocuments, uniteDocuments(first, first));
}

describe('a trajectory of OpenHands before version 1', () => {
  const answer = (id: string, calls: readonly (readonly [string, string, string])[]): unknown => ({
    id,
    model: 'anthropic/claude-sonnet-4',
    choices: [
      {
        finish_reason: 'tool_calls',
        message: {
          role: 'assistant',
          content: 'Let me look.',
          tool_calls: calls.map(([call, name, args]) => ({ id: call, function: { name, arguments: args } })),
        },
      },
    ],
    usage: {
      prompt_tokens: 1000,
      completion_tokens: 20,
      total_tokens: 1020,
      prompt_tokens_details: { cached_tokens: 400 },
    },
  });
  const first = answer('response-1', [
    ['call_Xb3nQ7sLw9KfTz0aM1', 'execute_bash', '{"command":"ls"}'],
    ['call_Xb3nQ7sLw9KfTz0aM2', 'execute_bash', '{"command":"false"}'],
  ]);
  const of = (call: string, response: unknown): unknown => ({
    tool_call_id: call,
    function_name: 'execute_bash',
    model_response: response,
  });
  const event = (id: number, fields: object): object => ({ id, timestamp: at(id), message: '', ...fields });
  const run = (id: number, call: string, command: string): object =>
    event(id, { source: 'agent', action: 'run', args: { command, thought: 'x' }, tool_call_metadata: of(call, first) });
  const ran = (id: number, cause: number, call: string, exit_code: number): object =>
    event(id, {
      source: 'agent',
      cause,
      observation: 'run',
      content: 'out',
      extras: { metadata: { exit_code } },
      tool_call_metadata: of(call, first),
    });
  const events = [
    event(0, { source: 'agent', action: 'system', args: { content: 'You are an agent.' } }),
    event(1, { source: 'user', action: 'message', args: { content: 'List the files' } }),
    event(2, {
      source: 'environment',
      observation: 'agent_state_changed',
      content: '',
      extras: { agent_state: 'running' },
    }),
    run(3, 'call_Xb3nQ7sLw9KfTz0aM1', 'ls'),
    run(4, 'call_Xb3nQ7sLw9KfTz0aM2', 'false'),
    ran(5, 3, 'call_Xb3nQ7sLw9KfTz0aM1', 0),
    ran(6, 4, 'call_Xb3nQ7sLw9KfTz0aM2', 1),
    event(7, {
      source: 'agent',
      action: 'message',
      args: { content: 'There are none.' },
      llm_metrics: { accumulated_cost: 0.05, accumulated_token_usage: { prompt_tokens: 2000, completion_tokens: 40 } },
    }),
    event(8, { source: 'user', observation: 'user_rejected', cause: -1, content: 'no' }),
  ];

  it('has one call for an answer that asked for two actions', async () => {
    const session = await one(JSON.stringify(events));
    expect(session.calls).toMatchObject([
      {
        callId: 'response-1',
        atMs: AT + 3000,
        provider: 'anthropic',
        usage: { input: 1000, cacheRead: 400, output: 20 },
      },
      { usage: null, atMs: AT + 7000 },
    ]);
    expect(session.tools).toMatchObject([
      {
        toolCallId: 'call_Xb3nQ7sLw9KfTz0aM1',
        name: 'execute_bash',
        status: 'ok',
        arguments: '{"command":"ls"}',
        endedAtMs: AT + 5000,
      },
      { toolCallId: 'call_Xb3nQ7sLw9KfTz0aM2', status: 'failed', error: { type: 'exit_code_1' }, callId: 'response-1' },
    ]);
    expect(session.messages.map(({ role, text }) => `${role}: ${text}`)).toEqual([
      'user: List the files',
      'assistant: Let me look.',
      'tool: out',
      'tool: out',
      'assistant: There are none.',
    ]);
    // Of the call that tells nothing: what is left of 2,000 and 40.
    expect(session.reportedTotals).toMatchObject({ usage: { input: 1000, output: 20 }, costUsd: '0.05' });
  });

  it('with the counts of LiteLLM of 2025, which left beside the prompt what Claude wrote to its cache, is whole', async () => {
    const usage = { prompt_tokens: 5004, completion_tokens: 120, total_tokens: 5124 };
    const cache = { cache_creation_input_tokens: 800, cache_read_input_tokens: 5000 };
    const counted = { ...(first as object), usage: { ...usage, ...cache } };
    const accumulated_token_usage = { ...usage, cache_read_tokens: 5000, cache_write_tokens: 800 };
    const session = await one(
      JSON.stringify(
        events.map((value) =>
          'tool_call_metadata' in value
            ? {
                ...value,
                tool_call_metadata: { ...(value.tool_call_metadata as object), model_response: counted },
                llm_metrics: { accumulated_cost: 0.01, accumulated_token_usage },
              }
            : value,
        ),
      ),
    );
    expect(session.calls[0]?.usage).toMatchObject({ input: 5804, cacheRead: 5000, cacheWrite5m: 800, output: 120 });
    expect([session.messages.length, session.tools.length]).toEqual([5, 2]);
  });

  it('is the same in an answer of the interface and in lines', async () => {
    const session = await one(JSON.stringify(events));
    expect(await one(JSON.stringify({ trajectory: events }, null, 2))).toEqual(session);
    expect(await one(lines(events))).toEqual(session);
  });

  it('is the same in a file for each event, in whatever order they come', async () => {
    const files = events.map((value, id) => [JSON.stringify(value), `sessions/the-session/events/${id}.json`] as const);
    const documents: SessionDocument[] = [];
    for (const [content, name] of files) documents.push(await one(content, name));
    const session = united(documents);
    expect(united(documents.toReversed())).toEqual(session);
    const whole = await one(JSON.stringify(events));
    expect(session.sessionId).toBe('the-session');
    expect(session.calls.map(({ usage }) => usage)).toEqual(whole.calls.map(({ usage }) => usage));
    expect(session.tools).toEqual(whole.tools);
    expect(session.messages.map(({ messageId }) => messageId)).toEqual(
      whole.messages.map(({ messageId }) => messageId),
    );
  });

  it('is the same in files of several events each, as folders of events are sent', async () => {
    const parts = [events.slice(0, 3), events.slice(3)];
    const documents: SessionDocument[] = [];
    for (const [at, part] of parts.entries())
      documents.push(await one(lines(part), `the-session/events/event-0000${at * 3}-id.jsonl`));
    const session = united(documents);
    expect(united(documents.toReversed())).toEqual(session);
    const files: SessionDocument[] = [];
    for (const [id, value] of events.entries())
      files.push(await one(JSON.stringify(value), `the-session/events/event-0000${id}-id.json`));
    const single = united(files);
    const saidIn = ({ messages }: SessionDocument) =>
      messages.map(({ messageId, text, callId }) => [messageId, text, callId]);
    expect([session.sessionId, session.tools, saidIn(session)]).toEqual(['the-session', single.tools, saidIn(single)]);
    expect(session.calls.map(({ callId, usage }) => [callId, usage])).toEqual(
      single.calls.map(({ callId, usage }) => [callId, usage]),
    );
  });

  it('does not guess which session a single event is of', async () => {
    const { documents, skipped } = await readText(JSON.stringify(events[3]), { fileName: '3.json' });
    expect(documents).toEqual([]);
    expect(skipped).toMatchObject([{ line: 1, reason: expect.stringContaining('which session') }]);
  });

  it('reads the runs of a benchmark, a line for each, with pairs of action and observation too', async () => {
    const line = {
      instance_id: 'django__1',
      instruction: 'Fix it',
      metadata: {},
      history: [
        [events[3], events[5]],
        [events[4], events[6]],
      ],
      metrics: {
        accumulated_cost: 0.02,
        token_usages: [
          { model: 'claude-sonnet-4', prompt_tokens: 500, completion_tokens: 5, response_id: 'response-9' },
        ],
        costs: [{ model: 'claude-sonnet-4', cost: 0.02, timestamp: AT / 1000 + 1 }],
        response_latencies: [{ latency: 0.5, response_id: 'response-9' }],
      },
      test_result: { report: { resolved: false } },
    };
    const { format, documents, skipped } = await readText(lines([line, { ...line, history: 7 }]));
    expect([format, skipped.map((skip) => skip.line)]).toEqual(['openhands', [2]]);
    expect(documents).toMatchObject([{ title: 'django__1', outcome: { succeeded: false, detail: 'resolved false' } }]);
    expect(documents[0]?.tools).toHaveLength(2);
    expect(documents[0]?.calls).toContainEqual(
      expect.objectContaining({ callId: 'response-9', reportedCostUsd: '0.02', askedAtMs: AT + 500, atMs: AT + 1000 }),
    );
  });
});

describe('events of OpenHands from version 1 on', () => {
  const event = (id: number, kind: string, fields: object): object => ({
    id: `event-${id}`,
    timestamp: at(id),
    kind,
    ...fields,
  });
  const asked = (id: number, call: string, name: string): object =>
    event(id, 'ActionEvent', {
      source: 'agent',
      thought: [{ type: 'text', text: 'Let me look.' }],
      action: { kind: 'TerminalAction', command: 'ls' },
      tool_name: name,
      tool_call_id: call,
      tool_call: { id: call, name, arguments: '{"command":"ls"}' },
      llm_response_id: 'response-1',
    });
  const observed = (id: number, call: string, fields: object, kind = 'ObservationEvent'): object =>
    event(id, kind, { source: 'environment', tool_name: 'terminal', tool_call_id: call, action_id: 'x', ...fields });
  const text = (value: string): object => ({ content: [{ type: 'text', text: value }] });
  const events = [
    event(0, 'SystemPromptEvent', { source: 'agent', system_prompt: { type: 'text', text: 'You are an agent.' } }),
    event(1, 'MessageEvent', { source: 'user', llm_message: { role: 'user', ...text('List the files') } }),
    asked(2, 'call_Xb3nQ7sLw9KfTz0aM1', 'terminal'),
    asked(3, 'call_Xb3nQ7sLw9KfTz0aM2', 'terminal'),
    asked(4, 'call_Xb3nQ7sLw9KfTz0aM3', 'terminal'),
    observed(5, 'call_Xb3nQ7sLw9KfTz0aM1', {
      observation: { kind: 'TerminalObservation', ...text('a.txt'), exit_code: 0, is_error: false },
    }),
    observed(6, 'call_Xb3nQ7sLw9KfTz0aM2', { error: 'no such tool' }, 'AgentErrorEvent'),
    observed(7, 'call_Xb3nQ7sLw9KfTz0aM3', { rejection_reason: 'No.' }, 'UserRejectObservation'),
    event(8, 'MessageEvent', {
      source: 'agent',
      llm_message: { role: 'assistant', ...text('Done.') },
      llm_response_id: 'response-2',
    }),
    event(9, 'ConversationErrorEvent', { source: 'environment', code: 'LLMRateLimitError', detail: 'slow down' }),
  ];
  const state = {
    id: '0f0e0d0c-0b0a-4908-8706-050403020100',
    agent: { llm: { model: 'litellm_proxy/anthropic/claude-sonnet-4' } },
    execution_status: 'finished',
    stats: {
      usage_to_metrics: {
        agent: {
          model_name: 'litellm_proxy/anthropic/claude-sonnet-4',
          accumulated_cost: 0.03,
          accumulated_token_usage: { prompt_tokens: 300, completion_tokens: 30 },
          costs: [
            { model: 'm', cost: 0.01, timestamp: AT / 1000 + 1 },
            { model: 'm', cost: 0.02, timestamp: AT / 1000 + 7 },
          ],
          token_usages: [
            {
              prompt_tokens: 100,
              completion_tokens: 10,
              cache_read_tokens: 50,
              response_id: 'response-1',
              context_window: 200_000,
            },
            { prompt_tokens: 200, completion_tokens: 20, response_id: 'response-2' },
          ],
        },
      },
    },
  };

  it('are one session in lines: who asked, what came of it, what failed', async () => {
    const session = await one(lines(events));
    expect(session.calls).toMatchObject([
      { callId: 'response-1', status: 'ok', atMs: AT + 2000 },
      { callId: 'response-2', status: 'ok' },
      { callId: 'event-event-9', status: 'failed', error: { type: 'LLMRateLimitError', message: 'slow down' } },
    ]);
    expect(session.tools.map(({ toolCallId, status }) => [toolCallId, status])).toEqual([
      ['call_Xb3nQ7sLw9KfTz0aM1', 'ok'],
      ['call_Xb3nQ7sLw9KfTz0aM2', 'failed'],
      ['call_Xb3nQ7sLw9KfTz0aM3', 'refused'],
    ]);
    expect(session.messages.map(({ role }) => role)).toEqual([
      'user',
      'assistant',
      'tool',
      'tool',
      'tool',
      'assistant',
    ]);
  });

  it('are one session in a folder of files, with what the file of the state counted, in whatever order they come', async () => {
    const folder = 'conversations/0f0e0d0c0b0a49088706050403020100';
    const documents = [await one(JSON.stringify(state), `${folder}/base_state.json`)];
    for (const [place, value] of events.entries()) {
      const name = `${folder}/events/event-${String(place).padStart(5, '0')}-abc.json`;
      documents.push(await one(JSON.stringify(value), name));
    }
    const session = united(documents);
    expect(united(documents.toReversed())).toEqual(session);
    expect(session.calls).toMatchObject([
      {
        callId: 'response-1',
        usage: { input: 100, cacheRead: 50, output: 10 },
        reportedCostUsd: '0.01',
        contextWindow: 200_000,
      },
      { callId: 'response-2', usage: { input: 200, output: 20 }, reportedCostUsd: '0.02' },
      { status: 'failed' },
    ]);
    expect(session.reportedTotals).toMatchObject({
      ...{ modelCalls: null, usage: null, costUsd: null },
      all: { usage: { input: 300, output: 30 }, costUsd: '0.03' },
    });
    expect(session.tools).toMatchObject([
      {
        toolCallId: 'call_Xb3nQ7sLw9KfTz0aM1',
        name: 'terminal',
        arguments: '{"command":"ls"}',
        status: 'ok',
        result: 'a.txt',
        atMs: AT + 2000,
      },
      { status: 'failed' },
      { status: 'refused' },
    ]);
    expect(session.messages).toHaveLength(6);
  });

  it('leave out what cannot be, and keep the rest', async () => {
    const hostile = { ...event(10, 'ConversationStateUpdateEvent', { source: 'environment', key: 'stats' }) };
    const value = {
      usage_to_metrics: { agent: { token_usages: [{ prompt_tokens: -1, completion_tokens: 1, response_id: 'r' }] } },
    };
    const late = { ...(events[8] as object), id: 'event-11', timestamp: '+099999-01-01' };
    const { documents, skipped } = await readText(lines([...events, { ...hostile, value }, late, 'text']));
    expect(skipped.map(({ line }) => line)).toEqual([11, 12, 13]);
    expect(documents).toEqual([await one(lines(events))]);
  });
});

describe('the log of one call', () => {
  const user = { role: 'user', content: 'Hello' };
  const response = {
    id: 'response-1',
    model: 'gpt-5',
    choices: [{ finish_reason: 'stop', message: { role: 'assistant', content: 'Hi' } }],
    usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 },
  };
  const log = { messages: [user], response, cost: 0.000_000_5, timestamp: AT / 1000, latency_sec: 2 };

  it('counts once however often it was copied, and gives a small cost as decimal text', async () => {
    const session = await one(JSON.stringify(log));
    expect(await one(JSON.stringify(log, null, 1), 'a copy.json')).toEqual(session);
    expect(session.calls).toMatchObject([{ callId: 'response-1', reportedCostUsd: '0.0000005', askedAtMs: AT - 2000 }]);
  });

  it('knows what the model was given besides: instructions, tools, and how to ask for them without functions', async () => {
    const system = { role: 'system', content: 'word '.repeat(100) };
    const tools = [{ type: 'function', function: { name: 'ls', description: 'tool '.repeat(50) } }];
    const given = async (more: object): Promise<number> =>
      Number((await one(JSON.stringify({ ...log, ...more }))).calls[0]?.instructionTokens ?? 0);
    const instructions = await given({ messages: [system, user] });
    expect([await given({}), instructions]).toEqual([0, expect.closeTo(100, -2)]);
    const withTools = await given({ messages: [system, user], tools, kwargs: { tools } });
    expect(withTools - instructions).toBeGreaterThan(50);
    expect(withTools - instructions).toBeLessThan(80);
    expect(await given({ messages: [system, user], kwargs: { tools } })).toBe(withTools);
    const sent = [system, { ...user, content: `Hello${' word'.repeat(300)}` }];
    expect((await given({ messages: sent, raw_messages: [system, user] })) - instructions).toBeCloseTo(300, -2);
    const claude = { response: { ...response, model: 'claude-sonnet-4' } };
    expect(await given({ ...claude, messages: [system, user] })).toBeCloseTo(1.21 * instructions, -1);
  });

  it('tells sessions apart that begin with the same words but not with the same call of a tool', async () => {
    const answer = (id: string): object => ({
      content: null,
      tool_calls: [{ id, function: { name: 'ls', arguments: '{}' } }],
    });
    const logs = ['call_Xb3nQ7sLw9KfTz0aM1', 'call_Xb3nQ7sLw9KfTz0aM2'].map((id) => ({
      ...log,
      response: { ...response, choices: [{ message: answer(id) }] },
    }));
    const [first, second] = [await one(JSON.stringify(logs[0])), await one(JSON.stringify(logs[1]))];
    expect(first.sessionId).not.toBe(second.sessionId);
  });

  it.each([
    ['without an answer', { ...log, response: { error: 'overloaded' } }],
    ['of the year 9999', { ...log, timestamp: 253_370_764_800 }],
  ])('%s is left out and named', async (_, value) => {
    const { documents, skipped } = await readText(JSON.stringify(value));
    expect(documents).toEqual([]);
    expect(skipped).toHaveLength(1);
  });
});
