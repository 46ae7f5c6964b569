import { expect, test } from 'vitest';
import { columnText } from './column-text.ts';

test('ids of ours pass as they are', () => {
  for (const text of ['01a1fdad-8c81-7091-9f1c-65ad3888ea55', '', 'ü𝄞', 'x'.repeat(200)]) {
    expect(columnText(text)).toBe(text);
  }
  expect(columnText(null)).toBeNull();
});

test('what a column or an index would refuse is cut, well-formed, and still tells one text from another', () => {
  const odd = ['a\0', 'a\ufffd\0', '\ud800', '\udc00', 'x'.repeat(201), 'x'.repeat(202), `${'𝄞'.repeat(150)}`];
  const texts = odd.map((text) => columnText(text));
  expect(new Set(texts).size).toBe(odd.length);
  for (const text of texts) {
    expect(text.includes('\0')).toBe(false);
    expect(text.isWellFormed()).toBe(true);
    expect(text.length).toBeLessThanOrEqual(200);
  }
});
