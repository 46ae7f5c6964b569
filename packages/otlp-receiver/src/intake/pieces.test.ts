import { expect, it } from 'vitest';
import { Pieces } from './pieces.ts';

function given(...lengths: readonly number[]): { pieces: Pieces; chunks: readonly Buffer[]; expected: Buffer } {
  let value = 0;
  const chunks = lengths.map((length) => Buffer.from(Uint8Array.from({ length }, () => value++ % 251).buffer));
  const expected = Buffer.concat(chunks);
  const pieces = new Pieces({ areOwn: true });
  for (const chunk of chunks) pieces.add(chunk);
  return { pieces, chunks, expected };
}

it.each([
  ['nothing', []],
  ['one chunk', [1_000]],
  ['two small ones', [3, 4]],
  ['chunks larger than a piece', [300_000, 1, 600_000]],
  ['exactly one piece, and one more', [262_144, 262_144]],
  ['many', Array.from({ length: 300 }, (_, at) => at * 13 + 1)],
])('gives %s as it came', (_, lengths) => {
  const { pieces, expected } = given(...lengths);
  expect(pieces.length).toBe(expected.length);
  expect(pieces.first(5)).toEqual(expected.subarray(0, 5));
  expect(pieces.whole().equals(expected)).toBe(true);
  expect(pieces.length).toBe(0);
});

it('gives each chunk back as soon as there is a second one, and leaves the only one as it is', () => {
  const { chunks } = given(100, 200);
  expect(chunks.map(({ length }) => length)).toEqual([0, 0]);
  const { pieces, chunks: only } = given(100);
  expect(pieces.whole()).toBe(only[0]);
});

it('is empty when that is asked for', () => {
  const { pieces, chunks } = given(100);
  pieces.empty();
  expect([pieces.length, pieces.whole().length, chunks[0]?.length]).toEqual([0, 0, 0]);
});

it('leaves chunks alone that others look at', () => {
  const pieces = new Pieces({ areOwn: false });
  const chunks = [Buffer.alloc(100, 'a'), Buffer.alloc(200, 'b')];
  pieces.add(chunks[0] as Buffer);
  pieces.empty();
  for (const chunk of chunks) pieces.add(chunk);
  expect(pieces.whole()).toHaveLength(300);
  expect(chunks.map(({ length }) => length)).toEqual([100, 200]);
});
