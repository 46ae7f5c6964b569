import { expect, it } from 'vitest';
import { uniteDocuments } from '../src/index.ts';
import { readText } from './bytes.ts';
import { answerLine, userLine } from './claude-lines.ts';

const boundary = JSON.stringify({
  ...{ type: 'system', subtype: 'compact_boundary', content: 'Conversation compacted', uuid: 'b1', sessionId: 's' },
  ...{
    parentUuid: null,
    timestamp: '2026-03-01T10:00:20.000Z',
    compactMetadata: { trigger: 'auto', preTokens: 155_979 },
  },
});
const more = { isCompactSummary: true };
const lines = [
  userLine({ uuid: 'u1' }),
  answerLine({ uuid: 'a1', parent: 'u1', at: 1, id: 'msg_1' }),
  boundary,
  userLine({ uuid: 'u2', parent: 'b1', at: 21, text: 'This session is continued from another. '.repeat(100), more }),
  answerLine({ uuid: 'a2', parent: 'u2', at: 22, id: 'msg_2' }),
];

async function read(from: number, to: number) {
  const { documents } = await readText(`${lines.slice(from, to).join('\n')}\n`);
  return documents[0];
}

it('a compaction is told with what the model was given before it, and what its summary weighs', async () => {
  const whole = await read(0, 5);
  expect(whole?.compactions).toEqual([
    {
      compactionId: 'b1',
      atMs: Date.parse('2026-03-01T10:00:20.000Z'),
      sequence: 0,
      subagent: null,
      beforeTokens: 155_979,
      summaryTokens: expect.any(Number),
    },
  ]);
  expect(whole?.compactions?.[0]?.summaryTokens).toBeGreaterThan(800);
  // The summary is what the program put in, and nothing that somebody said.
  expect(whole?.messages).toHaveLength(3);
});

it('a compaction is the same whose lines lie in two files', async () => {
  const [one, other, whole] = [await read(0, 3), await read(3, 5), await read(0, 5)];
  if (!one || !other) throw new Error('no session');
  expect(uniteDocuments(one, other)).toEqual(whole);
  expect(uniteDocuments(other, one)).toEqual(whole);
});
