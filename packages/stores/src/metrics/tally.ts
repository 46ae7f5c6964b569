/**
 * What the values of one series and one stretch of time come to. Every field is added when two are put together, but for
 * `min` and `max`, so the order does not matter and nothing is ever averaged:
 *
 * - `count` and `sum` always;
 * - `min` and `max` where they are known to be of this stretch, and `bounded`, the part of `count` that they speak for;
 * - of histograms the counts up to each upper bound (`0.005`, …, `+Inf`).
 */
export type Tally = Record<string, number>;

export function addTally(into: Tally, part: Readonly<Tally>): void {
  for (const field in part) {
    const value = part[field] as number;
    const before = into[field];
    if (before === undefined) into[field] = value;
    else if (field === 'min') into[field] = Math.min(before, value);
    else if (field === 'max') into[field] = Math.max(before, value);
    else into[field] = before + value;
  }
}

const OTHER_FIELDS = new Set(['count', 'sum', 'min', 'max', 'bounded']);

/** Whether the field counts the observations up to an upper bound. */
export function isBucket(field: string): boolean {
  return !OTHER_FIELDS.has(field);
}
