import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TextBudget } from '../building/text-budget.ts';
import { type Limits, readElements } from './read-elements.ts';

interface Read {
  readonly values: readonly (readonly [string, unknown])[];
  readonly skipped: readonly (readonly [number, string])[];
}

/** What comes of a file that is given in pieces of this size; `during` sees how many values there are after each. */
function read(
  content: string | Uint8Array,
  ways: readonly string[],
  size = 64,
  { during = () => {}, limits }: { during?: (values: number) => void; limits?: Limits } = {},
): Read {
  const values: [string, unknown][] = [];
  const skipped: [number, string][] = [];
  const context = {
    fileName: null,
    filePath: null,
    texts: new TextBudget(1_000_000),
    isForUsage: false,
    skip: (entry: number, reason: string) => void skipped.push([entry, reason]),
    begin: () => undefined,
    leaveOut: () => undefined,
  };
  const taker = {
    value: (way: readonly (string | number)[], value: unknown) => void values.push([way.join('.'), value]),
    finish: () => [],
  };
  const reader = readElements(context, ways, taker, limits);
  const bytes = Buffer.from(content);
  for (let from = 0; from < bytes.length; from += size) {
    reader.chunk(bytes.subarray(from, from + size));
    during(values.length);
  }
  reader.finish();
  return { values, skipped };
}

describe('a file of one JSON value', () => {
  const limits = { textBytes: 1000, elementBytes: 2000 };

  it('gives every element of every list that is asked for, cut anywhere, as JSON.parse has it', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 3 })), fc.integer({ min: 1, max: 40 }), (list, size) => {
        const text = JSON.stringify({ before: [list], list, after: { list } });
        const parsed = (JSON.parse(text) as { list: unknown[] }).list;
        const { values, skipped } = read(text, ['list.*'], size);
        expect(values).toEqual(parsed.map((value, index) => [`list.${index}`, value]));
        expect(skipped).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  it('gives an element as soon as it is complete, long before the file ends', () => {
    const text = JSON.stringify(Array.from({ length: 100 }, (_, index) => ({ messages: [{ index }, { index }] })));
    const seen: number[] = [];
    read(text, ['*.messages.*'], 100, { during: (count) => seen.push(count) });
    expect(seen[0]).toBeGreaterThan(0);
    expect(seen.every((count, index) => index === 0 || count - (seen[index - 1] ?? 0) < 10)).toBe(true);
  });

  it.each([1000, 1001, 1002, 1003, 1004])(
    'leaves out an element with a text of more than %i bytes, and reads on',
    (textBytes) => {
      const long = 'x\\n€'.repeat(300);
      const text = `[{"text":"a"},{"text":"${long}","more":"\\"]"},{"text":"b"},"${long}",{"${long}":1},1]`;
      const { values, skipped } = read(text, ['*'], 10, { limits: { ...limits, textBytes } });
      expect(values.map(([way]) => way)).toEqual(['0', '2', '5']);
      expect(skipped).toEqual([
        [2, '1 is too large to be read'],
        [4, '3 is too large to be read'],
        [5, '4 is too large to be read'],
      ]);
    },
  );

  it('leaves out an element that is too large in all, and reads on', () => {
    const text = `[1,[${'0,'.repeat(2000)}0],2,{"a":[${'[],'.repeat(2000)}[]]}]`;
    const { values, skipped } = read(text, ['*'], 10, { limits });
    expect(values).toEqual([
      ['0', 1],
      ['2', 2],
    ]);
    expect(skipped).toEqual([
      [2, '1 is too large to be read'],
      [4, '3 is too large to be read'],
    ]);
  });

  it.each([
    ['breaks off', '[{"a":1},{"a":2},{"a"', 3, /ends too early/],
    ['breaks off in a text', '[{"a":1},{"a":2},{"a":"\\ud8', 3, /ends too early/],
    ['has a member without a name', '[{"a":1},{"a":2},{:3},{"a":4}]', 3, /damaged here.*at byte 18/],
    ['closes what was not open', '[{"a":1},{"a":2}}{"a":3}]', 3, /damaged here/],
    ['goes on after its end', '[{"a":1},{"a":2}] [{"a":3}]', 3, /damaged here/],
    ['has a number without an end', `[{"a":1},{"a":2},${'1'.repeat(5000)}]`, 3, /damaged here.*digits/],
    ['is nested without an end', `[{"a":1},{"a":2},${'['.repeat(100_000)}`, 3, /damaged here.*nested/],
  ])('that %s is read up to there, and the place is named', (_, text, entry, reason) => {
    const { values, skipped } = read(text, ['*']);
    expect(values.slice(0, 2)).toEqual([
      ['0', { a: 1 }],
      ['1', { a: 2 }],
    ]);
    expect(values).toHaveLength(2);
    expect(skipped).toEqual([[entry, expect.stringMatching(reason)]]);
  });

  it('does not quote a text that stands where none may', () => {
    expect(read('[{"a" "sk-secret"}]', ['*']).skipped[0]?.[1]).not.toContain('secret');
  });

  it('reads what Python writes for numbers that JSON has no word for', () => {
    const { values, skipped } = read('[NaN, Infinity, -Infinity, "NaN", {"a":NaN}]', ['*'], 3);
    expect(values.map(([, value]) => value)).toEqual([null, Infinity, -Infinity, 'NaN', { a: null }]);
    expect(skipped).toEqual([]);
  });

  it('takes a member that is named like the prototype for a member', () => {
    const [[, value] = []] = read('[{"__proto__":{"polluted":true}}]', ['*']).values;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value as object)).toEqual(['__proto__']);
  });

  it('shows bytes that are no UTF-8 as such, and reads on', () => {
    const text = Buffer.concat([Buffer.from('["a'), Buffer.from([0xff, 0xfe]), Buffer.from('b","c"]')]);
    expect(read(text, ['*'], 1).values.map(([, value]) => value)).toEqual(['a\ufffd\ufffdb', 'c']);
  });
});
