import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeWithCorpus } from '@tracepost/testing';
import { describe, expect, it } from 'vitest';
import type { Reading } from '../src/index.ts';
import { readText } from './bytes.ts';
import { answerLine, QUESTION, resultLine, toolUse, userLine } from './claude-lines.ts';

/** Of every call that took something: who answered and what it took. */
function taken({ documents }: Reading): object[] {
  return documents.flatMap(({ sessionId, calls }) =>
    calls
      .filter(({ usage, besides }) => besides.length > 0 || (usage !== null && usage.input + usage.output > 0))
      .map(({ callId, atMs, provider, model, status, usage, rawUsage, besides, serviceTier, reportedCostUsd }) => ({
        ...{ sessionId, callId, atMs, provider, model, status, usage, rawUsage, besides, serviceTier, reportedCostUsd },
      })),
  );
}

const SESSION = [
  QUESTION,
  answerLine({ uuid: 'a1', id: 'msg_1', parent: 'u1', at: 1, output: 1 }),
  answerLine({ uuid: 'a2', id: 'msg_1', parent: 'a1', at: 2, output: 70, blocks: [toolUse('toolu_1')] }),
  resultLine({ uuid: 'r1', parent: 'a2', at: 3, tool: 'toolu_1', text: 'no such thing here' }),
  // The clock was set back between two lines of an answer: the later line counts all the same.
  answerLine({ uuid: 'a3', id: 'msg_2', parent: 'r1', at: 9, output: 1 }),
  answerLine({ uuid: 'a4', id: 'msg_2', parent: 'a3', at: 4, output: 40 }),
  userLine({ uuid: 'u2', at: 10, text: 'the "usage" of it' }),
];

describe('where only usage is asked for', () => {
  it.each([50, 1000, 1_000_000])('the calls took the same, in chunks of %d bytes', async (size) => {
    const whole = taken(await readText(SESSION.join('\n'), {}, size));
    expect(whole).toMatchObject([{ usage: { output: 70 } }, { usage: { output: 40 } }]);
    expect(taken(await readText(SESSION.join('\n'), { wanted: 'usage' }, size))).toEqual(whole);
  });

  it('finds a usage whose name is written with the number of a letter', async () => {
    const lines = SESSION.map((line) => line.replace('"usage":', '"us\\u0061ge":')).join('\n');
    expect(taken(await readText(lines, { wanted: 'usage' }))).toEqual(taken(await readText(lines)));
  });

  it('reads no other lines, says nothing of them, and counts them', async () => {
    const broken = [...SESSION, ...Array.from({ length: 30 }, () => '{"broken'), '{"usage"', ''].join('\n');
    const { lines, skipped, documents } = await readText(broken, { wanted: 'usage' }, 200);
    expect(lines).toBe(38);
    expect(skipped.map(({ line }) => line)).toEqual([38]);
    expect(documents[0]?.messages.map(({ text }) => text).join('')).not.toContain('no such thing');
    expect(documents[0]?.tools).toEqual([]);
  });
});

describeWithCorpus('of recorded files, where only usage is asked for,', (corpus) => {
  const names = readdirSync(corpus, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.jsonl'));

  it.each(names)('%s took the same', async (name) => {
    const bytes = readFileSync(join(corpus, name));
    const read = (wanted: 'everything' | 'usage'): Promise<object[] | string> =>
      readText(bytes, { wanted, fileName: name }, 64 * 1024).then(taken, String);
    expect(await read('usage')).toEqual(await read('everything'));
  });
});
