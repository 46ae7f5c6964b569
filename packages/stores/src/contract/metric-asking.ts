import type { MetricData, MetricSignal } from '@tracepost/contracts';
import { expect } from 'vitest';
import type { MetricAnswer, MetricQuestion } from '../metrics/question.ts';
import type { MetricStore } from '../signal-stores.ts';
import { at, metric, nanos, originOf } from './sample-signals.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

/** A question about the first hour when nothing else is said. */
export function ask(
  store: MetricStore,
  question: Partial<MetricQuestion> & { readonly name: string },
): Promise<MetricAnswer> {
  return store.queryMetric({
    from: at(0),
    to: at(HOUR),
    everyMs: null,
    groupBy: [],
    where: {},
    aggregation: null,
    ...question,
  });
}

type Asked = Partial<MetricQuestion> & { readonly name: string };

async function seriesOf(store: MetricStore, question: Asked) {
  const answer = await ask(store, question);
  if (answer.status !== 'answered') throw new Error(`refused: ${answer.aggregation} of a ${answer.kind}`);
  return answer.series;
}

/** The one number of a question without groups and windows. */
export async function total(store: MetricStore, question: Asked): Promise<number | null | undefined> {
  const [series] = await seriesOf(store, question);
  expect(series?.points).toHaveLength(1);
  return series?.points[0]?.value;
}

export async function byGroup(store: MetricStore, question: Asked): Promise<unknown[]> {
  const series = await seriesOf(store, question);
  return series
    .map(({ attributes, points: [point] }) => [attributes, point?.value])
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** Seconds after the beginning, and the value, of each window. */
export async function points(store: MetricStore, question: Asked): Promise<[number, number | null][]> {
  const [series] = await seriesOf(store, question);
  return (series?.points ?? []).map(({ atMs, value }) => [(atMs - at(0).getTime()) / SECOND, value]);
}

export function counter(value: number): MetricData {
  return { type: 'sum', value, isMonotonic: true, temporality: 'cumulative' };
}

/** Points of one series: start and time in seconds, and the count. */
export function counts(
  name: string,
  { instance = 'i-1', ...attributes }: Record<string, string>,
  rows: readonly (readonly [number, number, number])[],
): MetricSignal[] {
  return rows.map(([start, time, value]) =>
    metric({
      name,
      origin: originOf('tracepost-test', instance),
      attributes,
      startTimeUnixNano: nanos(start * SECOND),
      timeUnixNano: nanos(time * SECOND),
      data: counter(value),
    }),
  );
}

export function gauge(
  name: string,
  seconds: number,
  value: number,
  attributes: Record<string, string> = {},
): MetricSignal {
  return metric({ name, attributes, timeUnixNano: nanos(seconds * SECOND), data: { type: 'gauge', value } });
}

/** Cumulative observations up to 1, 5 and 10, and beyond. */
export function observed(
  name: string,
  start: number,
  time: number,
  bucketCounts: readonly number[],
  sum: number,
  instance = 'i-1',
): MetricSignal {
  return metric({
    name,
    origin: originOf('tracepost-test', instance),
    startTimeUnixNano: nanos(start * SECOND),
    timeUnixNano: nanos(time * SECOND),
    data: {
      type: 'histogram',
      temporality: 'cumulative',
      count: bucketCounts.reduce((all, one) => all + one, 0),
      sum,
      min: 0.1,
      max: 100,
      bounds: [1, 5, 10],
      bucketCounts,
    },
  });
}
