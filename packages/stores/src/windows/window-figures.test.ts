import { describe, expect, test } from 'vitest';
import { emptyRollup, figuresOf, type TaskEnding, withEnding } from '../index.ts';

const ENDING: TaskEnding = {
  tenantId: 'default',
  agentId: 'weather',
  endedAtMs: 0,
  status: 'succeeded',
  responseMs: 100,
  queueWaitUs: 0,
  runUs: 0,
  costPicodollars: 0n,
  isUnpriced: false,
};
const of = (...endings: Partial<TaskEnding>[]) =>
  figuresOf(endings.reduce((rollup, ending) => withEnding(rollup, { ...ENDING, ...ending }), emptyRollup()));

describe('the figures of a window', () => {
  test('count a cancelled task among all, and neither among the successful nor the failed', () => {
    const figures = of({}, { status: 'failed' }, { status: 'timed_out' }, { status: 'dead' }, { status: 'cancelled' });
    expect(figures).toMatchObject({ totalTasks: 5, successfulTasks: 1, failedTasks: 3, successRate: 0.2 });
  });

  test('are zeros and nulls when nothing ended, never NaN', () => {
    expect(of()).toEqual({
      totalTasks: 0,
      successfulTasks: 0,
      failedTasks: 0,
      successRate: null,
      performance: {
        averageResponseTimeMs: null,
        p50ResponseTimeMs: null,
        p95ResponseTimeMs: null,
        p99ResponseTimeMs: null,
      },
      costs: { totalCostUsd: 0, averageCostPerTaskUsd: null, unpricedTasks: 0 },
    });
  });

  test('give exact means, to the microsecond and the picodollar', () => {
    const third = of(
      { responseMs: 1, costPicodollars: 100_000_000_000n },
      { responseMs: 2, costPicodollars: 200_000_000_000n },
      { responseMs: 1, costPicodollars: 1n, isUnpriced: true },
    );
    expect(third.performance.averageResponseTimeMs).toBe(1.333);
    // As doubles 0.1 and 0.2 would be 0.30000000000000004.
    expect(third.costs).toEqual({
      totalCostUsd: 0.300000000001,
      averageCostPerTaskUsd: 0.1,
      unpricedTasks: 1,
    });
  });

  test('give percentiles of what there was, within 0.8 percent', () => {
    const { performance } = of(...Array.from({ length: 100 }, (_, index) => ({ responseMs: 10 * (index + 1) })));
    const { p50ResponseTimeMs, p95ResponseTimeMs, p99ResponseTimeMs } = performance;
    for (const [told, right] of [
      [p50ResponseTimeMs, 500],
      [p95ResponseTimeMs, 950],
      [p99ResponseTimeMs, 990],
    ] as const) {
      expect(Math.abs((told ?? Number.NaN) - right)).toBeLessThanOrEqual(0.008 * right);
    }
  });

  test('stay numbers of JSON, whatever costs were told', () => {
    const { costs } = of({ costPicodollars: 10n ** 400n }, { costPicodollars: 10n ** 400n });
    expect(costs.totalCostUsd).toBe(Number.MAX_VALUE);
  });
});
