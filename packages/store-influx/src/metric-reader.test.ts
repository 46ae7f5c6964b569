import { expect, test } from 'vitest';
import { readGrowth } from './metric-reader.ts';
import type { SeriesPart } from './query-series.ts';

const BEGIN = Date.parse('2026-11-20T09:00:00.000Z');

test('what a question spends are the numbers that are there, as where each point has its own alone', async () => {
  // Two sets of bounds: a point of the one has nothing for those of the other.
  const columns = ['time', '+Inf', '1', '2', '5', '10', 'count', 'sum'];
  const row = (minute: number) => [`2026-11-20T09:0${minute}:00Z`, 4, 1, 2, null, null, 4, 8];
  expect(await spent({ columns, rows: [row(1), row(2)] })).toBe(10);
});

test('empty cells count too when there are more of them than for sixteen a number', async () => {
  const columns = ['time', 'gauge', ...Array.from({ length: 319 }, (_, at) => String(at))];
  const row = ['2026-11-20T09:01:00Z', 1, ...Array.from({ length: 319 }, () => null)];
  expect(await spent({ columns, rows: [row] })).toBe(20);
});

test('series that do not fit the conditions are left out, and cost nothing', async () => {
  const part = { columns: ['time', 'gauge'], rows: [['2026-11-20T09:01:00Z', 1]] };
  expect(await spent(part, { Time: 'noon' })).toBe(0);
  expect(await spent(part, { 'service.name': 's' })).toBe(1);
});

async function spent(part: Pick<SeriesPart, 'columns' | 'rows'>, where: Record<string, string> = {}): Promise<number> {
  let values = 0;
  await readGrowth(
    {
      series: async ({ select }, take) => {
        if (!select.includes('LIMIT 1')) take({ ...part, tags: { 'service.name': 's' }, tagsAsked: 1 });
      },
      bucket: 'metrics',
      choice: { name: 'm', where },
      stretch: { fromMs: BEGIN, toMs: BEGIN + 3_600_000 },
      budget: {
        meet() {},
        spend(count) {
          values += count;
        },
      },
    },
    () => {},
  );
  return values;
}
