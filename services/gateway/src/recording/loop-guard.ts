import { hash } from 'node:crypto';
import type { RecordedEvent } from '@tracepost/contracts';

/** So many of the same within the window; one more is a loop. */
export const LOOP_LIMIT = 20;
export const LOOP_WINDOW_MS = 10_000;
/** Different events that are remembered; under a flood the one that was not seen longest is forgotten. */
const MOST_KEYS = 100_000;

export interface LoopGuard {
  /** Counts the event; true when the same came more than `LOOP_LIMIT` times within the window, this time included. */
  isLoop(event: Pick<RecordedEvent, 'type' | 'source' | 'data' | 'correlationId'>, nowMs: number): boolean;
}

/**
 * Remembers when each event came the last twenty times, by a hash. One that is refused counts too: a loop that goes on stays one.
 */
export function createLoopGuard({ maxKeys = MOST_KEYS } = {}): LoopGuard {
  // Most events come once: for those a number is enough.
  const seen = new Map<string, number | number[]>();
  return {
    isLoop(event, nowMs) {
      const key = keyOf(event);
      const known = seen.get(key);
      // The order of the map is that of the last sight.
      seen.delete(key);
      if (known === undefined) {
        if (seen.size >= maxKeys) forgetOldest(seen);
        seen.set(key, nowMs);
        return false;
      }
      const recent = (typeof known === 'number' ? [known] : known).filter((atMs) => nowMs - atMs < LOOP_WINDOW_MS);
      const isLoop = recent.length >= LOOP_LIMIT;
      recent.push(nowMs);
      seen.set(key, recent.length === 1 ? nowMs : recent.slice(-LOOP_LIMIT));
      return isLoop;
    },
  };
}

function forgetOldest(seen: Map<string, unknown>): void {
  const [oldest] = seen.keys();
  if (oldest !== undefined) seen.delete(oldest);
}

/** Neither white space nor the order of keys makes another event. */
function keyOf({ type, source, data, correlationId }: Parameters<LoopGuard['isLoop']>[0]): string {
  return hash('sha256', JSON.stringify([type, source, correlationId, data], withSortedKeys), 'base64').slice(0, 24);
}

function withSortedKeys(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const members = Object.entries(value);
  if (members.length < 2) return value;
  return Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1)));
}
