import {
  COMPLEXITIES,
  type Complexity,
  type Distribution,
  type MergedDistribution,
  type MergedSpread,
  type MergedTimes,
  type SessionAnalysis,
} from '@tracepost/contracts';
import { createSketch } from '../sketch.ts';
import type { Accumulator } from './accumulator.ts';

type Taken = Pick<SessionAnalysis, 'sessionId' | 'times' | 'totals' | 'complexity'>;

/** How long it took, how sparingly, how full the context was and how complex it was, over many sessions. */
export function mergeTimes(): Accumulator<Taken, MergedTimes> {
  const times = { response: new TimeSum(), queue: new TimeSum(), processing: new TimeSum() };
  const durations = new Spread(1_000);
  const contexts = new Spread(1_000_000);
  const complexities = new Map<Complexity, number>();
  const tokens = { input: 0, output: 0, cacheRead: 0 };
  let sessions = 0;
  let score = 0;
  return {
    add: ({ sessionId, times: own, totals, complexity }) => {
      sessions++;
      for (const kind of ['response', 'queue', 'processing'] as const) times[kind].add(own[kind], sessionId);
      durations.add(totals.durationSeconds, sessionId);
      contexts.add(totals.contextUse, sessionId);
      for (const kind of ['input', 'output', 'cacheRead'] as const) tokens[kind] += totals.usage[kind];
      score += complexity.score;
      complexities.set(complexity.complexity, (complexities.get(complexity.complexity) ?? 0) + 1);
    },
    result: () => ({
      sessions,
      response: times.response.result(),
      queue: times.queue.result(),
      processing: times.processing.result(),
      durationSeconds: durations.result(),
      contextUse: contexts.result(),
      tokenEfficiency: tokens.input > 0 ? tokens.output / tokens.input : null,
      cacheReadShare: tokens.input > 0 ? tokens.cacheRead / tokens.input : null,
      averageComplexityScore: sessions > 0 ? score / sessions : null,
      complexities: COMPLEXITIES.toReversed().flatMap((complexity) => {
        const count = complexities.get(complexity);
        return count ? [{ complexity, sessions: count }] : [];
      }),
    }),
  };
}

/** Sums are kept in whole units, so that the order in which they come makes no difference. */
class TimeSum {
  readonly #medians = new Quantiles();
  readonly #slowest = new Highest();
  #count = 0;
  #sumMs = 0;
  #maximumMs = 0;

  add(own: Distribution | null, sessionId: string): void {
    if (!own) return;
    this.#count += own.count;
    this.#sumMs += Math.round(own.count * own.averageMs);
    this.#maximumMs = Math.max(this.#maximumMs, own.maximumMs);
    this.#medians.add(own.medianMs);
    this.#slowest.add(own.averageMs, sessionId);
  }

  result(): MergedDistribution | null {
    const sessionMedianMs = this.#medians.at(0.5);
    if (sessionMedianMs === null) return null;
    return {
      sessions: this.#medians.count,
      count: this.#count,
      averageMs: this.#sumMs / this.#count,
      sessionMedianMs,
      maximumMs: this.#maximumMs,
      slowestSession: this.#slowest.sessionId,
    };
  }
}

class Spread {
  readonly #perUnit: number;
  readonly #values = new Quantiles();
  readonly #highest = new Highest();
  #sum = 0;

  /** Sums are kept in so many parts of a unit. */
  constructor(perUnit: number) {
    this.#perUnit = perUnit;
  }

  add(value: number | null, sessionId: string): void {
    if (value === null) return;
    this.#values.add(value);
    this.#sum += Math.round(value * this.#perUnit);
    this.#highest.add(value, sessionId);
  }

  result(): MergedSpread | null {
    const [median, p95] = [this.#values.at(0.5), this.#values.at(0.95)];
    if (median === null || p95 === null) return null;
    const { count } = this.#values;
    const { value, sessionId } = this.#highest;
    const average = this.#sum / count / this.#perUnit;
    return { sessions: count, average, median, p95, maximum: value, highestSession: sessionId };
  }
}

/** None beyond the values that there were: of one session its own, though the sketch is only as fine as its buckets. */
class Quantiles {
  readonly #sketch = createSketch();
  #lowest = Number.POSITIVE_INFINITY;
  #highest = Number.NEGATIVE_INFINITY;

  get count(): number {
    return this.#sketch.count;
  }

  add(value: number): void {
    this.#sketch.add(value);
    this.#lowest = Math.min(this.#lowest, value);
    this.#highest = Math.max(this.#highest, value);
  }

  at(share: number): number | null {
    const value = this.#sketch.quantile(share);
    return value === null ? null : Math.min(this.#highest, Math.max(this.#lowest, value));
  }
}

/** The highest value and the session that has it; of several the first by id. */
class Highest {
  value = Number.NEGATIVE_INFINITY;
  sessionId = '';

  add(value: number, sessionId: string): void {
    if (value < this.value || (value === this.value && sessionId >= this.sessionId)) return;
    this.value = value;
    this.sessionId = sessionId;
  }
}
