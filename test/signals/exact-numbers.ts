import type { MetricSeriesAnswer } from '@tracepost/contracts';
import { describe, expect, it } from 'vitest';
import type { Installation } from './installations/installation.ts';
import { RECORDED_METRICS } from './vectors/recorded-events.ts';
import { METRICS } from './vectors/recorded-metrics.ts';

/**
 * What the vectors must give, worked out by hand from how they are made: two answers that are equal could be wrong in the same way. A counter that
 * began anew, an instance that began in the middle, a late point and one that came twice are all in it.
 */
export function describeExactNumbers(
  atMs: number,
  installations: Readonly<Record<'embedded' | 'full', () => Installation>>,
): void {
  const from = new Date(atMs - 7_200_000).toISOString();
  const to = new Date(atMs + 3_600_000).toISOString();
  const cases: readonly [question: string, expected: Readonly<Record<string, number>>][] = [
    // orders-1 grew by 30 before its new beginning and by 30 after it, orders-2 by 70; the other route by 25 and 25.
    [`${METRICS.counter}?aggregation=SUM`, { '{}': 180 }],
    [
      `${METRICS.counter}?aggregation=SUM&groupBy=http.route`,
      { '{"http.route":"/orders"}': 130, '{"http.route":"/carts/{id}"}': 50 },
    ],
    [`${METRICS.delta}?aggregation=SUM`, { '{}': 110 }],
    [
      `${METRICS.histogram}?aggregation=COUNT&groupBy=http.route`,
      { '{"http.route":"/orders"}': 70, '{"http.route":"/carts/{id}"}': 70 },
    ],
    [`${METRICS.gauge}?aggregation=MIN&where=shelf:b`, { '{}': -2.25 }],
    [`${METRICS.gauge}?aggregation=MAX&groupBy=shelf&where=shelf:a`, { '{"shelf":"a"}': 97 }],
    [`${RECORDED_METRICS.counter}?aggregation=SUM`, { '{}': 55 }],
    [`${RECORDED_METRICS.histogram}?aggregation=MAX`, { '{}': 25 }],
    [`${RECORDED_METRICS.histogram}?aggregation=COUNT`, { '{}': 10 }],
  ];

  describe.each(['embedded', 'full'] as const)('the numbers of the vectors, %s', (way) => {
    it.each(cases)('%s', async (question, expected) => {
      const { client } = installations[way]();
      const answer = await client.call(`/api/v1/metrics/${question}&from=${from}&to=${to}`);
      expect(answer.status, answer.text).toBe(200);
      const { series } = answer.json<MetricSeriesAnswer>();
      const found = series.map(({ attributes, points }) => [JSON.stringify(attributes), points[0]?.[1]]);
      expect(Object.fromEntries(found)).toEqual(expected);
    });
  });
}
