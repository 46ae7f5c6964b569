import { floorHour } from './reading-plan.ts';

/** Points come this long after their time without being called late. */
export const SETTLE_MS = 5 * 60_000;

/**
 * Which hours may have been put together already, so that a point of theirs has to be told to whoever did it. An hour is put
 * together once it has settled; by the clock, so that a process that has just started knows it too.
 */
export interface LateBound {
  /** Points before it are late. */
  readonly ms: number;
  /** Hours before are about to be put together. */
  raise(ms: number): void;
}

export function createLateBound(now: () => number): LateBound {
  let raised = 0;
  return {
    get ms() {
      return Math.max(raised, settledHour(now()));
    },
    raise(ms) {
      raised = Math.max(raised, ms);
    },
  };
}

/** The end of the last hour whose points have all had time to come. */
export function settledHour(nowMs: number): number {
  return floorHour(nowMs - SETTLE_MS);
}
