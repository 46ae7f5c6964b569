import { expect, test } from 'vitest';
import { sampleDocument } from '../test/sample-document.ts';
import { redactDocument } from './redact-document.ts';

const SECRET = ['ghp', 'a1B2'.repeat(9)].join('_');

test('secrets go from every text of a document, and from nothing else', () => {
  const plain = sampleDocument({ turns: 1 });
  const [message] = plain.messages;
  const [call] = plain.calls;
  if (!message || !call) throw new Error('the sample has a message and a call');
  const tool = {
    ...{
      toolCallId: 't',
      name: 'bash',
      callId: null,
      atMs: 1,
      sequence: 1,
      subagent: SECRET,
      status: 'failed' as const,
    },
    ...{ startedAtMs: null, endedAtMs: null, argumentsHash: 'h', argumentBytes: 9, argumentCount: 1, resultBytes: 40 },
    ...{ arguments: SECRET, result: SECRET, error: { type: 'x', message: SECRET } },
  };
  const span = {
    ...{ traceId: 't', spanId: 's', parentSpanId: null, kind: 'agent' as const, name: SECRET, service: 's' },
    ...{ agent: SECRET, startMs: 1, endMs: 2, callId: null, toolCallId: null, messageIds: [] },
  };
  const failed = { ...call, error: { type: '401', message: SECRET }, rawUsage: SECRET };
  const said = { ...message, text: `${SECRET} said` };
  const document = sampleDocument({
    agentId: SECRET,
    title: SECRET,
    outcome: { succeeded: true, detail: SECRET },
    facts: { remote: `https://jane:${SECRET}@example.invalid`, dbPassword: ['hunter', '2'].join('') },
    messages: [said],
    calls: [failed],
    tools: [tool],
    telemetry: {
      spans: [span],
      calls: [{ span: 's', call: failed }],
      tools: [tool],
      messages: [said],
      bare: [{ span: 's', usage: null, rawUsage: SECRET }],
    },
  });
  const redacted = redactDocument(document);
  expect(JSON.stringify(redacted)).not.toContain(SECRET.slice(4, 20));
  expect(redacted.facts).toEqual({ remote: 'https://jane:****@example.invalid', dbPassword: '****' });
  expect(redacted.messages).toEqual([{ ...said, text: '**** said' }]);
  expect(redacted.tools[0]).toMatchObject({ arguments: '****', argumentBytes: 9, argumentsHash: 'h', resultBytes: 40 });
  expect(redactDocument(redacted)).toEqual(redacted);
  expect(redactDocument(plain)).toEqual(plain);
});

test('each part of a message still finds its piece of the text', () => {
  const part = { atMs: null, sequence: 0, characters: 100, estimatedTokens: 9 };
  const pieces = [`one ${SECRET}`, '', 'two', `${SECRET} three`];
  const parts = pieces.map((piece, at) => ({ ...part, partId: `p${at}`, kept: piece.length }));
  const [message] = sampleDocument({ turns: 1 }).messages;
  if (!message) throw new Error('the sample has a message');
  const text = pieces.filter((piece) => piece !== '').join('\n');
  const [redacted] = redactDocument(sampleDocument({ messages: [{ ...message, text, parts }] })).messages;
  expect(redacted?.text).toBe('one ****\ntwo\n**** three');
  expect(redacted?.parts).toEqual(parts.map((one, at) => ({ ...one, kept: [8, 0, 3, 10][at] })));
});

test('a fact of any name stays one', () => {
  const facts = JSON.parse('{"__proto__":"a","constructor":"b"}') as Record<string, string>;
  expect(Object.entries(redactDocument(sampleDocument({ facts })).facts)).toEqual([
    ['__proto__', 'a'],
    ['constructor', 'b'],
  ]);
});
