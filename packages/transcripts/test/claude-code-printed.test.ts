import type { SessionDocument } from '@tracepost/contracts';
import { expect, it } from 'vitest';
import { uniteDocuments } from '../src/index.ts';
import { readText } from './bytes.ts';
import { answerLine } from './claude-lines.ts';

/** A session as `--output-format stream-json` prints it: usage of an answer as it was when the answer began. */
const about = { session_id: 's', parent_tool_use_id: null as string | null };
const line = (uuid: string, fields: object): string => JSON.stringify({ ...about, uuid, ...fields });
const begun = { input_tokens: 10, cache_creation_input_tokens: 5, cache_read_input_tokens: 100, output_tokens: 2 };
const MODEL = 'claude-sonnet-4-5-20250929';

function answer(id: string, text: string, more: object = {}): string {
  const message = { id, type: 'message', role: 'assistant', model: MODEL, stop_reason: null, usage: begun };
  return line(`line ${id} ${text}`, {
    type: 'assistant',
    message: { ...message, content: [{ type: 'text', text }] },
    ...more,
  });
}

function result(outputs: Readonly<Record<string, number>>, more: object = {}): string {
  const modelUsage = Object.fromEntries(
    Object.entries(outputs).map(([model, outputTokens]) => [model, { inputTokens: 1, outputTokens, costUSD: 0.1 }]),
  );
  return line(`result ${JSON.stringify(outputs)}`, {
    type: 'result',
    subtype: 'success',
    is_error: false,
    modelUsage,
    ...more,
  });
}

const BEGIN = line('i', { type: 'system', subtype: 'init', model: MODEL, cwd: '/w' });
const QUESTION = line('u1', { type: 'user', message: { role: 'user', content: 'hello' } });

async function read(...lines: readonly string[]): Promise<SessionDocument> {
  const { documents, skipped } = await readText(lines.join('\n'));
  expect([skipped, documents.length]).toEqual([[], 1]);
  return documents[0] as SessionDocument;
}

it('answers that are printed while they run have the output of their beginning, and say so', async () => {
  const { calls, reportedTotals } = await read(
    BEGIN,
    QUESTION,
    answer('msg_1', 'one'),
    answer('msg_1', 'two'),
    answer('msg_2', 'three'),
  );
  expect(calls.map(({ callId, usage, isPartial }) => [callId, usage?.input, usage?.output, isPartial])).toEqual([
    ['msg_1', 115, 2, true],
    ['msg_2', 115, 2, true],
  ]);
  expect(reportedTotals).toBeUndefined();
});

it('the end of a run tells what all of them gave, without models that only the program asked', async () => {
  const lines = [BEGIN, answer('msg_1', 'one'), answer('msg_2', 'two')];
  const helper = 'claude-haiku-4-5-20251001';
  const { reportedTotals } = await read(...lines, result({ [MODEL]: 345, [helper]: 99 }, { total_cost_usd: 0.5 }));
  expect(reportedTotals).toEqual({ modelCalls: null, usage: null, costUsd: '0.5', output: 345 });
  expect((await read(...lines, result({ [`${MODEL}[1m]`]: 345 }))).reportedTotals?.output).toBe(345);
  // Before it was told by model.
  const old = line('r', { type: 'result', subtype: 'success', is_error: false, usage: { output_tokens: 77 } });
  expect((await read(...lines, old)).reportedTotals?.output).toBe(77);
});

it('of several runs the counts go on, or begin anew', async () => {
  const outputOf = async (...outputs: readonly number[]): Promise<number | null | undefined> => {
    const runs = outputs.flatMap((output, at) => [answer(`msg_${at}`, 'text'), result({ [MODEL]: output })]);
    return (await read(BEGIN, ...runs)).reportedTotals?.output;
  };
  expect([await outputOf(100, 250), await outputOf(100, 30), await outputOf(100, 30, 70)]).toEqual([250, 130, 170]);
});

it('answers that are printed piece by piece are counted to their end', async () => {
  const event = (uuid: string, of: object): string => line(uuid, { type: 'stream_event', event: of });
  const started = { id: 'msg_1', role: 'assistant', model: MODEL, usage: begun, stop_reason: null };
  const end = { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 210 } };
  const other = { parent_tool_use_id: 'toolu_that_began_a_subagent' };
  const { calls, messages } = await read(
    BEGIN,
    QUESTION,
    event('e1', { type: 'message_start', message: started }),
    line('e2', {
      type: 'stream_event',
      event: { type: 'message_start', message: { ...started, id: 'msg_2' } },
      ...other,
    }),
    event('e3', { type: 'content_block_delta', delta: { type: 'text_delta', text: 'on' } }),
    answer('msg_1', 'one'),
    event('e4', end),
  );
  expect(calls).toMatchObject([
    { callId: 'msg_1', usage: { input: 115, cacheRead: 100, output: 210 }, stopReason: 'end_turn' },
  ]);
  expect(calls[0]).not.toHaveProperty('isPartial');
  expect(messages.map(({ text }) => text)).toEqual(['hello', 'one']);
});

