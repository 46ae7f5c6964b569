import type { MetricSignal } from '@tracepost/contracts';
import { beforeAll, expect, test } from 'vitest';
import { type MetricQuestion, QUESTION_LIMITS } from '../metrics/question.ts';
import { QueryTooLargeError } from '../recorded-metric-store.ts';
import type { MetricStore } from '../signal-stores.ts';

const HOUR = 3_600_000;
const BEGIN = Date.parse('2026-11-20T09:00:00.000Z');
const MOST = QUESTION_LIMITS.seriesRead;

/** What a metric of very many series answers: beside the contract, for to write them takes seconds. `storeOf` gives an empty store. */
export function describeManySeries(storeOf: () => MetricStore): void {
  /** As many as a question reads, and one more in each of two hours; and one program that goes on. */
  beforeAll(async () => {
    const metrics = storeOf();
    for (const hour of [0, 1]) {
      const half = Array.from({ length: MOST / 2 }, (_, index) => gauge(hour, `${hour} ${index}`));
      expect(await metrics.writeMetrics([...half, gauge(hour, `${hour} more`)])).toEqual({
        status: 'taken',
        refused: [],
      });
    }
    await metrics.writeMetrics([gauge(0, 'live'), gauge(2, 'live')]);
  });
  const answerOf = async (question: Partial<MetricQuestion>) => {
    const range = { from: new Date(BEGIN), to: new Date(BEGIN + 3 * HOUR) };
    const asked = {
      name: 'm',
      ...range,
      everyMs: null,
      groupBy: [],
      where: {},
      aggregation: 'COUNT',
      ...question,
    } as const;
    const answer = await storeOf().queryMetric(asked);
    return answer.status === 'answered' ? answer.series.map(({ points }) => points[0]?.value) : answer;
  };
  const hourOf = (hour: number) => ({
    from: new Date(BEGIN + hour * HOUR),
    to: new Date(BEGIN + (hour + 1) * HOUR),
  });

  test('a question reads the series that have points in its time, however many there once were', async () => {
    expect(await answerOf(hourOf(2))).toEqual([1]);
    expect(await answerOf(hourOf(1))).toEqual([MOST / 2 + 1]);
  });

  test('a question reads the series that it asks for, however many others there are', async () => {
    expect(await answerOf({ where: { program: 'live' } })).toEqual([2]);
    expect(await answerOf({ where: { program: '1 more' } })).toEqual([1]);
  });

  test('a question for more series than it may read is refused, before and after their hours were put together', async () => {
    await expect(answerOf({})).rejects.toThrow(QueryTooLargeError);
    await storeOf().rollUp(new Date(BEGIN + 3 * HOUR));
    await expect(answerOf({})).rejects.toThrow(`more than ${MOST} series`);
    expect(await answerOf(hourOf(2))).toEqual([1]);
    expect(await answerOf({ where: { program: 'live' } })).toEqual([2]);
  });
}

function gauge(hour: number, program: string): MetricSignal {
  const at = BigInt(BEGIN + hour * HOUR + 60_000) * 1_000_000n;
  return {
    origin: { service: 's', resource: {}, scopeName: '', scopeVersion: '' },
    name: 'm',
    unit: '1',
    description: '',
    attributes: { program },
    startTimeUnixNano: at,
    timeUnixNano: at,
    data: { type: 'gauge', value: 1 },
  };
}
