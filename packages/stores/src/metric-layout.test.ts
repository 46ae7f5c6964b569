import type { MetricSignal } from '@tracepost/contracts';
import { describe, expect, test } from 'vitest';
import { createMetricLayout } from './metric-layout.ts';

const SECOND = 1_000_000_000n;
const NOON = BigInt(Date.parse('2026-11-21T12:00:00.000Z')) * 1_000_000n;

describe('the beginning of a cumulative series', () => {
  test('is laid out until it is remembered, then only when the series begins again', () => {
    const { layOut } = createMetricLayout();
    expect(times(layOut([counter('a', NOON)]))).toEqual([NOON + SECOND, NOON]);
    const stored = layOut([counter('a', NOON)]);
    expect(times(stored)).toEqual([NOON + SECOND, NOON]);
    stored.remember();
    expect(times(layOut([counter('a', NOON)]))).toEqual([NOON + SECOND]);
    expect(times(layOut([counter('a', NOON + 5n)]))).toEqual([NOON + 5n + SECOND, NOON + 5n]);
    expect(times(layOut([counter('b', NOON)]))).toEqual([NOON + SECOND, NOON]);
  });

  test('is laid out once for several points of one batch', () => {
    const { layOut } = createMetricLayout();
    const later = { ...counter('a', NOON), timeUnixNano: NOON + 2n * SECOND };
    expect(times(layOut([counter('a', NOON), later]))).toEqual([NOON + SECOND, NOON, NOON + 2n * SECOND]);
  });

  test('is left alone when it is unknown, not before its point, or longer than a day ago', () => {
    const { layOut } = createMetricLayout();
    const day = 86_400n * SECOND;
    const beginnings = [0n, NOON, NOON + 1n, NOON - day - 1n];
    for (const startTimeUnixNano of beginnings) {
      expect(layOut([{ ...counter('a', startTimeUnixNano), timeUnixNano: NOON }]).points).toHaveLength(1);
    }
    expect(layOut([{ ...counter('a', NOON - day), timeUnixNano: NOON }]).points).toHaveLength(2);
  });

  test('is remembered for so many series and no more, the oldest forgotten first', () => {
    const { layOut } = createMetricLayout({ maxSeries: 2 });
    for (const name of ['a', 'b', 'c']) layOut([counter(name, NOON)]).remember();
    expect(layOut([counter('c', NOON)]).points).toHaveLength(1);
    expect(layOut([counter('b', NOON)]).points).toHaveLength(1);
    expect(layOut([counter('a', NOON)]).points).toHaveLength(2);
  });

  test('has zeros for every count and no smallest or largest value', () => {
    const data: MetricSignal['data'] = {
      type: 'histogram',
      temporality: 'cumulative',
      count: 3,
      sum: 4,
      min: 1,
      max: 2,
      bounds: [1],
      bucketCounts: [1, 2],
    };
    const [, zero] = createMetricLayout().layOut([{ ...counter('a', NOON), data }]).points;
    expect(zero?.fields).toEqual({ count: 0, sum: 0, '1': 0, '+Inf': 0 });
  });
});

test('the order of attributes makes no other series', () => {
  const { layOut } = createMetricLayout();
  const [first] = layOut([{ ...counter('a', NOON), attributes: { x: 1, y: 2 } }]).points;
  const [second] = layOut([{ ...counter('a', NOON), attributes: { y: 2, x: 1 } }]).points;
  expect(JSON.stringify(first?.tags)).toBe(JSON.stringify(second?.tags));
});

function times({ points }: { points: readonly { timeUnixNano: bigint }[] }): bigint[] {
  return points.map(({ timeUnixNano }) => timeUnixNano);
}

function counter(name: string, startTimeUnixNano: bigint): MetricSignal {
  return {
    origin: { service: 's', resource: {}, scopeName: '', scopeVersion: '' },
    name,
    unit: '1',
    description: '',
    attributes: {},
    startTimeUnixNano,
    timeUnixNano: startTimeUnixNano + SECOND,
    data: { type: 'sum', value: 1, isMonotonic: true, temporality: 'cumulative' },
  };
}
