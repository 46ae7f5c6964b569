import type { SessionDocument } from '@tracepost/contracts';
import { describe, expect, it } from 'vitest';
import { uniteDocuments } from '../src/index.ts';
import { readText } from './bytes.ts';
import { at, lines, one } from './openhands-text.ts';

const AT = Date.parse('2026-02-01T10:00:00Z');

const old = (id: number, fields: object): object => ({ id, timestamp: at(id), message: '', ...fields });
const question = old(1, { source: 'user', action: 'message', args: { content: 'List the files' } });
const counted = (prompt_tokens: number, completion_tokens: number, accumulated_cost: number): object => ({
  llm_metrics: { accumulated_cost, accumulated_token_usage: { prompt_tokens, completion_tokens } },
});
const call = (id: string, more: object = {}): object => ({
  ...{ tool_call_id: `call_${id}_Xb3nQ7sLw9KfTz0aM`, function_name: 'execute_bash', total_calls_in_response: 1 },
  model_response: {
    ...{ id: `r-${id}`, model: 'gpt-5', usage: { prompt_tokens: 1000, completion_tokens: 20 } },
    choices: [{ message: { role: 'assistant', content: 'I look.', ...more } }],
  },
});
const run = (id: number, more: object = {}): object =>
  old(id, { source: 'agent', action: 'run', args: { command: 'ls' }, tool_call_metadata: call(String(id)), ...more });
const said = (id: number, more: object): object =>
  old(id, { source: 'agent', action: 'message', args: { content: 'None.' }, ...more });

describe('events of OpenHands before version 1', () => {
  it('count for the calls that tell nothing what is left of the sums, in whatever order longer versions come', async () => {
    const events = [
      question,
      run(2, counted(1000, 20, 0.01)),
      said(3, counted(2500, 50, 0.02)),
      run(4, counted(3500, 70, 0.03)),
      said(5, counted(6000, 100, 0.05)),
    ];
    const whole = await one(lines(events));
    expect(whole.calls.map(({ usage }) => usage?.input)).toEqual([1000, undefined, 1000, undefined]);
    expect(whole.reportedTotals).toMatchObject({ usage: { input: 4000, output: 60 }, costUsd: '0.05' });
    for (let length = 2; length < events.length; length++) {
      const shorter = await one(lines(events.slice(0, length)));
      expect(uniteDocuments(shorter, whole).reportedTotals).toEqual(whole.reportedTotals);
      expect(uniteDocuments(whole, shorter).reportedTotals).toEqual(whole.reportedTotals);
    }
  });

  it('are those of their files where they are kept once more in lists', async () => {
    const events = [question, run(2), said(4, {}), run(5)];
    const folder = 'sessions/the-session';
    const documents = [
      await one(JSON.stringify(events.slice(0, 2)), `${folder}/event_cache/1-3.json`),
      await one(JSON.stringify(events.slice(2)), `${folder}/event_cache/3-5.json`),
    ];
    for (const [place, number] of [1, 2, 4, 5].entries())
      documents.push(await one(JSON.stringify(events[place]), `${folder}/events/${number}.json`));
    const [session, ...others] = documents as [SessionDocument, ...SessionDocument[]];
    const united = others.reduce(uniteDocuments, session);
    expect(united.sessionId).toBe('the-session');
    expect([united.messages.length, united.calls.length, united.tools.length]).toEqual([4, 3, 2]);
  });

  it('are one call with what a benchmark counted of it, also where an answer of words alone has no id', async () => {
    const usage = (response_id: string, prompt_tokens: number): object => ({
      prompt_tokens,
      completion_tokens: 1,
      response_id,
    });
    const history = [question, said(2, {}), run(3), said(4, {}), run(5)];
    const token_usages = [
      ...[usage('said-2', 10), usage('r-3', 1000), usage('summed-up', 77), usage('said-4', 20), usage('r-5', 1000)],
    ];
    const of = async (usages: readonly object[]): Promise<SessionDocument> =>
      one(lines([{ instance_id: 'x-1', test_result: {}, history, metrics: { token_usages: usages } }]));
    const inputs = ({ calls }: SessionDocument): unknown => calls.map((one1) => one1.usage?.input ?? null);
    expect(inputs(await of(token_usages.filter((_, at) => at !== 2)))).toEqual([10, 1000, 20, 1000]);
    // One more, of a summary, takes the place of the next; none is lost, and none counts twice.
    const more = await of(token_usages);
    expect(more.calls).toHaveLength(5);
    expect(more.calls.reduce((sum, { usage: used }) => sum + Number(used?.input), 0)).toBe(2107);
    const fewer = await of(token_usages.slice(1, 2));
    expect(inputs(fewer)).toEqual([null, 1000, null, 1000]);
    expect(more.messages.map(({ callId }) => callId !== null)).toEqual(
      fewer.messages.map(({ callId }) => callId !== null),
    );
  });

  it('count nothing twice where each call tells all', async () => {
    const session = await one(lines([question, run(2, counted(1000, 20, 0)), run(3, counted(2000, 40, 0))]));
    expect(session.reportedTotals?.usage ?? null).toBeNull();
  });

  it('have failed where the browser says so', async () => {
    const looked = old(3, {
      ...{ source: 'agent', observation: 'browse', cause: 2, content: 'no such page', extras: { error: true } },
      tool_call_metadata: call('2'),
    });
    expect((await one(lines([question, run(2), looked]))).tools).toMatchObject([{ status: 'failed' }]);
  });

  const state = (id: number, agent_state: string, reason = ''): object =>
    old(id, {
      source: 'environment',
      observation: 'agent_state_changed',
      content: '',
      extras: { agent_state, reason },
    });

  it('tell why it stopped, where it did not go on', async () => {
    const events = [question, run(2), state(3, 'error', 'RuntimeError: too many iterations')];
    expect((await one(lines(events))).outcome).toEqual({
      succeeded: false,
      detail: 'RuntimeError: too many iterations',
    });
    expect((await one(lines([...events, state(4, 'running')]))).outcome).toBeNull();
  });

  it('weigh what the model thought, and every tool that one answer asks for', async () => {
    const weight = async (...events: readonly object[]): Promise<number> =>
      Number(
        (await one(lines([question, ...events]))).messages.find(({ role }) => role === 'assistant')?.estimatedTokens,
      );
    const one1 = await weight(run(2));
    const thought = await weight(run(2, { tool_call_metadata: call('2', { reasoning_content: 'word '.repeat(100) }) }));
    expect(thought - one1).toBeGreaterThan(80);
    const more = { ...call('2'), tool_call_id: 'call_3_Xb3nQ7sLw9KfTz0aM' };
    const two = await weight(run(2), run(3, { args: { command: 'word '.repeat(100) }, tool_call_metadata: more }));
    expect(two - one1).toBeGreaterThan(80);
  });
});

