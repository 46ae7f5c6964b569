import { describe, expect, it } from 'vitest';
import { readArguments } from './arguments.ts';
import { UsageError } from './failures.ts';

const specs = {
  wait: { about: '' },
  priority: { value: 'word', about: '' },
  limit: { value: 'number', about: '' },
  timeout: { value: 'time', about: '' },
};
const read = (...args: string[]) => readArguments(args, specs);

describe('arguments', () => {
  it('are read as what they have to be', () => {
    const args = read('a', '--wait', '--limit=20', '-', '--timeout', '30s', '--priority', 'high');
    expect(args.positionals).toEqual(['a', '-']);
    expect([args.has('wait'), args.integer('limit', { min: 1, max: 50 }), args.timeSpan('timeout')]).toEqual([
      true,
      20,
      30_000,
    ]);
    expect(args.oneOf('priority', ['low', 'high'])).toBe('high');
    const none = read();
    expect([none.has('wait'), none.text('limit'), none.timeSpan('timeout'), none.oneOf('priority', ['low'])]).toEqual([
      false,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it.each<[string, () => unknown, string]>([
    [
      'an unknown option',
      () => read('--wate'),
      "Unknown option '--wate'; there are --wait, --priority, --limit, --timeout",
    ],
    ['a value for a switch', () => read('--wait=yes'), "Option '--wait' does not take an argument"],
    ['no value where one belongs', () => read('--limit'), "Option '--limit <value>' argument missing"],
    ['another option in the place of a value', () => read('--limit', '--wait'), "'--limit' argument is ambiguous"],
    [
      'a word that is none of them',
      () => read('--priority', 'top').oneOf('priority', ['low']),
      'it has to be one of low',
    ],
    [
      'a number with a dot',
      () => read('--limit', '1.5').integer('limit', { min: 1, max: 9 }),
      'a whole number from 1 to 9',
    ],
    [
      'a number too large',
      () => read('--limit', '10').integer('limit', { min: 1, max: 9 }),
      'a whole number from 1 to 9',
    ],
    ['a time without a unit', () => read('--timeout', '30').timeSpan('timeout'), 'such as 1500ms, 30s, 5m or 2h'],
    ['nothing at all', () => read('--priority', '').text('priority'), '--priority is empty'],
  ])('that are %s are wrong use, with what would be right', (_what, call, sentence) => {
    expect(call).toThrow(UsageError);
    expect(call).toThrow(sentence);
  });
});
