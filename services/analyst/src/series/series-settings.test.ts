import { readConfig } from '@tracepost/config';
import { QUESTION_LIMITS } from '@tracepost/stores';
import { expect, it } from 'vitest';
import { seriesFields } from './series-settings.ts';

it('refuses a metric of more series than a question about it could read', () => {
  const perMetric = (most: number) =>
    readConfig({ TRACEPOST_SERIES_PER_METRIC: `${most}` }, seriesFields).seriesPerMetric;
  const most = QUESTION_LIMITS.seriesRead / 2;
  expect(perMetric(most)).toBe(most);
  expect(() => perMetric(most + 1)).toThrow('TRACEPOST_SERIES_PER_METRIC');
});
