import { describe, expect, test } from 'vitest';
import { parseStrictJson } from './strict-json.ts';

const parse = (text: string | Buffer) => parseStrictJson(Buffer.from(text));
const faultOf = (text: string | Buffer): string => {
  const parsed = parse(text);
  return parsed.isValid ? `taken: ${JSON.stringify(parsed.value).slice(0, 100)}` : parsed.fault;
};

describe('JSON is taken', () => {
  test.each([
    ['{"a":1,"b":[true,null,"x"],"c":{"a":2}}'],
    ['{"text":"\\u00e9\\ud83d\\ude00 \\"quoted\\" \\\\ : { [ 1e999"}'],
    ['{"text":"ends with a backslash \\\\","next":":"}'],
    ['[0,-1,1.5,1e3,-2.5E-3,9007199254740991,0.1,0.30000000000000004,1.7976931348623157e308]'],
    ['{"constructor":"a word","toString":1}'],
    ['"\\u2028"'],
  ])('as it is written: %s', (text) => {
    const parsed = parse(text);
    expect(parsed).toEqual({ isValid: true, value: JSON.parse(text) });
  });

  test('with 32 levels and 10,000 keys, and not with one more of either', () => {
    const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
    expect(parse(nested(32)).isValid).toBe(true);
    expect(faultOf(nested(33))).toContain('32 levels');
    const keys = (count: number) => `{${Array.from({ length: count }, (_, index) => `"${index}":0`).join(',')}}`;
    expect(parse(keys(10_000)).isValid).toBe(true);
    expect(faultOf(keys(10_001))).toContain('10000 keys');
  });
});

describe('JSON is refused that', () => {
  test.each([['{"a":1,"a":2}'], ['{"a":1,"\\u0061":2}'], ['[{"x":{"b":1,"c":[],"b":[]}}]']])(
    'has the same key twice: %s',
    (text) => expect(faultOf(text)).toContain('same key twice'),
  );

  test.each([
    ['{"__proto__":{"polluted":1}}'],
    ['{"a":[{"\\u005f_proto__":1}]}'],
    ['{"constructor":{"prototype":{"polluted":1}}}'],
    ['{"a":{"const\\u0072uctor":{"proto\\u0074ype":1}}}'],
  ])('reaches for a prototype: %s', (text) => {
    expect(faultOf(text)).toContain('is not taken');
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test.each([
    ['1e999'],
    ['-1e999'],
    ['[1e-999]'],
    ['{"n":12345678901234567890}'],
    ['0.123456789012345678901'],
    [`{"n":${'7'.repeat(200 * 1024)}}`],
  ])('has a number that a double cannot hold: %.40s', (text) => expect(faultOf(text)).toContain('send it as text'));

  test.each([
    ['"\\ud800"', 'surrogate'],
    ['{"a":"x\\udc00y"}', 'surrogate'],
    ['{"\\ud83d":1}', 'surrogate'],
    ['{"a":"x\\u0000"}', 'NUL'],
    ['{"\\u0000":1}', 'NUL'],
  ])('has a text that is no text: %s', (text, words) => expect(faultOf(text)).toContain(words));

  test.each([
    ['an invalid byte', Buffer.from([0x22, 0xff, 0x22])],
    ['an overlong slash', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
    ['a surrogate as bytes', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ['a cut character', Buffer.from([0x22, 0xf0, 0x9f, 0x98, 0x22])],
  ])('is not UTF-8: %s', (_what, bytes) => expect(faultOf(bytes)).toContain('UTF-8'));

  test.each([
    [''],
    ['{'],
    ['{"a":1,}'],
    ['nothing'],
    ['{"a":01}'],
    ['"a\nb"'],
    ['﻿{}'],
    ["{'a':1}"],
    ['-'],
    ['1e'],
    ['{"a":"b'],
  ])('is not JSON: %j', (text) => expect(faultOf(text)).toContain('not valid JSON'));
});

test('a body of the largest size is read in little time, whatever it is made of', () => {
  const size = 256 * 1024 - 20;
  for (const body of [
    `{"a":"${'x'.repeat(size)}"}`,
    `{"a":"${'\\"'.repeat(size / 2)}"}`,
    `{"a":"${'\\\\'.repeat(size / 2)}"}`,
    `[${'1,'.repeat(size / 2)}1]`,
    '['.repeat(size),
  ]) {
    const started = performance.now();
    parse(body);
    expect(performance.now() - started).toBeLessThan(200);
  }
});
