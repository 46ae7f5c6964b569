import { describe, expect, it } from 'vitest';
import { readTranscript } from '../../read-transcript.ts';

async function read(text: string, chunk = 1_000_000) {
  const bytes = new TextEncoder().encode(text);
  return readTranscript(
    (async function* () {
      for (let from = 0; from < bytes.length; from += chunk) yield bytes.subarray(from, from + chunk);
    })(),
  );
}

const TRACE = '5b8efff798038103d269b633813fc60c';
const START = '2026-06-01T10:00:00.250000Z';
const END = '2026-06-01T10:00:01.250000Z';
const START_MS = Date.parse('2026-06-01T10:00:00.250Z');

const llm = (input: number): Record<string, unknown> => ({
  'openinference.span.kind': 'LLM',
  'llm.model_name': 'gpt-5-mini',
  'llm.token_count.prompt': input,
  'llm.token_count.completion': 2,
});

/** As Python's SDK writes it. */
const python = (spanId: string, attributes: object, more: object = {}): object => ({
  name: 'work',
  context: { trace_id: `0x${TRACE}`, span_id: `0x${spanId}`, trace_state: '[]' },
  kind: 'SpanKind.INTERNAL',
  parent_id: null,
  start_time: START,
  end_time: END,
  status: { status_code: 'UNSET' },
  attributes,
  events: [],
  links: [],
  resource: { attributes: { 'service.name': 'shop' }, schema_url: '' },
  ...more,
});

const wrapper = python('00000000000000a0', { 'openinference.span.kind': 'CHAIN', 'llm.token_count.prompt': 10 });
const call = python('00000000000000a1', llm(10), { parent_id: '0x00000000000000a0' });
const failed = python('00000000000000a2', llm(20), {
  status: { status_code: 'ERROR', description: 'Too many requests' },
});

describe("spans of Python's SDK", () => {
  it.each([
    ['each on many lines', [wrapper, call, failed].map((one) => JSON.stringify(one, null, 4)).join('\n')],
    ['each on a line', [wrapper, call, failed].map((one) => JSON.stringify(one)).join('\n')],
    ['in a list', JSON.stringify([wrapper, call, failed])],
    ['in a list on many lines', JSON.stringify([wrapper, call, failed], null, 2)],
  ])('%s', async (_, text) => {
    for (const chunk of [11, 1_000_000]) {
      const { format, documents, skipped } = await read(text, chunk);
      expect({ format, skipped }).toEqual({ format: 'otel', skipped: [] });
      expect(documents).toMatchObject([
        {
          sessionId: TRACE,
          agentId: 'shop',
          calls: [
            { callId: '00000000000000a1', status: 'ok', askedAtMs: START_MS, atMs: START_MS + 1000 },
            { callId: '00000000000000a2', status: 'failed', error: { message: 'Too many requests' } },
          ],
        },
      ]);
    }
  });

  it('has messages in events', async () => {
    const events = [
      { name: 'gen_ai.user.message', timestamp: START, attributes: { content: 'Hello' } },
      { name: 'gen_ai.choice', timestamp: END, attributes: { message: 'Good day', finish_reason: 'end_turn' } },
    ];
    const { documents } = await read(JSON.stringify([python('a1', { 'gen_ai.operation.name': 'chat' }, { events })]));
    expect(documents).toMatchObject([
      { messages: [{ text: 'Hello' }, { text: 'Good day' }], calls: [{ stopReason: 'end_turn' }] },
    ]);
  });
});

const question = { role: 'user', content: 'Hello' };
const asked = { function: { name: 'weather', arguments: '{"city":"Riga"}' }, id: 'p1' };

