import { createSketch, readSketch, type Sketch } from '@tracepost/analysis';
import type { RecordedPointsTable } from '../schema.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;

export type PointKey = Pick<RecordedPointsTable, 'series_id' | 'start_ms' | 'span_ms'>;
type Last = Pick<RecordedPointsTable, 'last' | 'last_at_ms' | 'last_event_id'>;

/** The values of one series and one stretch of time, added up; the same in whatever order they come, but for the last bits of the sum. */
export class PointSum {
  readonly key: PointKey;
  readonly #sketch: Sketch = createSketch();
  #count = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #last: Last = { last: 0, last_at_ms: Number.NEGATIVE_INFINITY, last_event_id: '' };

  constructor(key: PointKey) {
    this.key = key;
  }

  addValue(value: number, last: Omit<Last, 'last'>): void {
    this.#sketch.add(value);
    this.#widen({ count: 1, sum: value, min: value, max: value });
    this.#follow({ last: value, ...last });
  }

  addRow(row: RecordedPointsTable): void {
    this.#sketch.merge(readSketch(row.sketch));
    this.#widen(row);
    this.#follow(row);
  }

  toRow(): RecordedPointsTable {
    return {
      ...this.key,
      count: this.#count,
      sum: this.#sum,
      min: this.#min,
      max: this.#max,
      ...this.#last,
      sketch: this.#sketch.toBytes(),
    };
  }

  #widen({ count, sum, min, max }: Pick<RecordedPointsTable, 'count' | 'sum' | 'min' | 'max'>): void {
    this.#count += count;
    this.#sum += sum;
    this.#min = Math.min(this.#min, min);
    this.#max = Math.max(this.#max, max);
  }

  #follow(other: Last): void {
    if (isLater(other, this.#last)) {
      const { last, last_at_ms, last_event_id } = other;
      this.#last = { last, last_at_ms, last_event_id };
    }
  }
}

/** Of two values of the same time the one with the higher id: ids that we give rise with the order in which values came. */
export function isLater(one: Omit<Last, 'last'>, other: Omit<Last, 'last'>): boolean {
  if (one.last_at_ms !== other.last_at_ms) return one.last_at_ms > other.last_at_ms;
  return one.last_event_id > other.last_event_id;
}

export function pointKeyText({ series_id, start_ms, span_ms }: PointKey): string {
  return `${series_id}/${start_ms}/${span_ms}`;
}

/** The beginning of the stretch that a time lies in, also before the epoch. */
export function startOf(ms: number, spanMs: number): number {
  return Math.floor(ms / spanMs) * spanMs;
}
