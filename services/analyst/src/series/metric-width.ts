import type { MetricSignal } from '@tracepost/contracts';

/**
 * Attributes that the series of a metric have between them: InfluxDB gives each series all that any of them has, and each point all numbers
 * that any point has, so two hundred small points with attributes or bounds of their own made one question take gigabytes.
 * Conventions of OpenTelemetry know some fifteen of a metric.
 */
export const MOST_ATTRIBUTES: number = 64;
/** New versions of programs may have others, and so may other SDKs. */
export const MOST_SETS_OF_BOUNDS: number = 8;
/** On average, for each series that a metric may have: those of an exponential histogram, which are 126. */
export const NUMBERS_OF_SERIES: number = 128;
/** What a histogram has besides its bounds: count, sum, min, max, and what lies beyond the last bound. */
const OTHER_NUMBERS = 5;
/** Of a metric that may have few series only: several points of the 256 bounds that a point can have. */
const LEAST_NUMBERS = 1_024;
const SILENT_MS = 24 * 3_600_000;

type Attributes = MetricSignal['attributes'];

/** Attributes that some series of a metric have in common. */
export interface KeySet {
  readonly id: string;
  readonly keys: readonly string[];
  series: number;
}

/** How many attributes and bounds the series of one metric have between them. */
export interface MetricWidth {
  /** The first attribute for which there is no room; null when a series with all of them can be taken. */
  attributeBeyond(attributes: Attributes): string | null;
  /** Of a new series; to be released when the series is forgotten. */
  take(attributes: Attributes): KeySet;
  release(keys: KeySet): void;
  /** Whether points may have these bounds, which are held for a day then. */
  takeBounds(bounds: readonly number[], series: number): boolean;
  /** Whether so many series may each have all of the numbers. */
  hasNumbersFor(series: number): boolean;
}

interface BoundSet {
  readonly bounds: readonly number[];
  heardMs: number;
}

export interface MetricWidthOptions {
  /** That the metric may have. */
  readonly mostSeries: number;
  readonly now: () => number;
}

export function createMetricWidth({ mostSeries, now }: MetricWidthOptions): MetricWidth {
  const keySets = new Map<string, KeySet>();
  /** In how many of the sets each attribute is. */
  const keyUses = new Map<string, number>();
  const mostNumbers = Math.max(mostSeries * NUMBERS_OF_SERIES, LEAST_NUMBERS);
  let boundSets: BoundSet[] = [];
  let numbers = 1;

  const living = (): BoundSet[] => boundSets.filter(({ heardMs }) => now() - heardMs <= SILENT_MS);
  const countNumbers = (sets: readonly BoundSet[]): number =>
    sets.length === 0 ? 1 : new Set(sets.flatMap(({ bounds }) => bounds)).size + OTHER_NUMBERS;

  return {
    attributeBeyond(attributes) {
      const keys = Object.keys(attributes);
      if (keySets.has(idOf(keys))) return null;
      const fresh = keys.filter((key) => !keyUses.has(key));
      return fresh[MOST_ATTRIBUTES - keyUses.size] ?? null;
    },
    take(attributes) {
      const keys = Object.keys(attributes);
      const id = idOf(keys);
      let set = keySets.get(id);
      if (!set) {
        set = { id, keys, series: 0 };
        keySets.set(id, set);
        for (const key of keys) keyUses.set(key, (keyUses.get(key) ?? 0) + 1);
      }
      set.series += 1;
      return set;
    },
    release(set) {
      set.series -= 1;
      if (set.series > 0) return;
      keySets.delete(set.id);
      for (const key of set.keys) {
        const uses = (keyUses.get(key) ?? 1) - 1;
        if (uses > 0) keyUses.set(key, uses);
        else keyUses.delete(key);
      }
    },
    takeBounds(bounds, series) {
      const known = boundSets.find((set) => areSame(set.bounds, bounds));
      if (known) {
        known.heardMs = now();
        return true;
      }
      const all = [...living(), { bounds, heardMs: now() }];
      const wanted = countNumbers(all);
      if (all.length > MOST_SETS_OF_BOUNDS || wanted * Math.max(1, series) > mostNumbers) return false;
      boundSets = all;
      numbers = wanted;
      return true;
    },
    hasNumbersFor(series) {
      if (numbers * series <= mostNumbers) return true;
      boundSets = living();
      numbers = countNumbers(boundSets);
      return numbers * series <= mostNumbers;
    },
  };
}

function idOf(keys: readonly string[]): string {
  return JSON.stringify(keys);
}

function areSame(some: readonly number[], others: readonly number[]): boolean {
  return some.length === others.length && some.every((bound, at) => bound === others[at]);
}
