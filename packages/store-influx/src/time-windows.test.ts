import { describe, expect, test } from 'vitest';
import { timeWindows } from './time-windows.ts';

describe('windows in time', () => {
  test('hold each instant and end one nanosecond after their last', () => {
    expect(timeWindows(['2026-11-21T09:00:00Z'])).toEqual([
      { from: '2026-11-21T09:00:00.000000000Z', to: '2026-11-21T09:00:00.000000001Z' },
    ]);
    expect(timeWindows([])).toEqual([]);
  });

  test('leave out the largest gaps, in whatever order the instants come', () => {
    const instants = ['09:00:00.5', '09:00:01', '09:00:00.000000001', '12:00:00', '12:00:00.1', '10:00:00'];
    expect(timeWindows(instants.map(onThatDay), 3)).toEqual([
      { from: onThatDay('09:00:00.000000001'), to: onThatDay('09:00:01.000000001') },
      { from: onThatDay('10:00:00.000000000'), to: onThatDay('10:00:00.000000001') },
      { from: onThatDay('12:00:00.000000000'), to: onThatDay('12:00:00.100000001') },
    ]);
  });

  test('are never more than allowed, however many instants there are', () => {
    const instants = Array.from({ length: 500 }, (_, second) => new Date(second * 1000).toISOString());
    const windows = timeWindows(instants, 7);
    expect(windows).toHaveLength(7);
    expect(windows[0]?.from).toBe('1970-01-01T00:00:00.000000000Z');
    expect(windows.at(-1)?.to).toBe('1970-01-01T00:08:19.000000001Z');
  });

  test('count an instant that comes twice once', () => {
    expect(timeWindows(['2026-11-21T09:00:00Z', '2026-11-21T09:00:00.000Z'])).toHaveLength(1);
  });
});

function onThatDay(time: string): string {
  return `2026-11-21T${time}Z`;
}