const fresh = (id: number, kind: string, fields: object): object => ({
  ...{ id: `00000000-0000-4000-8000-00000000000${id}`, timestamp: at(id), ...fields, kind },
});
const asked = (id: number): object =>
  fresh(id, 'ActionEvent', {
    ...{ source: 'agent', thought: [], action: { command: 'ls', kind: 'TerminalAction' }, tool_name: 'terminal' },
    ...{ tool_call_id: 'call_Xb3nQ7sLw9KfTz0aM1', llm_response_id: 'r-1' },
    tool_call: { id: 'call_Xb3nQ7sLw9KfTz0aM1', name: 'terminal', arguments: '{}' },
  });
const observed = (id: number, observation: object): object =>
  fresh(id, 'ObservationEvent', {
    ...{ source: 'environment', tool_name: 'terminal', tool_call_id: 'call_Xb3nQ7sLw9KfTz0aM1', observation },
    action_id: 'x',
  });

describe('events of OpenHands from version 1 on', () => {
  it('are known in files of their own, however long they are and though their kind stands last', async () => {
    const long = 'word '.repeat(30_000);
    const result = observed(2, {
      content: [{ type: 'text', text: long }],
      is_error: false,
      kind: 'TerminalObservation',
    });
    const session = await one(JSON.stringify(result), 'conversations/c-1/events/event-00002-x.json');
    expect(session.tools).toMatchObject([{ status: 'ok', resultBytes: long.length }]);
    const prompt = fresh(0, 'SystemPromptEvent', {
      source: 'agent',
      system_prompt: { type: 'text', text: long },
      tools: [],
    });
    expect((await one(JSON.stringify(prompt), 'conversations/c-1/events/event-00000-x.json')).sessionId).toBe('c-1');
    for (const list of [[prompt, asked(1)], { items: [prompt, asked(1)], next_page_id: null }])
      expect((await one(JSON.stringify(list, null, 2))).tools).toHaveLength(1);
  });

  it.each(['conversations/c-1/events/event-00000-x.jsonl', 'printed.txt'])(
    'are known in lines, however long the first of them are (%s)',
    async (fileName) => {
      const short = 'word '.repeat(5000);
      const long = fileName.endsWith('.txt') ? short : short.repeat(10);
      const prompt = fresh(0, 'SystemPromptEvent', { source: 'agent', system_prompt: { type: 'text', text: long } });
      const session = await one(
        lines([prompt, observed(1, { output: short.repeat(10), exit_code: 0 }), asked(2)]),
        fileName,
      );
      expect(session.tools).toMatchObject([{ status: 'ok', resultBytes: short.length * 10 }]);
    },
  );

  it.each([
    [{ output: 'x', error: true, kind: 'ExecuteBashObservation' }, 'failed', null],
    [{ output: 'x', exit_code: -1, timeout: true, kind: 'TerminalObservation' }, 'failed', 'timeout'],
    [{ output: 'x', error: false, timeout: false, exit_code: null, metadata: { exit_code: 0 } }, 'ok', undefined],
  ])('tell a result by what it says of itself: %j', async (observation, status, type) => {
    const { tools } = await one(lines([asked(1), observed(2, observation)]));
    expect([tools[0]?.status, tools[0]?.error?.type]).toEqual([status, type]);
  });

  it('have the tools of a program that works in the agent’s place, once', async () => {
    const told = (id: number, more: object): object =>
      fresh(id, 'ACPToolCallEvent', {
        ...{ source: 'agent', tool_call_id: 'toolu_01AAAAAAAAAAAAAAAAAAAA', title: 'Read a.py', tool_kind: 'read' },
        ...{ raw_input: { path: 'a.py' }, status: 'in_progress', is_error: false, ...more },
      });
    const other = { tool_call_id: 'toolu_01BBBBBBBBBBBBBBBBBBBB', status: 'failed', is_error: true };
    const session = await one(
      lines([
        told(1, {}),
        told(2, { status: 'completed', raw_output: 'text' }),
        told(3, { ...other, raw_output: { code: 1 } }),
      ]),
    );
    expect(session.tools).toMatchObject([
      {
        name: 'read',
        arguments: '{"path":"a.py"}',
        status: 'ok',
        result: 'text',
        atMs: AT + 1000,
        endedAtMs: AT + 2000,
      },
      { name: 'read', status: 'failed', result: '{"code":1}' },
    ]);
  });

  it.each([
    ['ConversationErrorEvent', { source: 'environment', code: 'MaxIterationsReached', detail: 'too many' }],
    ['ConversationIterationLimitEvent', { source: 'environment', iteration: 9, max_iterations: 9, detail: 'too many' }],
  ])('end without a call that failed where a limit is reached (%s)', async (kind, fields) => {
    const session = await one(lines([asked(1), fresh(2, kind, fields)]));
    expect([session.calls.length, session.outcome]).toEqual([1, { succeeded: false, detail: 'too many' }]);
  });

  it('have what the first of them told otherwise: calls of tools that there are not, and the sums', async () => {
    const names = ['call_Xb3nQ7sLw9KfTz0aM2', 'call_Xb3nQ7sLw9KfTz0aM3'];
    const vain = fresh(1, 'NonExecutableActionEvent', {
      ...{ source: 'agent', thought: [{ type: 'text', text: 'I try.' }], llm_response_id: 'r-1' },
      tool_calls: names.map((id) => ({ id, name: 'fly', arguments: '{}' })),
    });
    const usage = { prompt_tokens: 100, completion_tokens: 10, response_id: 'r-1' };
    const stats = {
      service_to_metrics: { agent: { accumulated_cost: 0.05, costs: [{ cost: 0.05 }], token_usages: [usage] } },
    };
    const state = fresh(2, 'ConversationStateUpdateEvent', { source: 'environment', key: 'stats', value: stats });
    const session = await one(lines([vain, state]));
    expect(session.tools.map(({ name, toolCallId }) => [name, toolCallId])).toEqual(names.map((id) => ['fly', id]));
    expect(session.calls).toMatchObject([{ callId: 'r-1', usage: { input: 100 }, reportedCostUsd: '0.05' }]);
  });

  it('have what is left of the cost where only one of several models told it call by call', async () => {
    const usage = { prompt_tokens: 100, completion_tokens: 10, response_id: 'r-1' };
    const stats = {
      usage_to_metrics: {
        agent: {
          accumulated_cost: 0.1 + 0.2,
          costs: [{ cost: 0.1 + 0.2, timestamp: AT / 1000 }],
          token_usages: [usage],
        },
        condenser: { accumulated_cost: 0.05, costs: [{ cost: 0.05 }], token_usages: [] },
      },
    };
    const state = fresh(2, 'ConversationStateUpdateEvent', { source: 'environment', key: 'stats', value: stats });
    const session = await one(lines([asked(1), state]));
    expect(session.calls).toMatchObject([{ callId: 'r-1', reportedCostUsd: '0.30000000000000004' }]);
    expect(session.reportedTotals).toMatchObject({ usage: null, costUsd: '0.05' });
  });

  it('count once what was told first in a sum and later call by call', async () => {
    const state = (id: number, metrics: object): object =>
      fresh(id, 'ConversationStateUpdateEvent', {
        ...{ source: 'environment', key: 'stats', value: { usage_to_metrics: { agent: metrics } } },
      });
    const sums = { accumulated_cost: 0.05, accumulated_token_usage: { prompt_tokens: 100, completion_tokens: 10 } };
    const usage = { prompt_tokens: 100, completion_tokens: 10, response_id: 'r-1' };
    const single = { costs: [{ cost: 0.05, timestamp: AT / 1000 }], token_usages: [usage] };
    const events = [asked(1), state(2, sums), state(3, { ...sums, ...single })];
    const [first, whole] = [await one(lines(events.slice(0, 2))), await one(lines(events))];
    expect(first.reportedTotals).toMatchObject({ usage: { input: 100 }, costUsd: '0.05' });
    for (const united of [whole, uniteDocuments(first, whole), uniteDocuments(whole, first)]) {
      expect(united.calls).toMatchObject([{ usage: { input: 100 }, reportedCostUsd: '0.05' }]);
      expect(united.reportedTotals).toMatchObject({ usage: null, costUsd: null });
    }
  });
});

