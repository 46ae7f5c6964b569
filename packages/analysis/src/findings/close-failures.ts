import type { Step } from './steps.ts';

export interface Failure {
  readonly step: Step;
  /** Its place among all calls. */
  readonly at: number;
  readonly atMs: number | null;
}

/** How close failures have to lie to each other, and how many of them. */
export interface Closeness {
  readonly least: number;
  readonly withinCalls: number;
  readonly withinMs: number;
}

/**
 * Those that lie close by calls or by time, and all that hang together with them by sharing one; each group in the order of its calls, as the
 * failures are given. By time they are put in order first: what began between two others may have failed long after both.
 */
export function closeFailures(
  failures: readonly Failure[],
  { least, withinCalls, withinMs }: Closeness,
): readonly (readonly Failure[])[] {
  const groups = new Groups(failures.length);
  for (let last = least - 1; last < failures.length; last++) {
    const first = last - least + 1;
    const isClose = spanCallsOf(failures.slice(first, last + 1)) <= withinCalls;
    if (isClose) groups.join(Array.from({ length: least }, (_, place) => first + place));
  }
  const timed = failures.flatMap(({ atMs }, at) => (atMs === null ? [] : [{ at, atMs }]));
  timed.sort((a, b) => a.atMs - b.atMs);
  for (let last = least - 1; last < timed.length; last++) {
    const stretch = timed.slice(last - least + 1, last + 1);
    const spanMs = (stretch.at(-1)?.atMs ?? 0) - (stretch[0]?.atMs ?? 0);
    if (spanMs <= withinMs) groups.join(stretch.map(({ at }) => at));
  }
  return groups.all().map((group) => group.map((at) => failures[at] as Failure));
}

/** Calls from the first to the last, both counted. */
export function spanCallsOf(failures: readonly Failure[]): number {
  return (failures.at(-1) as Failure).at - (failures[0] as Failure).at + 1;
}

/** From the earliest to the latest, which are not always the first and the last: what began first may have failed last. Null: not known. */
export function spanMsOf(failures: readonly Failure[]): number | null {
  if (failures[0]?.atMs == null || failures.at(-1)?.atMs == null) return null;
  let [earliest, latest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { atMs } of failures) {
    if (atMs === null) continue;
    if (atMs < earliest) earliest = atMs;
    if (atMs > latest) latest = atMs;
  }
  return latest - earliest;
}

/** Joins numbers into groups; those that were never joined are in none. */
class Groups {
  /** Where to look further for the first of its group; -1: it is in none. */
  readonly #towards: Int32Array;

  constructor(size: number) {
    this.#towards = new Int32Array(size).fill(-1);
  }

  join(numbers: readonly number[]): void {
    const first = Math.min(...numbers.map((number) => this.#firstOf(number)));
    for (const number of numbers) {
      this.#towards[this.#firstOf(number)] = first;
      this.#towards[number] = first;
    }
  }

  all(): readonly (readonly number[])[] {
    const groups = new Map<number, number[]>();
    for (const [number, towards] of this.#towards.entries()) {
      if (towards < 0) continue;
      const first = this.#firstOf(number);
      const group = groups.get(first);
      if (group) group.push(number);
      else groups.set(first, [number]);
    }
    return [...groups.values()];
  }

  #firstOf(number: number): number {
    let first = number;
    for (let next = this.#towards[first] ?? -1; next >= 0 && next !== first; next = this.#towards[first] ?? -1) {
      // Half of the way is saved for the next one who asks.
      const further = this.#towards[next] ?? -1;
      if (further >= 0) this.#towards[first] = further;
      first = next;
    }
    return first;
  }
}
