import { describe, expect, it } from 'vitest';
import { isTransientStatus, readRetryAfter } from './retry-after.ts';

const NOW = Date.parse('2026-11-21T10:00:00Z');

describe('Retry-After', () => {
  it.each<[string | null, number | null]>([
    ['0', 0],
    ['120', 120_000],
    [' 7 ', 7_000],
    ['Sat, 21 Nov 2026 10:00:30 GMT', 30_000],
    ['Sat, 21 Nov 2026 09:00:00 GMT', 0],
    [null, null],
    ['', null],
    ['-5', null],
    ['1.5', null],
    ['soon', null],
    ['9999999999', null],
    ['Sat, 99 Nov 2026 10:00:30 GMT', null],
  ])('%j asks for %j ms', (header, expected) => {
    expect(readRetryAfter(header, NOW)).toBe(expected);
  });
});

describe('the status of an answer', () => {
  it('passes by itself when it is about the moment, not about the request', () => {
    expect([408, 425, 429, 500, 502, 503, 504, 599].filter(isTransientStatus)).toHaveLength(8);
    expect([200, 204, 301, 400, 401, 403, 404, 409, 410, 422, 600].filter(isTransientStatus)).toEqual([]);
  });
});
