import { variable } from './variables.ts';

/**
 * Flux for the layout `telegraf-prometheus-v1`: the measurement is the metric's name; a counter has the field `counter`, a
 * gauge `gauge`, a histogram cumulative counts by upper bound beside `count` and `sum`. Grafana puts in `v.timeRangeStart`,
 * `v.timeRangeStop`, `v.windowPeriod`, `v.defaultBucket` and its own `${variables}`.
 */

/** Attribute -> the short column that legends and links name: columns with dots cannot be named in a template. */
export type Columns = Readonly<Record<string, string>>;

export interface Source {
  readonly metric: string;
  readonly by: Columns;
  /** Conditions in Flux on a row `r`, each of them to hold. */
  readonly where?: readonly string[];
}

/** Two export intervals and more, so that the first difference in the window is not lost. It is cut off again. */
const LOOK_BACK = '1m';

/** The last window is not over yet, and dropped for the same reason as the first. */
const SUM_PER_WINDOW = [
  '  |> aggregateWindow(every: v.windowPeriod, fn: sum, createEmpty: false)',
  '  |> filter(fn: (r) => r._time < v.timeRangeStop)',
];

/** What a counter, or the count of a histogram, grew by per second. `field` is `counter` or `count`. */
export function perSecond(source: Source & { readonly field: 'counter' | 'count' }): string {
  return lines(
    increments(source, equals('_field', source.field)),
    `  |> ${group(Object.keys(source.by))}`,
    ...SUM_PER_WINDOW,
    '  |> map(fn: (r) => ({ r with _value: r._value * 1000000000.0 / float(v: int(v: v.windowPeriod)) }))',
    rename(source.by),
  );
}

/** The share of increments for which `isCounted` holds, from 0 to 1. */
export function shareOf(source: Source & { readonly field: 'counter' | 'count'; readonly isCounted: string }): string {
  const keys = Object.keys(source.by);
  return lines(
    increments(source, equals('_field', source.field)),
    `  |> map(fn: (r) => ({ r with part: if ${source.isCounted} then "counted" else "other" }))`,
    `  |> ${group([...keys, 'part'])}`,
    ...SUM_PER_WINDOW,
    `  |> ${group(keys)}`,
    '  |> pivot(rowKey: ["_time"], columnKey: ["part"], valueColumn: "_value")',
    '  |> map(fn: (r) => ({ r with counted: if exists r.counted then r.counted else 0.0 }))',
    '  |> map(fn: (r) => ({ r with other: if exists r.other then r.other else 0.0 }))',
    // A window in which nothing happened has no share.
    '  |> filter(fn: (r) => r.counted + r.other > 0.0)',
    '  |> map(fn: (r) => ({ r with _value: r.counted / (r.counted + r.other) }))',
    '  |> drop(columns: ["counted", "other"])',
    rename(source.by),
  );
}

/** A percentile from the buckets, per window and over all instances: quantiles are never averaged. */
export function percentile(source: Source & { readonly quantile: number }): string {
  const keys = Object.keys(source.by);
  return lines(
    increments(source, 'r._field =~ /^(\\+Inf|[0-9])/'),
    `  |> ${group([...keys, '_field'])}`,
    ...SUM_PER_WINDOW,
    '  |> map(fn: (r) => ({ r with le: float(v: r._field) }))',
    `  |> ${group([...keys, '_time'])}`,
    `  |> histogramQuantile(quantile: ${source.quantile})`,
    '  |> filter(fn: (r) => exists r._value)',
    `  |> ${group(keys)}`,
    '  |> sort(columns: ["_time"])',
    rename(source.by),
  );
}

/** Several percentiles as series of their own, told apart by the column `percentile`: `p50`, `p95`. */
export function percentiles(source: Source, quantiles: readonly number[]): string[] {
  return quantiles.map((quantile) =>
    lines(
      percentile({ ...source, quantile }),
      `  |> set(key: "percentile", value: "p${Math.round(quantile * 100)}")`,
      `  |> ${group([...Object.values(source.by), 'percentile'])}`,
    ),
  );
}

