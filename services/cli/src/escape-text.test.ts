import { describe, expect, it } from 'vitest';
import { escapeJson, escapeText } from './escape-text.ts';

/** What a terminal would obey, begin to obey, or be fooled by. */
const ATTACKS: readonly (readonly [name: string, text: string])[] = [
  ['writes to the clipboard (OSC 52)', '\x1b]52;c;cm0gLXJmIH4=\x07'],
  ['hides a link (OSC 8)', '\x1b]8;;https://example.org\x1b\\click\x1b]8;;\x1b\\'],
  ['clears the screen (CSI)', '\x1b[2J\x1b[H'],
  ['does so by C1 bytes', '\x9b2J\x9d52;c;AAAA\x9c'],
  ['goes back over what was said', 'ok\b\b\x7f\rno'],
  ['begins a line of its own', 'first\nsecond\u2028third\u2029\x85fourth'],
  ['turns the reading direction', 'abc\u202etxt.exe\u2066\u2069\u061c\u200f'],
  ['is seen by nobody', 'a\u200bb\ufeffc\u2060d'],
  ['is half a character', '\ud800 and \udc00'],
  ['rings and shifts', '\x07\x0e\x0f\x05\x00'],
];

describe('text from somewhere else', () => {
  it.each(ATTACKS)('that %s has nothing left that does it', (_name, text) => {
    for (const shown of [escapeText(text), escapeText(text, { keep: 'lines' }), escapeJson(JSON.stringify(text))]) {
      expect(shown.replaceAll('\n', '')).toMatch(/^[\x20-\x7e]*$/);
    }
  });

  it('shows what was there', () => {
    expect(escapeText('a\x1b[31mb\x9bc\u202ed\n\te\ud800')).toBe('a\\x1b[31mb\\x9bc\\u202ed\\n\\te\\ud800');
    expect(escapeText('a\n\tb\r\x1b', { keep: 'lines' })).toBe('a\n\tb\\r\\x1b');
  });

  it('is left alone when it is only text, in any language', () => {
    const text = 'São Paulo, 東京, Ελλάδα, 😀 👩‍🚀 é';
    expect(escapeText(text)).toBe(text);
  });

  it.each(ATTACKS)('as JSON still means the same when it %s', (_name, text) => {
    expect(JSON.parse(escapeJson(JSON.stringify({ [text]: text })))).toEqual({ [text]: text });
  });
});
