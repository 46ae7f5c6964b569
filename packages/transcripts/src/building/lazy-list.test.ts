import { isDeepStrictEqual } from 'node:util';
import { expect, it } from 'vitest';
import { lazyList } from './lazy-list.ts';

const list = lazyList(3, (index) => ({ index }));
const plain = [{ index: 0 }, { index: 1 }, { index: 2 }];

it('a list that makes its elements when they are asked for is read like any other', () => {
  expect(list).toEqual(plain);
  expect([...list, list.length, list[1], list[3], list.at(-1)]).toEqual([...plain, 3, plain[1], undefined, plain[2]]);
  expect(list.map(({ index }) => index)).toEqual([0, 1, 2]);
  expect([
    list.flatMap(({ index }) => [{ index }]),
    list.filter(() => true),
    list.slice(),
    list.toReversed().reverse(),
  ]).toEqual(Array.from({ length: 4 }, () => plain));
  expect([{ index: -1 }].concat(list)).toEqual([{ index: -1 }, ...plain]);
  expect(JSON.stringify({ list })).toBe(JSON.stringify({ list: plain }));
  expect(Object.entries(list)).toEqual(Object.entries(plain));
  expect([Array.isArray(list), 2 in list, 3 in list, '01' in list, '' in list]).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
  expect([isDeepStrictEqual(list, plain), isDeepStrictEqual(plain, list)]).toEqual([true, true]);
});

it('cannot be written to', () => {
  expect(() => (list as unknown[]).push({ index: 3 })).toThrow(TypeError);
  expect(() => Object.freeze(list)).toThrow(TypeError);
  expect(list).toEqual(plain);
});
