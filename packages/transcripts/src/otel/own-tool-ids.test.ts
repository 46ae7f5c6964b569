import type { SessionDocument, SpanSignal } from '@tracepost/contracts';
import { describe, expect, it } from 'vitest';
import { uniteDocuments } from '../unite-documents.ts';
import { givenSpan } from './given-span.ts';
import { readSpans } from './read-spans.ts';

const MODEL = { 'session.id': 's', 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'llama-3' };

/** One run of an agent: a model asks for a tool, the tool runs, the model is told what came of it. Numbers of seconds. */
function run({ name, traceId, startMs, id = 'call_1' }: GivenRun): SpanSignal[] {
  const asked = { role: 'assistant', parts: [{ type: 'tool_call', id, name: 'read', arguments: { path: name } }] };
  const told = { role: 'tool', parts: [{ type: 'tool_call_response', id, response: `result of ${name}` }] };
  const question = { role: 'user', parts: [{ type: 'text', content: `look at ${name}` }] };
  const used = { 'gen_ai.usage.input_tokens': 10, 'gen_ai.usage.output_tokens': 2 };
  return [
    givenSpan({
      spanId: `${name}-ask`,
      traceId,
      startMs,
      attributes: {
        ...MODEL,
        ...used,
        'gen_ai.input.messages': JSON.stringify([question]),
        'gen_ai.output.messages': JSON.stringify([asked]),
      },
    }),
    givenSpan({
      spanId: `${name}-run`,
      traceId,
      startMs: startMs + 200,
      attributes: {
        'session.id': 's',
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': 'read',
        'gen_ai.tool.call.id': id,
        'gen_ai.tool.call.arguments': JSON.stringify({ path: name }),
      },
    }),
    givenSpan({
      spanId: `${name}-tell`,
      traceId,
      startMs: startMs + 400,
      attributes: {
        ...MODEL,
        ...used,
        'gen_ai.input.messages': JSON.stringify([question, asked, told]),
        'gen_ai.output.messages': JSON.stringify([{ role: 'assistant', parts: [{ type: 'text', content: 'done' }] }]),
      },
    }),
  ];
}

interface GivenRun {
  readonly name: string;
  readonly traceId: string;
  readonly startMs: number;
  readonly id?: string;
}

const [A, B] = ['a'.repeat(32), 'b'.repeat(32)] as const;
const inTwoTraces = [
  ...run({ name: 'first', traceId: A, startMs: 0 }),
  ...run({ name: 'second', traceId: B, startMs: 1_000 }),
];
const inOneTrace = [
  ...run({ name: 'first', traceId: A, startMs: 0 }),
  ...run({ name: 'second', traceId: A, startMs: 1_000 }),
];

function only(spans: readonly SpanSignal[]): SessionDocument {
  const documents = readSpans(spans);
  expect(documents).toHaveLength(1);
  return documents[0] as SessionDocument;
}

function toolsOf({ tools }: SessionDocument): unknown {
  return tools.map(({ arguments: given, result, callId, startedAtMs }) => [
    given === '' ? null : JSON.parse(given).path,
    result,
    callId,
    startedAtMs !== null,
  ]);
}

const WHOLE = [
  ['first', 'result of first', 'first-ask', true],
  ['second', 'result of second', 'second-ask', true],
];

describe('calls of tools whose ids begin anew', () => {
  it.each([
    ['in each run, which is a trace', inTwoTraces],
    ['in each run inside of one trace', inOneTrace],
    [
      'and are short words',
      [
        ...run({ name: 'first', traceId: A, startMs: 0, id: 'D681PevKs' }),
        ...run({ name: 'second', traceId: B, startMs: 1_000, id: 'D681PevKs' }),
      ],
    ],
  ])('%s, stay apart, each with its own run and result', (_name, spans) => {
    const document = only(spans);
    expect(toolsOf(document)).toEqual(WHOLE);
    expect(new Set(document.tools.map(({ toolCallId }) => toolCallId)).size).toBe(2);
    const told = document.messages.filter(({ role }) => role === 'tool');
    expect(told.map(({ text, toolCallId }) => [text, toolCallId])).toEqual(
      document.tools.map(({ result, toolCallId }) => [result, toolCallId]),
    );
  });

  it('stay apart where no span tells of the runs', () => {
    const document = only(inOneTrace.filter(({ spanId }) => !spanId.endsWith('-run')));
    expect(toolsOf(document)).toEqual(WHOLE.map((tool) => tool.with(3, false)));
  });

  it('stay apart where only spans of runs are there, which lie after each other', () => {
    const document = only(inTwoTraces.filter(({ spanId }) => spanId.endsWith('-run')));
    expect(document.tools.map(({ arguments: given }) => JSON.parse(given).path)).toEqual(['first', 'second']);
  });

  it('keep the result that comes with the next turn, in a trace of its own', () => {
    const [ask, , tell] = run({ name: 'first', traceId: A, startMs: 0 });
    const { tools } = only([ask as SpanSignal, { ...(tell as SpanSignal), traceId: B }]);
    expect(tools).toMatchObject([{ toolCallId: 'call_1', status: 'ok', result: 'result of first' }]);
  });

  it('are one where a wrapper tells the same again, also when nothing joins the two but their time', () => {
    const spans = run({ name: 'first', traceId: A, startMs: 0 });
    const wrapped = (parentSpanId: string): SpanSignal[] =>
      spans.flatMap((span) =>
        span.spanId.endsWith('-run')
          ? [span]
          : [
              { ...span, parentSpanId, endTimeUnixNano: span.endTimeUnixNano - 10_000_000n },
              { ...span, spanId: `${span.spanId}-outer` },
            ],
      );
    const joined = wrapped('').map((span) =>
      span.parentSpanId === '' ? { ...span, parentSpanId: `${span.spanId}-outer` } : span,
    );
    for (const all of [joined, wrapped('of no interest')]) {
      const document = only(all);
      expect(document.tools).toMatchObject([{ toolCallId: 'call_1', callId: 'first-ask', result: 'result of first' }]);
    }
  });

  it('are the same in whatever pieces the spans come, and again', () => {
    for (const spans of [inTwoTraces, inOneTrace]) {
      const whole = only(spans);
      const parts = spans.map((span) => only([span]));
      for (const order of [parts, parts.toReversed()]) {
        const united = order.reduce(uniteDocuments);
        expect(united).toEqual(whole);
        for (const part of parts) expect(uniteDocuments(part, united)).toEqual(whole);
      }
    }
  });
});
