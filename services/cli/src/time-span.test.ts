import { expect, it } from 'vitest';
import { formatMoment, formatMs, parseMoment, parseTimeSpan } from './time-span.ts';

it.each([
  ['1500ms', 1_500],
  ['30s', 30_000],
  ['1.5m', 90_000],
  ['2h', 7_200_000],
  ['7d', 604_800_000],
])('reads %s', (text, ms) => {
  expect(parseTimeSpan(text)).toBe(ms);
});

it.each(['', '30', 's', '-1s', '0s', '1 s', '1e3s', '30sec', '0x1s', '99999999999s'])('does not read %j', (text) => {
  expect(parseTimeSpan(text)).toBeNull();
});

it.each([
  [0.04, '0 ms'],
  [0.44, '0.4 ms'],
  [12.4, '12 ms'],
  [999.4, '999 ms'],
  [999.6, '1.00 s'],
  [3_214, '3.21 s'],
  [12_340, '12.3 s'],
  [59_996, '1 min 00 s'],
  [252_000, '4 min 12 s'],
  [7_500_000, '2 h 05 min'],
  [3_599_600, '1 h 00 min'],
  [200_000_000, '2 d 07 h'],
  [-5, '-5 ms'],
  [Number.NaN, '?'],
])('says %d ms as %s', (ms, text) => {
  expect(formatMs(ms)).toBe(text);
});

it('knows moments by their time, their day, or how long ago they were', () => {
  const now = Date.UTC(2026, 10, 21, 9);
  expect(parseMoment('2h', now)).toBe('2026-11-21T07:00:00.000Z');
  expect(parseMoment('2026-11-20', now)).toBe('2026-11-20T00:00:00.000Z');
  expect(parseMoment('2026-11-20T10:00:00+02:00', now)).toBe('2026-11-20T08:00:00.000Z');
  expect(['yesterday', '2026', '2026-13-01', '2026-11-20 10:00'].map((text) => parseMoment(text, now))).toEqual([
    null,
    null,
    null,
    null,
  ]);
  expect(formatMoment('2026-11-21T09:00:00.123Z')).toBe('2026-11-21 09:00:00Z');
});
