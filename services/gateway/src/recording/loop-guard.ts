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

  function remember(key: string, times: number | number[], nowMs: number): void {
    if (newer.size >= maxKeys / 2 || nowMs - beganAtMs > LOOP_WINDOW_MS) {
      older = newer;
      newer = new Map();
      beganAtMs = nowMs;
    }
    newer.set(key, times);
  }

  return {
    isLoop(event, nowMs) {
      const key = keyOf(event);
      const known = newer.get(key) ?? older.get(key) ?? [];
      const recent = (typeof known === 'number' ? [known] : known).filter((atMs) => nowMs - atMs < LOOP_WINDOW_MS);
      const isLoop = recent.length >= LOOP_LIMIT;
      recent.push(nowMs);
      remember(key, recent.length === 1 ? nowMs : recent.slice(-LOOP_LIMIT), nowMs);
      return isLoop;
    },
  };
}

/** Neither white space nor the order of keys makes another event. */
function keyOf({ type, source, data, correlationId }: Parameters<LoopGuard['isLoop']>[0]): string {
  return hash('sha256', canonicalJson([type, source, correlationId, data]), 'base64').slice(0, 24);
}
