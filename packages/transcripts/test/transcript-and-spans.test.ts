import type { Attributes, SessionDocument } from '@tracepost/contracts';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { uniteDocuments } from '../src/index.ts';
import { givenSpan } from '../src/otel/given-span.ts';
import { readSpans } from '../src/otel/read-spans.ts';
import { readText } from './bytes.ts';
import { answerLine, resultLine, toolUse, userLine } from './claude-lines.ts';

const HELPER = 'a9876543210fedcba';
const TOOL = 'toolu_02_of_the_subagent';

async function transcript(...lines: readonly string[]): Promise<SessionDocument> {
  return (await readText(`${lines.join('\n')}\n`)).documents[0] as SessionDocument;
}

function spans(spanId: string, attributes: Attributes): SessionDocument {
  const about = { 'session.id': 's', 'gen_ai.request.model': 'claude-sonnet-4-5' };
  return readSpans([givenSpan({ spanId, attributes: { ...about, ...attributes } })])[0] as SessionDocument;
}

const call = (id: string, input: number): Attributes => ({
  'gen_ai.operation.name': 'chat',
  'gen_ai.response.id': id,
  'gen_ai.usage.input_tokens': input,
  'gen_ai.usage.output_tokens': 1,
});

/** A session of Claude Code of which spans tell too, with the ids that its provider gave. */
async function tellings(): Promise<SessionDocument[]> {
  const side = { more: { isSidechain: true, agentId: HELPER } };
  const fork = { more: { isSidechain: true, agentId: 'acompact-0123456789abcdef' } };
  const first = { uuid: 'u1' };
  const answer = { uuid: 'a1', parent: 'u1', at: 1, id: 'msg_1' };
  return [
    await transcript(userLine(first), answerLine(answer)),
    await transcript(userLine({ ...first, ...fork }), answerLine({ ...answer, ...fork })),
    await transcript(
      userLine({ uuid: 'h1', at: 2, ...side }),
      answerLine({ uuid: 'h2', parent: 'h1', at: 3, id: 'msg_h', blocks: [toolUse(TOOL)], ...side }),
      resultLine({ uuid: 'h3', parent: 'h2', at: 4, tool: TOOL, ...side }),
    ),
    spans('s1', call('msg_1', 999)),
    spans('s2', call('msg_other', 7)),
    spans('s3', { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'Bash', 'gen_ai.tool.call.id': TOOL }),
  ];
}

it('a transcript and spans of one session say the same in any order, as often as they come', async () => {
  const parts = await tellings();
  const whole = parts.reduce(uniteDocuments);
  fc.assert(
    fc.property(fc.shuffledSubarray(parts, { minLength: parts.length }), fc.subarray(parts), (order, again) => {
      expect([...order, ...again].reduce(uniteDocuments)).toEqual(whole);
      expect(uniteDocuments(whole, order.reduce(uniteDocuments))).toEqual(whole);
    }),
    { numRuns: 40 },
  );
});

it('a subagent keeps what it did, and a call that both tell of counts once, as the transcript has it', async () => {
  const { messages, calls, tools } = (await tellings()).reduce(uniteDocuments);
  expect(messages.filter(({ subagent }) => subagent === HELPER).map(({ messageId }) => messageId)).toEqual([
    'h1',
    'msg_h',
    'h3',
  ]);
  expect(tools.map(({ toolCallId, subagent, status }) => [toolCallId, subagent, status])).toEqual([
    [TOOL, HELPER, 'ok'],
  ]);
  expect(calls.map(({ callId, subagent, usage }) => [callId, subagent, usage?.input])).toEqual([
    ['msg_1', null, 10],
    ['msg_h', HELPER, 10],
    ['msg_other', null, 7],
  ]);
});
