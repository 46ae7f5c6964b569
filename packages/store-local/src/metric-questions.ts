import type { SqliteRow, SqliteValue } from '@tracepost/sqlite';
import {
  type Answering,
  answerQuestion,
  canUseHours,
  createReadingBudget,
  floorDay,
  HOUR_MS,
  type MetricAnswer,
  type MetricCatalogItem,
  type MetricQuestion,
  planReading,
  type ReadingBudget,
  type ReadingPlan,
  type ReadStretch,
  storableRange,
  type Tally,
} from '@tracepost/stores';
import { jsonOf, textOf } from './columns.ts';
import type { Database } from './database.ts';
import { describeMetric, readGrowth, readSeries, type StoredSeries, toDescription } from './metric-reader.ts';

export const HOURS_OF_SERIES =
  'SELECT hour, shape, tally FROM metric_hours WHERE series = ? AND hour >= ? AND hour < ? ORDER BY hour LIMIT 2000';

/** Series that are read at once, so that the reading thread need not wait; what they give is parsed in one turn here. */
const AT_ONCE = 4;

/** `queryMetric` of the port. */
export async function queryMetric(database: Database, question: MetricQuestion): Promise<MetricAnswer> {
  const description = await describeMetric(database, question.name);
  const answering = answerQuestion(question, description);
  const range = storableRange(question);
  if (range === null) return answering.answer();
  const plan = await makePlan(database, { ...question, ...range });
  const budget = createReadingBudget(question.signal);
  const asked = await readSeries(database, { ...question, plan });
  const readOne = async (one: StoredSeries): Promise<void> => {
    for (const stretch of plan.hours) await addHours(database, { series: one, stretch, budget }, answering);
    for (const stretch of plan.points)
      await readGrowth(database, { series: one, stretch, budget }, (atMs, { shape, tally }) =>
        answering.add({ attributes: one.attributes, atMs, shape, tally }),
      );
  };
  for (let begin = 0; begin < asked.length; begin += AT_ONCE)
    await Promise.all(asked.slice(begin, begin + AT_ONCE).map(readOne));
  return answering.answer();
}

/** What is known of late hours is read before anything else: points are always right, hours until one comes late. */
async function makePlan(database: Database, question: MetricQuestion): Promise<ReadingPlan> {
  if (!canUseHours(question)) return planReading(question, () => false);
  const [rolled, late] = await Promise.all([
    database.read('read_rolled', 'SELECT through FROM metric_rolled', []),
    database.read('read_rolled', 'SELECT hour FROM metric_late WHERE name = ?', [question.name]),
  ]);
  const through = numberOf(rolled[0], 'through');
  const lateHours = new Set(late.map((row) => numberOf(row, 'hour')));
  return planReading(question, (hourMs) => hourMs / HOUR_MS < through && !lateHours.has(hourMs / HOUR_MS));
}

async function addHours(
  database: Database,
  {
    series,
    stretch,
    budget,
  }: { readonly series: StoredSeries; readonly stretch: ReadStretch; readonly budget: ReadingBudget },
  answering: Answering,
): Promise<void> {
  let hour = stretch.fromMs / HOUR_MS;
  for (;;) {
    const params: SqliteValue[] = [series.id, hour, stretch.toMs / HOUR_MS];
    const rows = await database.read('read_hours', HOURS_OF_SERIES, params);
    // A full page may end within an hour: its rows come again with the next one.
    const last = numberOf(rows.at(-1), 'hour');
    const isFull = rows.length === 2_000;
    budget.spend(rows.length);
    for (const row of rows) {
      const at = numberOf(row, 'hour');
      if (isFull && at === last) break;
      const tally = jsonOf<Tally>(row, 'tally');
      answering.add({ attributes: series.attributes, atMs: at * HOUR_MS, shape: textOf(row, 'shape'), tally });
    }
    if (!isFull) return;
    hour = last;
  }
}

/** `catalog` of the port. */
export async function readCatalog(database: Database, from: Date, to: Date): Promise<MetricCatalogItem[]> {
  if (storableRange({ from, to }) === null) return [];
  const sql = `SELECT name, key, kind, unit, description FROM metric_catalog WHERE day >= ? AND day < ? ORDER BY day`;
  const rows = await database.read('read_catalog', sql, [floorDay(from.getTime()), to.getTime()]);
  const items = new Map<string, MetricCatalogItem>();
  const keys = new Map<string, Set<string>>();
  for (const row of rows) {
    const name = textOf(row, 'name');
    const key = textOf(row, 'key');
    // Days come in their order: the last description stands.
    if (key === '') items.set(name, { ...toDescription(row), attributes: [] });
    else keys.set(name, (keys.get(name) ?? new Set<string>()).add(key));
  }
  return [...items.values()]
    .map((item) => ({ ...item, attributes: [...(keys.get(item.name) ?? [])].sort() }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function numberOf(row: SqliteRow | undefined, column: string): number {
  const value = row?.[column];
  return typeof value === 'number' ? value : 0;
}
