import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter } from './line-splitter.ts';

interface Split {
  readonly lines: { readonly text: string; readonly number: number }[];
  readonly tooLong: { readonly number: number; readonly bytes: number }[];
  readonly rest: string | null;
  readonly count: number;
}

function split(content: string | Uint8Array, sizes: readonly number[], limit = 1000): Split {
  const lines: Split['lines'] = [];
  const tooLong: Split['tooLong'] = [];
  const splitter = new LineSplitter(limit, {
    line: (text, number) => void lines.push({ text, number }),
    tooLong: (number, bytes) => void tooLong.push({ number, bytes }),
  });
  const bytes = Buffer.from(content);
  for (let from = 0, turn = 0; from < bytes.length; turn++) {
    const to = Math.min(bytes.length, from + (sizes[turn % sizes.length] ?? 1));
    const chunk = Uint8Array.from(bytes.subarray(from, to));
    splitter.chunk(chunk);
    // The giver may write over its buffer: nothing that is held may change with it.
    chunk.fill(0x58);
    from = to;
  }
  const rest = splitter.rest()?.text ?? null;
  return { lines, tooLong, rest, count: splitter.lines };
}

describe('bytes into lines', () => {
  it('gives the same lines however the bytes are cut into chunks', () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'ä', '🎈', '\r', ' ', '"'), maxLength: 30 });
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (texts, sizes) => {
        const content = texts.join('\n');
        expect(split(content, sizes)).toEqual(split(content, [1_000_000]));
        const shown = split(`${content}\n`, sizes).lines.map(({ text }) => text);
        expect(shown).toEqual(texts.map((text) => text.replace(/\r$/, '')).filter((text) => text.trim() !== ''));
      }),
    );
  });

  it('counts a line that is too long and keeps nothing of it, wherever it stands', () => {
    const long = 'x'.repeat(50);
    const { lines, tooLong, rest, count } = split(`{}\n${long}\n{}\r\n\n${long}`, [7], 20);
    expect(lines).toEqual([
      { text: '{}', number: 1 },
      { text: '{}', number: 3 },
    ]);
    expect(tooLong).toEqual([
      { number: 2, bytes: 50 },
      { number: 5, bytes: 50 },
    ]);
    expect([rest, count]).toEqual([null, 5]);
  });

  it('keeps a last line without an end apart, for it may not be whole', () => {
    expect(split('{"a":1}\n{"b"', [3])).toMatchObject({
      lines: [{ text: '{"a":1}', number: 1 }],
      rest: '{"b"',
      count: 2,
    });
  });

  it.each([2, 1000])(
    'shows a line of NUL, which a crash leaves, but none of white space (%d bytes at once)',
    (size) => {
      const { lines, count } = split('\0\0\0\n  \r\n\t\n\n{}\r\n', [size]);
      expect(lines).toEqual([
        { text: '\0\0\0', number: 1 },
        { text: '{}', number: 5 },
      ]);
      expect(count).toBe(5);
    },
  );

  it('tells a line that is too long among others that come at once', () => {
    const long = 'x'.repeat(50);
    const { lines, tooLong } = split(`{}\n${long}\n{}\n`, [1000], 20);
    expect([lines.map(({ number }) => number), tooLong]).toEqual([[1, 3], [{ number: 2, bytes: 50 }]]);
  });
});
