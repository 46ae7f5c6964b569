import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { expect, it } from 'vitest';
import { createOutput, styled, type Terminal } from './output.ts';

it('gives people lines and machines JSON, never both', () => {
  for (const isJson of [false, true]) {
    const { output, stdout } = given({ isJson });
    output.line(['a ', styled('red', 'b')]);
    output.block('c\nd', '  ');
    output.json({ e: '\x9b' });
    expect(stdout()).toBe(isJson ? '{"e":"\\u009b"}\n' : 'a b\n  c\n  d\n');
  }
});

it('colours nothing but a terminal, and shows there what would be obeyed', () => {
  const { output, stdout } = given({ isTerminal: true });
  output.line([styled('red', 'a\x1b[0mb')]);
  // Whether it is coloured depends on the environment of the test.
  expect(stripVTControlCharacters(stdout())).toBe('a\\x1b[0mb\n');
});

it('says what is going on to a terminal only, each word in the place of the one before', () => {
  const quiet = given({});
  quiet.output.progress('waiting');
  quiet.output.clear();
  expect(quiet.stderr()).toBe('');

  const { output, stdout, stderr } = given({ isTerminal: true });
  output.progress('one\x1b[2J');
  output.progress('one\x1b[2J');
  output.progress('two');
  output.line('done');
  expect(stderr()).toBe('one\\x1b[2J\r\x1b[Ktwo\r\x1b[K');
  expect(stdout()).toBe('done\n');
  output.complain('no\x07');
  expect(stderr().endsWith('no\\x07\n')).toBe(true);
});

function given({ isJson = false, isTerminal = false }: { readonly isJson?: boolean; readonly isTerminal?: boolean }) {
  const stream = () => {
    let text = '';
    const through: Terminal = new PassThrough().on('data', (part) => {
      text += part;
    });
    if (isTerminal) through.isTTY = true;
    return { through, text: () => text };
  };
  const [stdout, stderr] = [stream(), stream()];
  const output = createOutput({ stdout: stdout.through, stderr: stderr.through, isJson });
  return { output, stdout: stdout.text, stderr: stderr.text };
}
