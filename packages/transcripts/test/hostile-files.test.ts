import type { SessionDocument } from '@tracepost/contracts';
import { describe, expect, it } from 'vitest';
import { UnknownFormatError } from '../src/index.ts';
import { readText } from './bytes.ts';
import { answerLine, userLine } from './claude-lines.ts';
import { countLine, metaLine, SELF, tokensOf } from './codex-lines.ts';

const QUESTION = userLine({ uuid: 'u1', at: 1 });
const ANSWER = answerLine({ uuid: 'a1', parent: 'u1', at: 3, id: 'msg_1', output: 7 });

/** Whatever stands in the middle, what stands around it is read. */
function around(middle: string): string {
  return `${QUESTION}\n${middle}\n${ANSWER}\n`;
}

function output([document]: readonly SessionDocument[]): number {
  return document?.calls.reduce((sum, { usage }) => sum + (usage?.output ?? 0), 0) ?? -1;
}

describe('a line that cannot be read', () => {
  it.each([
    ['no JSON', '{"type":"assistant"', /is no JSON/],
    ['NUL bytes', '\0\0\0\0', /NUL/],
    ['no object', '[1,2]', /no JSON object/],
    ['no type', '{"sessionId":"s"}', /no type/],
    ['tokens below zero', answerLine({ uuid: 'x', id: 'msg_x', at: 2, output: -5 }), /negative/],
    ['tokens without end', answerLine({ uuid: 'x', id: 'msg_x', at: 2, output: 1e300 }), /tokens/],
    ['tokens as text', answerLine({ uuid: 'x', id: 'msg_x', at: 2, output: '12' }), /tokens/],
    ['the year 9999', userLine({ uuid: 'x' }).replace(/"timestamp":"\d{4}/, '"timestamp":"9999'), /time/],
    ['a time in words', userLine({ uuid: 'x' }).replace(/"timestamp":"[^"]*/, '"timestamp":"yesterday'), /time/],
    [
      '__proto__ as session',
      userLine({ uuid: 'x' }).replace('"sessionId":"s"', '"sessionId":"__proto__"'),
      /__proto__/,
    ],
    ['__proto__ as answer', answerLine({ uuid: 'x', id: '__proto__', at: 2, output: 1 }), /__proto__/],
    ['an id with a line break', userLine({ uuid: 'x\\ny' }), /id/],
    ['no session', userLine({ uuid: 'x' }).replace('"sessionId":"s",', ''), /session/],
    ['no message', '{"type":"user","sessionId":"s","uuid":"x"}', /message/],
    ['lists in each other', `{"type":"user","x":${'['.repeat(70_000)}${']'.repeat(70_000)}}`, /deeper/],
  ])('(%s) is skipped with its number and a reason, and the totals are exact', async (_name, line, reason) => {
    const { documents, skipped, skippedCount, lines } = await readText(around(line));
    expect(skipped).toEqual([{ line: 2, reason: expect.stringMatching(reason) }]);
    expect([skippedCount, lines, output(documents)]).toEqual([1, 3, 7]);
  });

  it('is none for the words that Python has for numbers that are none', async () => {
    const line = answerLine({ uuid: 'x', id: 'msg_x', at: 2, output: 5 }).replace(
      '{',
      '{"reward":NaN,"x":[-Infinity,"NaN \\" NaN"],',
    );
    const { documents, skipped } = await readText(around(line));
    expect([skipped, output(documents)]).toEqual([[], 12]);
    const broken = await readText(around(line.replace('[', '')));
    expect(broken.skipped).toEqual([{ line: 2, reason: expect.stringMatching(/is no JSON/) }]);
  });

  it.each<[string, string, (type: object) => object]>([
    ['Claude Code', `${QUESTION}\n${ANSWER}`, (type) => ({ type, sessionId: 's', uuid: 'x' })],
    ['Codex', `${metaLine(SELF)}\n${countLine(tokensOf(1, 7), tokensOf(1, 7), 2)}`, (type) => ({ type, payload: {} })],
  ])('of %s whose kind is no word is the only one that is left out, also as the first', async (_, others, of) => {
    const damaged = JSON.stringify(of({ toString: 1, valueOf: 1 }));
    expect(output((await readText(`${damaged}\n${others}\n`)).documents)).toBe(7);
  });

  it('is named up to a thousand times, and counted every time', async () => {
    const { skipped, skippedCount } = await readText(around('oops\n'.repeat(2500).trimEnd()));
    expect([skipped.length, skippedCount, skipped.at(-1)?.line]).toEqual([1000, 2500, 1001]);
  });

  it('says nothing of what stands in it: that may be a secret', async () => {
    const { skipped } = await readText(around('{"password":"hunter2'));
    expect(JSON.stringify(skipped)).not.toContain('hunter2');
  });

  it('is let go when it is too long, also as the first of the file', async () => {
    const long = `{"type":"user","x":"${'y'.repeat(5 * 1024 * 1024)}"}`;
    for (const content of [around(long), `${long}\n${around('')}`]) {
      const reading = await readText(content, { longestLineBytes: 1024 * 1024 }, 256 * 1024);
      expect(reading.skipped).toMatchObject([{ reason: expect.stringMatching(/bytes/) }]);
      expect(output(reading.documents)).toBe(7);
    }
  });
});

describe('an unusual file', () => {
  const text = around('');

  it.each([
    ['with a byte-order mark', Buffer.from(`\u{feff}${text}`)],
    ['with the line ends of Windows', Buffer.from(text.replaceAll('\n', '\r\n'))],
    ['in UTF-16, little end first', Buffer.from(`\u{feff}${text}`, 'utf16le')],
    ['in UTF-16 without a mark', Buffer.from(text, 'utf16le')],
    ['in UTF-16, big end first', Buffer.from(`\u{feff}${text}`, 'utf16le').swap16()],
    ['without an end of its last line', Buffer.from(text.trimEnd())],
  ])('%s reads like any other', async (_name, bytes) => {
    const {
      documents: [document],
      skippedCount,
      partial,
    } = await readText(bytes, {}, 7);
    const {
      documents: [plain],
    } = await readText(text);
    expect(document).toEqual(plain);
    expect([skippedCount, partial]).toEqual([0, 0]);
  });

  it('reads on over bytes that are no UTF-8', async () => {
    const bytes = Buffer.from(around(userLine({ uuid: 'x', text: 'caf#' })));
    bytes[bytes.indexOf('#')] = 0xe9;
    const { documents, skippedCount } = await readText(bytes);
    expect(documents[0]?.messages.map((message) => message.text)).toContain('caf\u{fffd}');
    expect(skippedCount).toBe(0);
  });

  it('that is still being written keeps its last line for later', async () => {
    const { documents, partial, skippedCount, lines } = await readText(`${text}${ANSWER.slice(0, 50)}`);
    expect([output(documents), partial, skippedCount, lines]).toEqual([7, 1, 0, 4]);
  });

  it.each([
    ['empty', '', /empty/],
    ['blank', ' \n\n', /empty/],
    ['of another kind', '# Title\n\nSome words.\n', /no transcript format is known/],
    ['no text at all', '\x89PNG\r\n\0\0\0\r', /something other than text/],
    ['of other JSON', '{"hello":"world"}\n{"hello":"world"}\n', /known are claude-code/],
  ])('that is %s is refused with what would be right', async (_name, content, message) => {
    const refused = readText(content);
    await expect(refused).rejects.toThrow(UnknownFormatError);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toMatchObject({ code: 'transcripts/unknown-format' });
  });

  it('of another format than the one that is named is refused', async () => {
    await expect(readText(text, { format: 'codex' })).rejects.toThrow(/nothing in this file is of the format codex/);
  });
});

describe('reading', () => {
  it('stops with the reason of its signal', async () => {
    const controller = new AbortController();
    const reading = readText(
      around(''),
      { signal: controller.signal, onProgress: () => controller.abort(new Error('enough')) },
      10,
    );
    await expect(reading).rejects.toThrow('enough');
  });

  it('tells how far it is', async () => {
    const seen: number[] = [];
    const { bytes } = await readText(around(''), { onProgress: (read) => seen.push(read) }, 100);
    expect(seen).toEqual(seen.toSorted((one, other) => one - other));
    expect(seen.at(-1)).toBe(bytes);
    expect(bytes).toBe(Buffer.byteLength(around('')));
  });

  it('keeps no more text than it may, and every number', async () => {
    const many = Array.from({ length: 50 }, (_, index) => userLine({ uuid: `u${index}`, text: 'x'.repeat(1000) })).join(
      '\n',
    );
    const {
      documents: [document],
    } = await readText(many, { textCharacters: 10_000 });
    const kept = document?.messages.reduce((sum, message) => sum + message.text.length, 0);
    expect(kept).toBe(10_000);
    expect(document?.messages.every(({ characters }) => characters === 1000)).toBe(true);
  });
});