describe('spans as they are written by', () => {
  it.each<[string, unknown]>([
    [
      "Phoenix's interface, with attributes in each other",
      {
        data: [
          {
            id: 'U3Bhbjox',
            name: 'ChatCompletion',
            context: { trace_id: TRACE, span_id: 'a1' },
            span_kind: 'LLM',
            parent_id: null,
            start_time: START,
            end_time: END,
            status_code: 'OK',
            status_message: '',
            attributes: {
              openinference: { span: { kind: 'LLM' } },
              llm: {
                model_name: 'gpt-5-mini',
                token_count: { prompt: 10, completion: 2 },
                input_messages: [{ message: question }],
                output_messages: [{ message: { role: 'assistant', tool_calls: [{ tool_call: asked }] } }],
              },
            },
            events: [],
          },
        ],
        next_cursor: null,
      },
    ],
    [
      "Phoenix's tables",
      [
        {
          name: 'ChatCompletion',
          span_kind: 'LLM',
          parent_id: null,
          start_time: START_MS,
          end_time: START_MS + 1000,
          status_code: 'OK',
          'context.span_id': 'a1',
          'context.trace_id': TRACE,
          ...Object.fromEntries(Object.entries(llm(10)).map(([name, value]) => [`attributes.${name}`, value])),
          'attributes.tool.name': null,
          'attributes.llm.input_messages': [{ 'message.role': 'user', 'message.content': 'Hello' }],
          'attributes.llm.output_messages': [
            {
              'message.role': 'assistant',
              'message.tool_calls': [
                {
                  'tool_call.id': 'p1',
                  'tool_call.function.name': 'weather',
                  'tool_call.function.arguments': '{"city":"Riga"}',
                },
              ],
            },
          ],
        },
      ],
    ],
    [
      'MLflow',
      {
        info: { trace_id: 'tr-1', trace_metadata: { 'mlflow.trace.session': 'mlflow-1' } },
        data: {
          spans: [
            {
              trace_id: 'W47/95gDgQPSabYzgT/GDA==',
              span_id: 'a1',
              parent_span_id: null,
              name: 'completions',
              start_time_unix_nano: `${START_MS}000000`,
              end_time_unix_nano: `${START_MS + 1000}000000`,
              status: { code: 'STATUS_CODE_OK', message: '' },
              attributes: {
                'mlflow.spanType': '"CHAT_MODEL"',
                'mlflow.llm.model': '"gpt-5-mini"',
                'mlflow.chat.tokenUsage': '{"input_tokens":10,"output_tokens":2}',
                'mlflow.spanInputs': JSON.stringify({ messages: [question] }),
                'mlflow.spanOutputs': JSON.stringify({
                  choices: [{ message: { role: 'assistant', content: null, tool_calls: [asked] } }],
                }),
              },
              events: [],
            },
          ],
        },
      },
    ],
    [
      'tables of ClickHouse, in trees',
      {
        trace_id: TRACE,
        spans: [
          {
            timestamp: START,
            trace_id: TRACE,
            span_id: 'a0',
            parent_span_id: null,
            span_name: 'run',
            service_name: 'shop',
            span_attributes: { 'openinference.span.kind': 'CHAIN', 'llm.token_count.prompt': '10' },
            duration: 'PT1M1.5S',
            status_code: 'Unset',
            child_spans: [
              {
                timestamp: START,
                trace_id: TRACE,
                span_id: 'a1',
                parent_span_id: 'a0',
                span_name: 'ask',
                service_name: 'shop',
                span_attributes: {
                  ...llm(10),
                  'llm.token_count.prompt': '10',
                  'llm.input_messages.0.message.role': 'user',
                  'llm.input_messages.0.message.content': 'Hello',
                  'llm.output_messages.0.message.role': 'assistant',
                  'llm.output_messages.0.message.tool_calls.0.tool_call.id': 'p1',
                  'llm.output_messages.0.message.tool_calls.0.tool_call.function.name': 'weather',
                  'llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments': '{"city":"Riga"}',
                },
                duration: 'PT1S',
                status_code: 'Ok',
                child_spans: [],
              },
            ],
          },
        ],
      },
    ],
    [
      "JavaScript's SDK",
      [
        {
          resource: { attributes: { 'service.name': 'shop' } },
          traceId: TRACE,
          parentSpanContext: { traceId: TRACE, spanId: '0000000000000000' },
          spanId: 'a1',
          name: 'chat',
          startTime: [START_MS / 1000 - 0.25, 250_000_000],
          endTime: [START_MS / 1000 + 0.75, 250_000_000],
          status: { code: 0 },
          attributes: {
            'gen_ai.operation.name': 'chat',
            'gen_ai.request.model': 'gpt-5-mini',
            'gen_ai.usage.input_tokens': 10,
            'gen_ai.usage.output_tokens': 2,
            'gen_ai.input.messages': JSON.stringify([question]),
            'gen_ai.output.messages': JSON.stringify([{ role: 'assistant', tool_calls: [asked] }]),
          },
          events: [],
        },
      ],
    ],
    [
      'Logfire',
      [
        {
          start_timestamp: START,
          end_timestamp: END,
          duration: 1,
          trace_id: TRACE,
          span_id: 'a1',
          parent_span_id: null,
          span_name: 'chat gpt-5-mini',
          service_name: 'shop',
          otel_status_code: null,
          attributes: {
            'gen_ai.operation.name': 'chat',
            'gen_ai.request.model': 'gpt-5-mini',
            'gen_ai.usage.input_tokens': 10,
            'gen_ai.usage.output_tokens': 2,
            'gen_ai.input.messages': [question],
            'gen_ai.output.messages': [{ role: 'assistant', tool_calls: [asked] }],
          },
          otel_events: [],
        },
      ],
    ],
  ])('%s', async (title, value) => {
    const lines = Array.isArray(value) ? value : [value];
    const texts = [
      JSON.stringify(value),
      JSON.stringify(value, null, 2),
      lines.map((one) => JSON.stringify(one)).join('\n'),
    ];
    for (const text of texts) {
      const { format, documents, skipped } = await read(text);
      expect({ format, skipped }).toEqual({ format: 'otel', skipped: [] });
      expect(documents).toMatchObject([
        {
          ...(title === 'MLflow' ? { sessionId: 'mlflow-1' } : { sessionId: TRACE }),
          calls: [
            {
              callId: 'a1',
              model: 'gpt-5-mini',
              status: 'ok',
              usage: { input: 10, output: 2 },
              askedAtMs: START_MS,
              atMs: START_MS + 1000,
            },
          ],
          tools: [{ toolCallId: 'p1', name: 'weather', arguments: '{"city":"Riga"}' }],
        },
      ]);
      expect(documents[0]?.messages.map(({ role, text: told }) => [role, told])).toEqual([
        ['user', 'Hello'],
        ['assistant', ''],
      ]);
    }
  });
});

