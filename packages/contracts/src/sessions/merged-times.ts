import type { Complexity } from './analysis.ts';

export interface MergedDistribution {
  /** Sessions in which any is known. */
  readonly sessions: number;
  readonly count: number;
  /** Over all of them, exact. */
  readonly averageMs: number;
  /** Of the sessions' medians, within 0.8 %: one session of thousands of calls does not speak for all others. */
  readonly sessionMedianMs: number;
  readonly maximumMs: number;
  /** Where it took longest on average. */
  readonly slowestSession: string;
}

export interface MergedSpread {
  readonly sessions: number;
  readonly average: number;
  /** Within 0.8 %. */
  readonly median: number;
  /** Within 0.8 %. */
  readonly p95: number;
  readonly maximum: number;
  readonly highestSession: string;
}

/** How long many sessions took, how sparing, how full and how complex they were. */
export interface MergedTimes {
  readonly sessions: number;
  /** As in one session; null: of none it is known. */
  readonly response: MergedDistribution | null;
  readonly queue: MergedDistribution | null;
  readonly processing: MergedDistribution | null;
  /** Of whole sessions, in seconds. */
  readonly durationSeconds: MergedSpread | null;
  /** Input of the last call over the model's window. */
  readonly contextUse: MergedSpread | null;
  /** All output over all input; null without input. */
  readonly tokenEfficiency: number | null;
  /** Share of all input that was read from a cache; null without input. */
  readonly cacheReadShare: number | null;
  readonly averageComplexityScore: number | null;
  /** The most complex first; those of which there is none are left out. */
  readonly complexities: readonly { readonly complexity: Complexity; readonly sessions: number }[];
}
