import { expect, it } from 'vitest';
import { readTranscript } from '../../read-transcript.ts';

async function read(text: string) {
  return readTranscript(
    (async function* () {
      yield new TextEncoder().encode(text);
    })(),
  );
}

const observation = (id: string, more: object): object => ({
  id,
  traceId: 'trace-1',
  parentObservationId: null,
  startTime: '2026-06-01T10:00:00.000Z',
  endTime: '2026-06-01T10:00:01.000Z',
  level: 'DEFAULT',
  ...more,
});

const agent = observation('o1', { type: 'AGENT', name: 'Ann' });
const call = observation('o2', {
  type: 'GENERATION',
  name: 'ask',
  parentObservationId: 'o1',
  model: 'gpt-5-mini',
  input: [{ role: 'user', content: 'Hello' }],
  output: { role: 'assistant', content: 'Good day' },
  usageDetails: { input: 10, input_cached_tokens: 4, output: 2, total: 16 },
});

it.each([
  ['a page of its interface', JSON.stringify({ data: [agent, call], meta: { page: 1 } })],
  ['a list', JSON.stringify([agent, call], null, 2)],
  ['one a line', [agent, call].map((one) => JSON.stringify(one)).join('\n')],
])("Langfuse's observations are read: %s", async (_, text) => {
  const { format, documents, skipped } = await read(text);
  expect({ format, skipped }).toEqual({ format: 'otel', skipped: [] });
  expect(documents).toMatchObject([
    {
      sessionId: 'trace-1',
      agentId: 'Ann',
      calls: [{ callId: 'o2', model: 'gpt-5-mini', usage: { input: 14, cacheRead: 4, output: 2 } }],
      messages: [{ text: 'Hello' }, { text: 'Good day' }],
    },
  ]);
});
