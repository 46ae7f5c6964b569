import { hash } from 'node:crypto';
import type { RecordedEvent } from '@tracepost/contracts';
import { canonicalJson } from '../canonical-json.ts';

/** So many of the same within the window; one more is a loop. */
export const LOOP_LIMIT = 20;
export const LOOP_WINDOW_MS = 10_000;
/** Different events that are remembered, at most; under a flood those that were not seen longest are forgotten. */
const MOST_KEYS = 100_000;

export interface LoopGuard {
  /** Counts the event; true when the same came more than `LOOP_LIMIT` times within the window, this time included. */
  isLoop(event: Pick<RecordedEvent, 'type' | 'source' | 'data' | 'correlationId'>, nowMs: number): boolean;
}

/**
 * Remembers when each event came the last twenty times, by a hash. One that is refused counts too: a loop that goes on stays one. Two
 * generations, so that forgetting is free: a map whose oldest key is taken out again and again has all those to step over that are gone.
 */
export function createLoopGuard({ maxKeys = MOST_KEYS } = {}): LoopGuard {
  // Most events come once: for those a number is enough.
  let newer = new Map<string, number | number[]>();
  let older: ReadonlyMap<string, number | number[]> = newer;
  let beganAtMs = 0;
  // Runs with the clock and stands while that is set back: or times that are yet to come would count until it is there again.
  let atMs = 0;
  let clockMs = 0;

  function remember(key: string, times: number | number[]): void {
    if (newer.size >= maxKeys / 2 || atMs - beganAtMs > LOOP_WINDOW_MS) {
      older = newer;
      newer = new Map();
      beganAtMs = atMs;
    }
    newer.set(key, times);
  }

  return {
    isLoop(event, nowMs) {
      atMs += Math.max(0, nowMs - clockMs);
      clockMs = nowMs;
      const key = keyOf(event);
      const known = newer.get(key) ?? older.get(key) ?? [];
      const recent = (typeof known === 'number' ? [known] : known).filter((sawAtMs) => atMs - sawAtMs < LOOP_WINDOW_MS);
      const isLoop = recent.length >= LOOP_LIMIT;
      recent.push(atMs);
      remember(key, recent.length === 1 ? atMs : recent.slice(-LOOP_LIMIT));
      return isLoop;
    },
  };
}

/** Neither white space nor the order of keys makes another event. */
function keyOf({ type, source, data, correlationId }: Parameters<LoopGuard['isLoop']>[0]): string {
  return hash('sha256', canonicalJson([type, source, correlationId, data]), 'base64').slice(0, 24);
}
