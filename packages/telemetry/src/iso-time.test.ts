import { expect, test } from 'vitest';
import { isoTime } from './iso-time.ts';

test('gives each millisecond its own text, asked again or in any order', () => {
  for (const ms of [0, 1, 1, 0, 1_700_000_000_123, 0]) expect(isoTime(ms)).toBe(new Date(ms).toISOString());
});
