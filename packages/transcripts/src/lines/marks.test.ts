import { expect, it } from 'vitest';
import { Marks } from './marks.ts';

it('finds the pieces in which a mark begins, in one buffer after another', () => {
  const marks = new Marks(['usage"', '\\u00']);
  const buffer = Buffer.from('a usage" b\nnothing\nb \\u0041\nusage\n"usage"\n');
  const found = (bytes: Buffer): boolean[] => {
    const pieces: boolean[] = [];
    for (let from = 0, end = bytes.indexOf(10); end >= 0; from = end + 1, end = bytes.indexOf(10, from)) {
      pieces.push(marks.beginIn(bytes, from, end));
    }
    return pieces;
  };
  expect(found(buffer)).toEqual([true, false, true, false, true]);
  expect(found(Buffer.from('x\nusage"\n'))).toEqual([false, true]);
  expect(found(buffer)).toEqual([true, false, true, false, true]);
});