/** A gauge, the newest value of each instance in a window, added up (`sum`), the largest (`max`) or the smallest (`min`) over the instances. */
export function gauge(source: Source & { readonly over: 'sum' | 'max' | 'min' }): string {
  const keys = Object.keys(source.by);
  return lines(
    'from(bucket: v.defaultBucket)',
    '  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)',
    `  |> filter(fn: (r) => ${[equals('_measurement', source.metric), equals('_field', 'gauge')].join(' and ')})`,
    ...filters(source),
    '  |> aggregateWindow(every: v.windowPeriod, fn: last, createEmpty: false)',
    `  |> ${group([...keys, '_time'])}`,
    `  |> ${source.over}()`,
    `  |> ${group(keys)}`,
    '  |> sort(columns: ["_time"])',
    rename(source.by),
  );
}

/** What a counter, or the count of a histogram, grew by over the whole window: one row for each group, the largest first. */
export function total(source: Source & { readonly field: 'counter' | 'count' | 'sum'; readonly as: string }): string {
  const columns = Object.values(source.by);
  return lines(
    increments(source, equals('_field', source.field)),
    `  |> ${group(Object.keys(source.by))}`,
    '  |> sum()',
    '  |> map(fn: (r) => ({ r with _time: v.timeRangeStop }))',
    rename(source.by),
    '  |> group()',
    `  |> keep(columns: [${[...columns, '_value'].map((column) => `"${column}"`).join(', ')}])`,
    '  |> sort(columns: ["_value"], desc: true)',
    `  |> rename(columns: { _value: "${source.as}" })`,
  );
}

/** The sum of a histogram over its count, per window: the average of what was measured. */
export function average(source: Source): string {
  const keys = Object.keys(source.by);
  return lines(
    increments(source, '(r._field == "sum" or r._field == "count")'),
    `  |> ${group([...keys, '_field'])}`,
    ...SUM_PER_WINDOW,
    `  |> ${group(keys)}`,
    '  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")',
    '  |> filter(fn: (r) => exists r.count and exists r.sum and r.count > 0.0)',
    '  |> map(fn: (r) => ({ r with _value: r.sum / r.count }))',
    '  |> drop(columns: ["sum", "count"])',
    rename(source.by),
  );
}

/** What each series grew by, point by point; before any grouping, or a restart of one instance would look like a loss. */
export function increments(source: Source, fields: string): string {
  return lines(
    'import "date"',
    '',
    'from(bucket: v.defaultBucket)',
    `  |> range(start: date.sub(d: ${LOOK_BACK}, from: v.timeRangeStart), stop: v.timeRangeStop)`,
    `  |> filter(fn: (r) => ${equals('_measurement', source.metric)} and ${fields})`,
    ...filters(source),
    '  |> difference(nonNegative: true)',
    // Windows begin at whole multiples of their length: a first one that is cut off would show too low a rate.
    '  |> filter(fn: (r) => r._time >= date.truncate(t: v.timeRangeStart, unit: v.windowPeriod))',
  );
}

function equals(column: string, value: string): string {
  return `${cell(column)} == "${value}"`;
}

/** Matches the dashboard's variable `name`; a series without the attribute is taken along when all values are shown. */
export function matches(attribute: string, name: string): string {
  return `(if exists ${cell(attribute)} then ${cell(attribute)} else "") =~ /^${variable(name, 'regex')}$/`;
}

/** True of a row whose attribute is there and matches. */
export function has(attribute: string, pattern: string): string {
  return `exists ${cell(attribute)} and ${cell(attribute)} =~ /${pattern}/`;
}

export function cell(column: string): string {
  return /^\w+$/.test(column) ? `r.${column}` : `r["${column}"]`;
}

export function group(columns: readonly string[]): string {
  return `group(columns: [${columns.map((column) => `"${column}"`).join(', ')}])`;
}

export function lines(...parts: readonly string[]): string {
  return parts.join('\n');
}

function filters({ where = [] }: Source): string[] {
  return where.map((condition) => `  |> filter(fn: (r) => ${condition})`);
}

/** By `map`, which does not mind that a table has no such column; `rename` would fail on it. */
function rename(by: Columns): string {
  const named = Object.entries(by).map(
    ([attribute, column]) => `${column}: if exists ${cell(attribute)} then string(v: ${cell(attribute)}) else "none"`,
  );
  const columns = ['_time: r._time', '_value: r._value', ...named].join(', ');
  return lines(`  |> map(fn: (r) => ({ ${columns} }))`, `  |> ${group(Object.values(by))}`);
}
