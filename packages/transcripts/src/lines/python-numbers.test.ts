import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withoutPythonNumbers } from './python-numbers.ts';

describe('a line with words for numbers that are none', () => {
  it('has null in their places, and its texts as they are', () => {
    const line = '{"a":NaN,"b":[-Infinity,Infinity],"NaN":"NaN \\\\\\" NaN","c":"\\\\"}';
    expect(JSON.parse(withoutPythonNumbers(line) ?? '')).toEqual({
      a: null,
      b: [null, null],
      NaN: 'NaN \\" NaN',
      c: '\\',
    });
  });

  it('is not one where there is none of them outside of its texts', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => withoutPythonNumbers(JSON.stringify(value)) === null));
    for (const line of ['"NaN', '"a\\"NaN"', 'aNaN', '']) expect(withoutPythonNumbers(line)).toBeNull();
  });

  it('takes no longer for it than it is long', () => {
    const long = `{"a":NaN,"b":"${'\\\\'.repeat(2_000_000)}${'x'.repeat(4_000_000)}"}`;
    const before = performance.now();
    expect(withoutPythonNumbers(long)?.length).toBe(long.length + 1);
    expect(performance.now() - before).toBeLessThan(5_000);
  });
});
