import { expect, test } from 'vitest';
import { createEventId } from './event-id.ts';
import { readEvent, readMetric } from './read-entry.ts';

const CONTEXT = { nowMs: Date.UTC(2026, 10, 21, 9), correlationId: null, traceId: null };
const EVENT = { type: 'COMMAND', source: 'checkout', data: { pay: true } };
const METRIC = { name: 'orders.total', value: 1 };

test('what is not said is filled in', () => {
  const read = readEvent(EVENT, { ...CONTEXT, correlationId: 'order-1', traceId: 'ab'.repeat(16) });
  expect(read).toMatchObject({
    entry: { ...EVENT, timestamp: '2026-11-21T09:00:00.000Z', severity: null, correlationId: 'order-1' },
  });
  expect(readMetric(METRIC, CONTEXT)).toMatchObject({
    entry: { source: 'http', sample: { ...METRIC, kind: 'histogram', unit: '', attributes: {} } },
  });
});

test('a numeric string counts as its number, any other is refused', () => {
  for (const [text, value] of Object.entries({ '12.5': 12.5, '-3': -3, '1e3': 1_000, '.5': 0.5, '+7': 7, '-0': 0 })) {
    expect(readMetric({ ...METRIC, value: text }, CONTEXT)).toMatchObject({ entry: { sample: { value } } });
  }
  for (const text of ['', ' 1', '1 ', '0x10', 'NaN', 'Infinity', '1e999', '1,5', '--1', '１', '1_000', 'true']) {
    expect([text, readMetric({ ...METRIC, value: text }, CONTEXT)]).toMatchObject([
      text,
      { faults: [{ pointer: '/value' }] },
    ]);
  }
});

test('values that no sum can hold, and counters that fall, are refused', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 1e16, -1e16, null, true, [1], {}]) {
    expect(readMetric({ ...METRIC, value }, CONTEXT)).toMatchObject({ faults: [{ pointer: '/value' }] });
  }
  expect(readMetric({ ...METRIC, kind: 'counter', value: -1 }, CONTEXT)).toMatchObject({ faults: [{}] });
  expect(readMetric({ ...METRIC, kind: 'gauge', value: -1 }, CONTEXT)).toMatchObject({ entry: {} });
});

test('times are taken with any offset, from the year 2000 to a day from now, and only real ones', () => {
  const at = (timestamp: unknown) => readEvent({ ...EVENT, timestamp }, CONTEXT);
  expect(at('2026-11-21T10:00:00.123456+02:00')).toMatchObject({ entry: { timestamp: '2026-11-21T08:00:00.123Z' } });
  expect(at('2026-11-22T09:00:00Z')).toMatchObject({ entry: {} });
  const wrong = ['2026-11-22T09:00:01Z', '1999-12-31T23:59:59Z', '2026-02-30T00:00:00Z', '2026-11-21T25:00:00Z'];
  for (const timestamp of [...wrong, '2026-11-21', 'yesterday', '+275760-09-13T00:00:00Z', 1_790_000_000_000, null])
    expect([timestamp, at(timestamp)]).toMatchObject([timestamp, { faults: [{ pointer: '/timestamp' }] }]);
});

test('each fault says where and what would be right', () => {
  const faults = (read: ReturnType<typeof readEvent | typeof readMetric>) => ('faults' in read ? read.faults : []);
  expect(faults(readEvent({ type: '1st', data: 1, sevrity: 'info' }, CONTEXT))).toEqual(
    expect.arrayContaining([
      { pointer: '/source', message: 'is required' },
      { pointer: '/sevrity', message: expect.stringContaining('did you mean severity') },
      { pointer: '/type', message: expect.stringContaining('COMMAND') },
    ]),
  );
  expect(faults(readMetric({ name: 'a b', value: 'x' }, CONTEXT))[0]?.pointer).toBe('/name');
  expect(faults(readMetric({ ...METRIC, attributes: { 'a b': 1 } }, CONTEXT))).toMatchObject([
    { pointer: '/attributes/a b' },
  ]);
  expect(faults(readMetric({ ...METRIC, attributes: { a: { b: 1 } } }, CONTEXT))[0]?.pointer).toBe('/attributes/a');
  const many = Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`a${index}`, index]));
  expect(faults(readMetric({ ...METRIC, attributes: many }, CONTEXT))[0]?.pointer).toBe('/attributes');
  for (const value of [null, 1, 'text', [], undefined]) expect(faults(readEvent(value, CONTEXT))).toHaveLength(1);
});

test('ids rise with the order in which they were made, also when the clock stands still or falls back', () => {
  const ids = [5_000, 4_000].flatMap((ms) => Array.from({ length: 5_000 }, () => createEventId(ms + 4e12)));
  expect(new Set(ids).size).toBe(10_000);
  expect(ids.toSorted()).toEqual(ids);
  expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