it('what subagents say is theirs', async () => {
  const { messages, calls } = await read(
    BEGIN,
    answer('msg_1', 'one'),
    answer('msg_2', 'two', { parent_tool_use_id: 'toolu_1' }),
  );
  expect([messages.map(({ subagent }) => subagent), calls.map(({ subagent }) => subagent)]).toEqual([
    [null, 'toolu_1'],
    [null, 'toolu_1'],
  ]);
});

it('a whole count in the file of the session goes before that of a beginning, in whatever order they come', async () => {
  const printed = await read(BEGIN, answer('msg_1', 'one'), answer('msg_2', 'two'));
  const { documents } = await readText(
    `${answerLine({ uuid: 'a1', id: 'msg_1', output: 321, stopReason: 'end_turn' })}\n`,
  );
  const written = documents[0] as SessionDocument;
  for (const united of [uniteDocuments(printed, written), uniteDocuments(written, printed)]) {
    expect(united.calls.map(({ callId, usage, isPartial }) => [callId, usage?.output, isPartial])).toEqual([
      ['msg_1', 321, undefined],
      ['msg_2', 2, true],
    ]);
  }
});

it('a run that is printed as one list at its end is the same session', async () => {
  const lines = [BEGIN, QUESTION, answer('msg_1', 'one'), answer('msg_2', 'two'), result({ [MODEL]: 345 })];
  const { documents, format, skipped } = await readText(`[${lines.join(',')},7]`);
  expect([format, skipped.map(({ line: place }) => place)]).toEqual(['claude-code', [6]]);
  expect(documents).toEqual([await read(...lines)]);
});

it('a tool that did not run is told in a list beside its result', async () => {
  const use = { id: 'msg_1', role: 'assistant', model: MODEL, stop_reason: null, usage: begun };
  const tools = ['tool-a', 'tool-b'];
  const asked = line('a1', {
    type: 'assistant',
    message: { ...use, content: tools.map((id) => ({ type: 'tool_use', id, name: 'Bash', input: { id } })) },
  });
  const told = line('r1', {
    type: 'user',
    message: {
      role: 'user',
      content: tools.map((id) => ({ type: 'tool_result', tool_use_id: id, content: 'no', is_error: true })),
    },
    tool_result_meta: [null, { id: 'tool-b', non_execution_kind: 'automode-blocked' }],
  });
  const document = await read(BEGIN, QUESTION, asked, told);
  expect(document.tools.map(({ status, error }) => [status, error?.type])).toEqual([
    ['failed', null],
    ['refused', 'refused_by_program'],
  ]);
});

it('an attempt that the provider refused is a call that failed, whatever it is called where it is printed', async () => {
  const retry = { type: 'system', subtype: 'api_retry', attempt: 1, max_retries: 10, retry_delay_ms: 500 };
  const { calls } = await read(
    BEGIN,
    QUESTION,
    line('r1', { ...retry, error_status: 529, error: 'overloaded' }),
    line('r2', { ...retry, attempt: 2, error_status: null, error: 'unknown' }),
    answer('msg_1', 'one'),
  );
  const failed = calls.filter(({ status }) => status === 'failed');
  expect(failed.map(({ callId, error }) => [callId, error])).toEqual([
    ['r1', { type: '529', message: 'overloaded' }],
    ['r2', { type: 'unknown', message: 'unknown' }],
  ]);
  expect(calls.filter(({ status }) => status === 'ok').map(({ callId }) => callId)).toEqual(['msg_1']);
});

it.each([-1, 1e308, 0.5, '529', { toString: 1 }])(
  'an attempt with the status %j has none, and a word of any length is short',
  async (status) => {
    const retry = { type: 'system', subtype: 'api_retry', error_status: status, error: 'x'.repeat(5000) };
    const { calls } = await read(BEGIN, QUESTION, line('r1', retry));
    expect(calls.map(({ error }) => [error?.type, error?.message.length])).toEqual([['x'.repeat(100), 100]]);
  },
);
