import { Compile } from 'typebox/compile';
import { expect, test } from 'vitest';
import { QueryTime, readQueryTime, readTimeRange } from './query-time.ts';

const check = Compile(QueryTime);

test.each([
  ['2026-11-21T09:00:00.000Z', '2026-11-21T09:00:00.000Z'],
  ['2026-11-21T09:00:00Z', '2026-11-21T09:00:00.000Z'],
  ['2026-11-21T09:00Z', '2026-11-21T09:00:00.000Z'],
  ['2026-11-21T09:00:00.123456789Z', '2026-11-21T09:00:00.123Z'],
  ['2026-11-21T11:00:00+02:00', '2026-11-21T09:00:00.000Z'],
  ['2026-11-21T11:00:00 02:00', '2026-11-21T09:00:00.000Z'],
  ['2026-11-21T04:30:00-04:30', '2026-11-21T09:00:00.000Z'],
  ['2026-11-21', '2026-11-21T00:00:00.000Z'],
  ['2028-02-29', '2028-02-29T00:00:00.000Z'],
])('%s is %s', (text, iso) => {
  expect(check.Check(text)).toBe(true);
  expect(new Date(readQueryTime(text) ?? Number.NaN).toISOString()).toBe(iso);
});

test.each(['yesterday', '', '2026-11-21T09:00:00', '2026-11-21 09:00:00Z', '1763715600', '2026-11-21T09Z', '26-11-21'])(
  '%j has not the form of a time',
  (text) => expect(check.Check(text)).toBe(false),
);

test.each([
  '2026-13-01',
  '2026-02-30',
  '2026-02-29T00:00:00Z',
  '2026-04-31',
  '2026-11-21T25:00:00Z',
  '2026-11-21T09:61:00Z',
])('%s does not exist', (text) => expect(readQueryTime(text)).toBeNull());

test('a range that is empty or names no time is told, with its place', () => {
  expect(readTimeRange({})).toEqual({});
  expect(readTimeRange({ from: '2026-01-01', to: '2026-01-02' })).toEqual({
    fromMs: Date.UTC(2026, 0, 1),
    toMs: Date.UTC(2026, 0, 2),
  });
  expect(readTimeRange({ from: '2026-01-02', to: '2026-01-02' })).toMatchObject({ fault: { pointer: '/from' } });
  expect(readTimeRange({ from: '2026-99-01' })).toMatchObject({ fault: { pointer: '/from' } });
  expect(readTimeRange({ to: '2026-02-30' })).toMatchObject({ fault: { pointer: '/to' } });
});
