import type { MetricAggregation, MetricKind } from '@tracepost/contracts';
import { QueryTooLargeError } from '../recorded-metric-store.ts';
import { naturalAggregation, possibleAggregations, quantileOf } from './aggregations.ts';
import { bucketQuantile } from './bucket-quantile.ts';
import {
  type AnsweredSeries,
  type MetricAnswer,
  type MetricDescription,
  type MetricQuestion,
  QUESTION_LIMITS,
} from './question.ts';
import { addTally, type Tally } from './tally.ts';

/** Takes what was read for a question, in any order and in any number of parts, and makes the answer of it. */
export interface Answering {
  /** What series with these attributes have added at this instant, or from it on within one window. */
  add(part: {
    readonly attributes: Readonly<Record<string, string>>;
    readonly atMs: number;
    readonly shape: string;
    readonly tally: Readonly<Tally>;
  }): void;
  answer(): MetricAnswer;
}

type WindowedQuestion = Pick<MetricQuestion, 'from' | 'to' | 'everyMs'>;

type Windows = Map<number, Map<string, Tally>>;

interface Group {
  readonly attributes: Readonly<Record<string, string>>;
  readonly windows: Windows;
}

/** Throws `QueryTooLargeError` as soon as the answer is known to be too large; see `QUESTION_LIMITS`. */
export function answerQuestion(question: MetricQuestion, known: MetricDescription | null): Answering {
  const starts = windowStarts(question);
  const groups = new Map<string, Group>();
  // Without attributes to tell series apart there is one, also when nothing has happened in it.
  if (question.groupBy.length === 0) groups.set('', { attributes: {}, windows: new Map() });

  const groupOf = (attributes: Readonly<Record<string, string>>): Group => {
    if (question.groupBy.length === 0) return groups.get('') as Group;
    const own: Record<string, string> = {};
    for (const key of question.groupBy) {
      const value = attributes[key];
      if (value !== undefined && value !== '') own[key] = value;
    }
    const id = JSON.stringify(own);
    let group = groups.get(id);
    if (!group) {
      group = { attributes: own, windows: new Map() };
      groups.set(id, group);
      checkSize(groups.size, starts.length);
    }
    return group;
  };

  return {
    add({ attributes, atMs, shape, tally }) {
      if (known && !fits(shape, known.kind)) return;
      const { windows } = groupOf(attributes);
      const start = windowStart(atMs, question);
      let shapes = windows.get(start);
      if (!shapes) {
        shapes = new Map();
        windows.set(start, shapes);
      }
      const sums = shapes.get(shape);
      if (sums) addTally(sums, tally);
      else shapes.set(shape, { ...tally });
    },
    answer() {
      const kind = known?.kind ?? null;
      const aggregation = question.aggregation ?? naturalAggregation(kind);
      const all = [...groups.values()].flatMap(({ windows }) => [...windows.values()].flatMap((shapes) => [...shapes]));
      if (kind !== null) {
        const possible = possibleAggregations(kind, hasBounds(all));
        if (!possible.includes(aggregation)) return { status: 'refused', kind, aggregation, possible };
      }
      return {
        status: 'answered',
        kind,
        unit: known?.unit ?? '',
        aggregation,
        accuracy: quantileOf(aggregation) === null ? null : 'buckets',
        sampleCount: all.reduce((sum, [, tally]) => sum + (tally.count ?? 0), 0),
        series: [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => toSeries(group)),
      };

      function toSeries({ attributes, windows }: Group): AnsweredSeries {
        const points = starts.map((atMs) => {
          const tallies = [...(windows.get(atMs)?.values() ?? [])];
          return { atMs, value: reckon({ aggregation, kind, tallies, seconds: windowSeconds(atMs, question) }) };
        });
        return { attributes, points };
      }
    },
  };
}

/** Which shapes belong to a kind: a name that two programs use differently is asked as what it was written as last. */
function fits(shape: string, kind: MetricKind): boolean {
  // A monotonic sum of delta temporality lies where gauges do, and each of its points is what was added.
  if (kind === 'counter') return shape === 'counter' || shape === 'gauge';
  if (kind === 'gauge') return shape === 'gauge';
  return shape.startsWith('histogram:') || shape.startsWith('delta:');
}

/** Whether every observation lies in a stretch of time whose lowest and highest value are known. */
function hasBounds(all: readonly (readonly [string, Tally])[]): boolean {
  return all.length > 0 && all.every(([, { count, bounded }]) => count === bounded);
}

interface WindowFacts {
  readonly aggregation: MetricAggregation;
  readonly kind: MetricKind | null;
  readonly tallies: readonly Tally[];
  readonly seconds: number;
}

function reckon({ aggregation, kind, tallies, seconds }: WindowFacts): number | null {
  const total = (field: string) => tallies.reduce((sum, tally) => sum + (tally[field] ?? 0), 0);
  const quantile = quantileOf(aggregation);
  if (quantile !== null) return bucketQuantile(quantile, tallies);
  if (aggregation === 'COUNT') return total('count');
  if (aggregation === 'SUM') return total('sum');
  // Of a histogram how often was observed, of a counter what was added.
  if (aggregation === 'RATE') return total(kind === 'histogram' ? 'count' : 'sum') / seconds;
  const count = total('count');
  if (count === 0) return null;
  if (aggregation === 'MEAN') return total('sum') / count;
  const field = aggregation === 'MIN' ? 'min' : 'max';
  const values = tallies.flatMap((tally) => tally[field] ?? []);
  if (values.length === 0) return null;
  return aggregation === 'MIN' ? Math.min(...values) : Math.max(...values);
}

/** Of a window that lies partly outside the range only the part within counts. */
export function windowSeconds(startMs: number, { from, to, everyMs }: WindowedQuestion): number {
  const end = everyMs === null ? to.getTime() : Math.min(startMs + everyMs, to.getTime());
  return (end - Math.max(startMs, from.getTime())) / 1000;
}

export function windowStart(atMs: number, { from, everyMs }: WindowedQuestion): number {
  return everyMs === null ? from.getTime() : Math.floor(atMs / everyMs) * everyMs;
}

/** Beginnings of the windows of a question, the first one perhaps before its range. Throws `QueryTooLargeError`, also for a range that is too long. */
export function windowStarts(question: WindowedQuestion): number[] {
  const { from, to, everyMs } = question;
  const rangeMs = to.getTime() - from.getTime();
  const days = QUESTION_LIMITS.rangeMs / 86_400_000;
  if (rangeMs > QUESTION_LIMITS.rangeMs)
    throw new QueryTooLargeError(`The range is longer than ${days} days; ask for a shorter one.`);
  if (rangeMs <= 0) return [];
  const first = windowStart(from.getTime(), question);
  const count = everyMs === null ? 1 : Math.ceil((to.getTime() - first) / everyMs);
  if (count > QUESTION_LIMITS.windows)
    throw new QueryTooLargeError(
      `The range holds ${count} windows, and at most ${QUESTION_LIMITS.windows} are answered; ask for longer windows or a shorter range.`,
    );
  return Array.from({ length: count }, (_, index) => first + index * (everyMs ?? 0));
}

function checkSize(series: number, windows: number): void {
  const { series: maxSeries, values } = QUESTION_LIMITS;
  if (series > maxSeries)
    throw new QueryTooLargeError(
      `The answer has more than ${maxSeries} series; group by fewer attributes, or choose some by "where".`,
    );
  if (series * windows > values)
    throw new QueryTooLargeError(
      `The answer has more than ${values} values; ask for longer windows, fewer series or a shorter range.`,
    );
}
