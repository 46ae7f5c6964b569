import { flux, type Row } from '@influxdata/influxdb-client';
import type { MetricKind } from '@tracepost/contracts';
import {
  type Answering,
  answerQuestion,
  canUseHours,
  createReadingBudget,
  floorDay,
  HOUR_MS,
  isAskedFor,
  isStorableText,
  type MetricAnswer,
  type MetricCatalogItem,
  type MetricDescription,
  type MetricQuestion,
  planReading,
  type ReadingBudget,
  type ReadingPlan,
  type ReadStretch,
  storableRange,
} from '@tracepost/stores';
import { checkWidth } from './check-width.ts';
import { inSlices } from './in-slices.ts';
import { eachInTurns } from './in-turns.ts';
import { ALL_TIME, ATTRIBUTES, LATE, METRICS, ROLLED, rangeFlux, SHAPE } from './metric-flux.ts';
import { idOf, readGrowth, type TakeGrowth } from './metric-reader.ts';
import { hoursSelect } from './metric-select.ts';
import type { RowQuery } from './query-rows.ts';
import type { SeriesStream } from './query-series.ts';
import { readTally } from './tally-text.ts';

export interface MetricSource {
  readonly bucket: string;
  readonly rollUpsBucket: string;
  readonly query: (query: RowQuery) => Promise<Row[]>;
  readonly series: SeriesStream;
}

/** Rows of what is kept about metrics: hours of 400 days, metrics and their attributes. */
const MAX_NOTES = 200_000;
/** Of months of hours these are read first, and say how many may be read at once. */
const FIRST_HOURS_MS = 48 * HOUR_MS;

/** `queryMetric` of the port. */
export async function queryMetric(source: MetricSource, question: MetricQuestion): Promise<MetricAnswer> {
  // No metric has such a name, and InfluxDB would not read the question.
  if (!isStorableText(question.name)) return answerQuestion(question, null).answer();
  const range = storableRange(question);
  const [description, plan] = await Promise.all([
    describeMetric(source, question.name),
    range === null ? { hours: [], points: [] } : makePlan(source, { ...question, ...range }),
  ]);
  const answering = answerQuestion(question, description);
  const budget = createReadingBudget(question.signal);
  budget.spend(0);
  const { series, bucket } = source;
  const [first, last] = [plan.points[0], plan.points.at(-1)];
  if (first && last) await checkWidth(source, question, { fromMs: first.fromMs, toMs: last.toMs });
  const addGrowth: TakeGrowth = (attributes, atMs, { shape, tally }) =>
    answering.add({ attributes, atMs, shape, tally });
  const parts: (() => Promise<void>)[] = [
    ...plan.hours.map((stretch) => () => addHours(source, { question, stretch, budget }, answering)),
    ...plan.points.map((stretch) => () => readGrowth({ series, bucket, choice: question, stretch, budget }, addGrowth)),
  ];
  await eachInTurns(parts, (read) => read());
  return answering.answer();
}

/** What is known of late hours is read before anything else: points are always right, hours until one comes late. */
async function makePlan({ rollUpsBucket, query }: MetricSource, question: MetricQuestion): Promise<ReadingPlan> {
  if (!canUseHours(question)) return planReading(question, () => false);
  const range = rangeFlux(rollUpsBucket, { fromMs: question.from.getTime(), toMs: question.to.getTime() });
  const [rolled, late] = await Promise.all([
    query({
      operation: 'read_rolled',
      flux: flux`${range} |> filter(fn: (r) => r._measurement == ${ROLLED}) |> keep(columns: ["_time"])`,
      maxRows: MAX_NOTES,
    }),
    query({
      operation: 'read_rolled',
      flux: flux`${range} |> filter(fn: (r) => r._measurement == ${LATE} and r.metric == ${question.name} and r._value > 0.0)
        |> keep(columns: ["_time"])`,
      maxRows: MAX_NOTES,
    }),
  ]);
  const hours = new Set(rolled.map(timeOf));
  for (const row of late) hours.delete(timeOf(row));
  return planReading(question, (hourMs) => hours.has(hourMs));
}

interface HourReading {
  readonly question: MetricQuestion;
  readonly stretch: ReadStretch;
  readonly budget: ReadingBudget;
}

async function addHours(
  { series, rollUpsBucket }: MetricSource,
  { question, stretch, budget }: HourReading,
  answering: Answering,
): Promise<void> {
  await inSlices(stretch, { firstMs: FIRST_HOURS_MS, unitMs: HOUR_MS }, async (slice) => {
    let [cells, tags] = [0, 0];
    const select = hoursSelect(question, slice);
    await series({ operation: 'read_hours', bucket: rollUpsBucket, select }, (part) => {
      const { [SHAPE]: shape = '', ...attributes } = part.tags;
      tags += part.tagsAsked;
      if (!isAskedFor(question, attributes)) return;
      cells += part.rows.length;
      budget.spend(part.rows.length);
      budget.meet(idOf(attributes));
      for (const [time, tally] of part.rows)
        answering.add({ attributes, atMs: Date.parse(String(time)), shape, tally: readTally(String(tally)) });
    });
    return { cells, tags };
  });
}

async function describeMetric({ rollUpsBucket, query }: MetricSource, name: string): Promise<MetricDescription | null> {
  const asked = flux`${rangeFlux(rollUpsBucket, ALL_TIME)}
    |> filter(fn: (r) => r._measurement == ${METRICS} and r.metric == ${name}) |> last()`;
  const rows = await query({ operation: 'describe_metric', flux: asked, maxRows: 10 });
  return toDescriptions(rows).get(name) ?? null;
}

/** `catalog` of the port. */
export async function readCatalog(
  { rollUpsBucket, query }: MetricSource,
  from: Date,
  to: Date,
): Promise<MetricCatalogItem[]> {
  const storable = storableRange({ from, to });
  if (storable === null) return [];
  const range = rangeFlux(rollUpsBucket, { fromMs: floorDay(storable.from.getTime()), toMs: storable.to.getTime() });
  const [metrics, attributes] = await Promise.all([
    query({
      operation: 'read_catalog',
      flux: flux`${range} |> filter(fn: (r) => r._measurement == ${METRICS}) |> last()`,
      maxRows: MAX_NOTES,
    }),
    query({
      operation: 'read_catalog',
      flux: flux`${range} |> filter(fn: (r) => r._measurement == ${ATTRIBUTES}) |> last() |> keep(columns: ["metric", "key"])`,
      maxRows: MAX_NOTES,
    }),
  ]);
  const keys = new Map<string, string[]>();
  for (const row of attributes) {
    const name = cell(row, 'metric');
    keys.set(name, [...(keys.get(name) ?? []), cell(row, 'key')]);
  }
  return [...toDescriptions(metrics).values()]
    .map((item) => ({ ...item, attributes: (keys.get(item.name) ?? []).sort() }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function toDescriptions(rows: readonly Row[]): Map<string, MetricDescription> {
  const found = new Map<string, MetricDescription>();
  for (const row of rows) {
    const name = cell(row, 'metric');
    const known = found.get(name) ?? { name, kind: 'gauge' as MetricKind, unit: '', description: '' };
    found.set(name, { ...known, [cell(row, '_field')]: cell(row, '_value') });
  }
  return found;
}

function timeOf(row: Row): number {
  return Date.parse(cell(row, '_time'));
}

function cell({ values, tableMeta }: Row, label: string): string {
  const { index } = tableMeta.column(label, false);
  return index < 0 ? '' : (values[index] ?? '');
}
