import type { HrTime } from '@opentelemetry/api';

/** Further apart than this the wall clock was set, and is followed; closer it only wobbles. */
const TOLERATED_MS = 5;
const BETWEEN_LOOKS_MS = 1_000;

/**
 * Wall time in milliseconds with the resolution of the monotonic clock, so that the spans of one millisecond stay in order. Looks at the
 * wall clock now and then: a machine that slept, or was set, is followed.
 */
export function createSpanClock(
  monotonicNow: () => number = () => performance.now(),
  wallNow: () => number = () => Date.now(),
): () => number {
  let offset = wallNow() - monotonicNow();
  let lookedAt = monotonicNow();
  return () => {
    const now = monotonicNow();
    if (now - lookedAt > BETWEEN_LOOKS_MS) {
      lookedAt = now;
      const seen = wallNow() - now;
      if (Math.abs(seen - offset) > TOLERATED_MS) offset = seen;
    }
    return offset + now;
  };
}

export function toHrTime(milliseconds: number): HrTime {
  const seconds = Math.floor(milliseconds / 1_000);
  return [seconds, Math.floor((milliseconds - seconds * 1_000) * 1e6)];
}
