import { describe, expect, it } from 'vitest';
import { readTranscript } from '../../read-transcript.ts';

const chat = (spanId: string, input: number, extra: object = {}): object => ({
  traceId: '5B8EFFF798038103D269B633813FC60C',
  spanId,
  name: 'chat',
  kind: 3,
  startTimeUnixNano: '1780000000000000000',
  endTimeUnixNano: '1780000001000000000',
  attributes: [
    { key: 'gen_ai.operation.name', value: { stringValue: 'chat' } },
    { key: 'gen_ai.usage.input_tokens', value: { intValue: String(input) } },
    { key: 'gen_ai.usage.output_tokens', value: { intValue: 1 } },
    { key: 'gen_ai.response.finish_reasons', value: { arrayValue: { values: [{ stringValue: 'stop' }] } } },
  ],
  status: {},
  ...extra,
});

const request = (...spans: readonly object[]): object => ({
  resourceSpans: [
    {
      // After its spans on purpose: members of an object have no order.
      scopeSpans: [{ scope: { name: 'x' }, spans }],
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
    },
  ],
});

async function read(text: string, chunk = 1000) {
  const bytes = new TextEncoder().encode(text);
  const { format, documents, skipped } = await readTranscript(
    (async function* () {
      for (let from = 0; from < bytes.length; from += chunk) yield bytes.subarray(from, from + chunk);
    })(),
  );
  const calls = documents.flatMap((document) => document.calls);
  return { format, documents, skipped, inputs: calls.map(({ usage }) => usage?.input).toSorted() };
}

describe('OTLP as JSON', () => {
  it.each([
    ['one document', JSON.stringify(request(chat('a1', 10), chat('a2', 20)), null, 2)],
    ['one document on one line', JSON.stringify(request(chat('a1', 10), chat('a2', 20)))],
    [
      'a document on each line',
      [request(chat('a1', 10)), request(chat('a2', 20))].map((one) => JSON.stringify(one)).join('\n'),
    ],
    [
      'documents one after another',
      [request(chat('a1', 10)), request(chat('a2', 20))].map((one) => JSON.stringify(one, null, 1)).join('\n'),
    ],
    ['a list of documents', JSON.stringify([request(chat('a1', 10)), request(chat('a2', 20))], null, 1)],
  ])('%s', async (_title, text) => {
    for (const chunk of [7, 1_000_000]) {
      const { format, documents, skipped, inputs } = await read(text, chunk);
      expect({ format, skipped, inputs }).toEqual({ format: 'otel', skipped: [], inputs: [10, 20] });
      expect(documents).toMatchObject([
        { sessionId: '5b8efff798038103d269b633813fc60c', agentId: 'shop', calls: [{ stopReason: 'stop' }, {}] },
      ]);
    }
  });

  it('a first line that is longer than what is looked at is followed by others', async () => {
    const padding = {
      events: [{ name: 'x', attributes: [{ key: 'k', value: { stringValue: 'y'.repeat(100_000) } }] }],
    };
    const text = [request(chat('a1', 10, padding)), request(chat('a2', 20))]
      .map((one) => JSON.stringify(one))
      .join('\n');
    expect(await read(text, 4096)).toMatchObject({ inputs: [10, 20], skipped: [] });
  });

  it('a span that cannot be one is left out, counted and named; those around it are read', async () => {
    const text = JSON.stringify(
      request(chat('a1', 10), chat('a2', 20, { startTimeUnixNano: 'yesterday' }), chat('a3', 30)),
      null,
      1,
    );
    const { inputs, skipped } = await read(text);
    expect(inputs).toEqual([10, 30]);
    expect(skipped).toMatchObject([{ line: 2, reason: expect.stringContaining('"yesterday"') }]);
  });

  it('what breaks off gives what stood before, and says so', async () => {
    const text = JSON.stringify(request(chat('a1', 10), chat('a2', 20)), null, 1);
    const { inputs, skipped } = await read(text.slice(0, text.lastIndexOf('gen_ai.usage.input_tokens')));
    expect(inputs).toEqual([10]);
    expect(skipped).toHaveLength(1);
  });

  it('a damaged document on its line leaves the next ones alone', async () => {
    const line = JSON.stringify(request(chat('a1', 10)));
    const text = [line, line.slice(0, 200), JSON.stringify(request(chat('a2', 20)))].join('\n');
    const { inputs, skipped } = await read(text);
    expect(inputs).toEqual([10, 20]);
    expect(skipped).toMatchObject([{ line: 2 }]);
  });
});

describe('log records beside spans', () => {
  const log = (spanId: string, name: string, body: object): object => ({
    timeUnixNano: '1780000000500000000',
    eventName: name,
    traceId: '5B8EFFF798038103D269B633813FC60C',
    spanId: spanId.toUpperCase(),
    body: {
      kvlistValue: { values: Object.entries(body).map(([key, text]) => ({ key, value: { stringValue: text } })) },
    },
  });
  const logs = {
    resourceLogs: [
      {
        scopeLogs: [
          {
            logRecords: [
              log('a1', 'gen_ai.user.message', { content: 'how warm is it?' }),
              log('a1', 'gen_ai.choice', { message: JSON.stringify({ role: 'assistant', content: 'warm' }) }),
              log('ff', 'gen_ai.user.message', { content: 'of a span that is not here' }),
              log('a1', 'cart.empty', { content: 'of other work' }),
            ],
          },
        ],
      },
    ],
  };
  const metrics = { resourceMetrics: [] };

  it.each([
    ['on lines, before', [metrics, logs, request(chat('a1', 10))].map((one) => JSON.stringify(one)).join('\n')],
    ['on lines, after', [request(chat('a1', 10)), logs].map((one) => JSON.stringify(one)).join('\n')],
    ['in documents, before', [logs, request(chat('a1', 10))].map((one) => JSON.stringify(one, null, 1)).join('\n')],
    ['in documents, after', [request(chat('a1', 10)), logs].map((one) => JSON.stringify(one, null, 1)).join('\n')],
    ['in one document', JSON.stringify({ ...request(chat('a1', 10)), ...logs }, null, 1)],
  ])('tell what was said, %s', async (_title, text) => {
    const { documents, skipped } = await read(text);
    expect(skipped).toEqual([]);
    expect(documents).toMatchObject([{ agentId: 'shop', calls: [{ usage: { input: 10 } }] }]);
    expect(documents[0]?.messages.map(({ role, text: said }) => [role, said])).toEqual([
      ['user', 'how warm is it?'],
      ['assistant', 'warm'],
    ]);
  });
});

describe('a span with a count that cannot be', () => {
  it('is a call without usage, and the file tells why', async () => {
    const { documents, skipped } = await read(JSON.stringify(request(chat('a1', -5), chat('a2', 20)), null, 1));
    expect(documents.flatMap(({ calls }) => calls.map(({ usage }) => usage?.input ?? null))).toEqual([null, 20]);
    expect(skipped).toMatchObject([{ reason: expect.stringContaining('gen_ai.usage.input_tokens is -5') }]);
  });
});
