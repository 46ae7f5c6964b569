/** Where an entry stands: see `SessionEntry` in the contracts. */
export interface Placed {
  readonly atMs: number | null;
  readonly sequence: number;
}

/**
 * Entries in order of time, then sequence, then id. An entry without a time goes with the one before it in sequence, so that
 * a transcript that tells no times stays in the order in which it was written.
 */
export function inOrder<E extends Placed>(entries: Iterable<E>, idOf: (entry: E) => string): E[] {
  const list = [...entries];
  if (list.every((entry) => entry.atMs !== null)) return list.sort((one, other) => byPlace(one, other, idOf));
  list.sort((one, other) => one.sequence - other.sequence || byText(idOf(one), idOf(other)));
  let last = Number.NEGATIVE_INFINITY;
  const placed = list.map((entry) => {
    last = entry.atMs ?? last;
    return { entry, time: last };
  });
  // The sort is stable: what has the same time stays in sequence.
  return placed.sort((one, other) => compare(one.time, other.time)).map(({ entry }) => entry);
}

export interface PlacedInRows {
  readonly places: Uint32Array;
  /** NaN: there is none. */
  readonly times: Float64Array;
  readonly sequences: Float64Array;
}

/** The places in the same order; of very many entries, for which objects of their own would be too much. */
export function orderOf({ places, times, sequences }: PlacedInRows, idOf: (place: number) => string): Uint32Array {
  if (times.some(Number.isNaN)) {
    const entries = Array.from(places, (place, at) => ({
      place,
      atMs: timeAt(times, at),
      sequence: sequences[at] ?? 0,
    }));
    return Uint32Array.from(
      inOrder(entries, ({ place }) => idOf(place)),
      ({ place }) => place,
    );
  }
  const order = Uint32Array.from(places.keys());
  order.sort(
    (one, other) =>
      compare(times[one] ?? 0, times[other] ?? 0) ||
      (sequences[one] ?? 0) - (sequences[other] ?? 0) ||
      byText(idOf(places[one] ?? 0), idOf(places[other] ?? 0)),
  );
  return order.map((at) => places[at] ?? 0);
}

function timeAt(times: Float64Array, at: number): number | null {
  const time = times[at] ?? Number.NaN;
  return Number.isNaN(time) ? null : time;
}

function byPlace<E extends Placed>(one: E, other: E, idOf: (entry: E) => string): number {
  return compare(one.atMs ?? 0, other.atMs ?? 0) || one.sequence - other.sequence || byText(idOf(one), idOf(other));
}

export function byText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function compare(one: number, other: number): number {
  // Two infinities have no difference that is a number.
  return one < other ? -1 : one > other ? 1 : 0;
}
