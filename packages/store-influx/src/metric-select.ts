import { isAttributeKey, isStorableText, type MetricQuestion, type ReadStretch } from '@tracepost/stores';
import { METRICS, TALLY } from './metric-flux.ts';

export type Choice = Pick<MetricQuestion, 'name' | 'where'>;

/** Points as they were written, series by series, each in the order of time. */
export function pointsSelect(choice: Choice, stretch: ReadStretch): string {
  return `SELECT * ${source(choice, stretch)}`;
}

/** Of each series its newest point. */
export function newestSelect(choice: Choice, stretch: ReadStretch): string {
  return `SELECT * ${source(choice, stretch)} ORDER BY time DESC LIMIT 1`;
}

/** Of one series one point. */
export function oneRowSelect(choice: Choice, stretch: ReadStretch): string {
  return `SELECT * ${source(choice, stretch)} LIMIT 1 SLIMIT 1`;
}

/** A row for each attribute that any series has in this time. */
export function tagsSelect({ name }: Choice, stretch: ReadStretch): string {
  return `SHOW TAG KEYS FROM ${identifier(name)} WHERE ${times(stretch)}`;
}

/** A row for each number that any point ever had. */
export function fieldsSelect({ name }: Choice): string {
  return `SHOW FIELD KEYS FROM ${identifier(name)}`;
}

/** How many series there ever were. */
export function seriesSelect({ name, where }: Choice): string {
  const conditions = Object.entries(where).map(([key, value]) => condition(key, value));
  const filter = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  return `SHOW SERIES EXACT CARDINALITY FROM ${identifier(name)}${filter}`;
}

/** Hours as they were put together. */
export function hoursSelect(choice: Choice, stretch: ReadStretch): string {
  return `SELECT ${identifier(TALLY)} ${source(choice, stretch)}`;
}

/** The first day for which the catalog has a metric. */
export function oldestDaySelect(stretch: ReadStretch): string {
  return `SELECT first("kind") FROM ${identifier(METRICS)} WHERE ${times(stretch)}`;
}

function source({ name, where }: Choice, stretch: ReadStretch): string {
  const conditions = [times(stretch), ...Object.entries(where).map(([key, value]) => condition(key, value))];
  return `FROM ${identifier(name)} WHERE ${conditions.join(' AND ')} GROUP BY *`;
}

/**
 * What cannot be an attribute, or its value, is on no series; a tag that is not there is the empty text. A field may have the same name.
 * Whoever reads looks at the conditions once more: InfluxQL takes `Time` and `TIME` for the time of the point, tag or not.
 */
function condition(key: string, value: string): string {
  if (!isAttributeKey(key)) return value === '' ? 'true' : 'false';
  if (!isStorableText(value)) return 'false';
  if (key.toLowerCase() === 'time') return 'true';
  return `${identifier(key)}::tag = ${literal(value)}`;
}

function times({ fromMs, toMs }: ReadStretch): string {
  return `time >= ${nanoseconds(fromMs)} AND time < ${nanoseconds(toMs)}`;
}

function nanoseconds(ms: number): string {
  return String(BigInt(ms) * 1_000_000n);
}

/** Between double quotes everything is a name, but for what would end it. */
function identifier(name: string): string {
  return `"${escaped(name).replaceAll('"', '\\"')}"`;
}

function literal(text: string): string {
  return `'${escaped(text).replaceAll("'", "\\'")}'`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\');
}