describe('a run of a benchmark', () => {
  it('names the model that it was started with where a call names none', async () => {
    const of = async (metadata: object): Promise<unknown> => {
      const session = await one(
        lines([{ instance_id: 'x-1', test_result: {}, metadata, history: [question, said(2, {})] }]),
      );
      return [session.calls[0]?.model, session.calls[0]?.provider];
    };
    expect(await of({ llm_config: { model: 'anthropic/claude-sonnet-4' } })).toEqual([
      'anthropic/claude-sonnet-4',
      'anthropic',
    ]);
    expect(await of({ llm: { model: 'gpt-5' } })).toEqual(['gpt-5', 'openai']);
    expect(await of({})).toEqual([null, null]);
    // Else the one before it.
    const session = await one(lines([question, said(2, {}), run(3), said(4, {})]));
    expect(session.calls.map(({ model }) => model)).toEqual([null, 'gpt-5', 'gpt-5']);
  });

  it('that broke before its first event is there, and why', async () => {
    const broke = { instance_id: 'x-1', test_result: {}, history: [], metrics: null, error: 'MaxIterationsReached: 9' };
    const { documents, skipped } = await readText(
      lines([broke, { ...broke, instance_id: 'x-2', history: null }, { ...broke, error: null }]),
    );
    expect(documents).toMatchObject([
      { title: 'x-1', outcome: { succeeded: false, detail: 'MaxIterationsReached: 9' }, calls: [], messages: [] },
      { title: 'x-2' },
    ]);
    expect(documents[0]?.sessionId).not.toBe(documents[1]?.sessionId);
    expect(skipped.map(({ line }) => line)).toEqual([3]);
  });
});