it('a span that cannot be is left out alone', async () => {
  const { documents, skipped } = await read(JSON.stringify([call, { ...failed, start_time: 'yesterday' }]));
  expect(documents).toMatchObject([{ calls: [{ callId: '00000000000000a1' }] }]);
  expect(skipped).toMatchObject([{ line: 2 }]);
});

it('log records that stand among spans are none', async () => {
  const record = python(
    '00000000000000a1',
    { 'gen_ai.operation.name': 'chat', 'gen_ai.usage.input_tokens': 999 },
    {
      timestamp: '2026-06-01T10:00:02.000000Z',
      trace_id: `0x${TRACE}`,
      span_id: '0x00000000000000a1',
      severity_number: 9,
      body: 'an answer',
    },
  );
  for (const lines of [
    [call, record],
    [record, call],
  ]) {
    const { documents } = await read(JSON.stringify(lines));
    expect(documents).toMatchObject([{ calls: [{ usage: { input: 10 } }] }]);
  }
});

it('other records that name a trace are no spans', async () => {
  const entry = { timestamp: START, trace_id: TRACE, id: '7', attributes: { user: 'ann' }, message: 'signed in' };
  await expect(read([entry, entry].map((one) => JSON.stringify(one)).join('\n'))).rejects.toThrow(/format/);
});
