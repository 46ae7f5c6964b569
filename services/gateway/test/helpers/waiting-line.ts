import { createWaitingRoom } from '../../src/notify/waiting-room.ts';

export const MAX_WAITING = 1_000;

export interface Phase {
  readonly ms: number;
  readonly comePerSecond: number;
  readonly goPerSecond: number;
}

export interface Served {
  readonly startMs: number;
  readonly refused: number;
  readonly gone: number;
  readonly maxMs: number;
  readonly p99Ms: number;
}

/** First come, first served, in steps of a millisecond: how long those waited who were let in, and how many were not. */
export function serve(...phases: readonly Phase[]): Served[] {
  let atMs = 0;
  let canGo = 0;
  const room = createWaitingRoom({ maxRequests: MAX_WAITING, maxBytes: 1e9, now: () => atMs });
  const line: number[] = [];
  return phases.map(({ ms, comePerSecond, goPerSecond }) => {
    const startMs = atMs;
    const waitedMs: number[] = [];
    let refused = 0;
    let come = 0;
    for (const endMs = atMs + ms; atMs < endMs; atMs++) {
      for (come += comePerSecond / 1_000; come >= 1; come--) {
        if (room.enter(1)) line.push(atMs);
        else refused += 1;
      }
      for (canGo += goPerSecond / 1_000; canGo >= 1; canGo--) {
        const camAtMs = line.shift();
        if (camAtMs === undefined) continue;
        room.leave(1);
        waitedMs.push(atMs - camAtMs);
      }
    }
    waitedMs.sort((a, b) => a - b);
    return {
      startMs,
      refused,
      gone: waitedMs.length,
      maxMs: waitedMs.at(-1) ?? 0,
      p99Ms: waitedMs[Math.floor(waitedMs.length * 0.99)] ?? 0,
    };
  });
}

export function second(comePerSecond: number, goPerSecond: number, seconds = 1): Phase {
  return { ms: seconds * 1_000, comePerSecond, goPerSecond };
}

/** All within `ms`, as a rate. */
export function burst(size: number, goPerSecond: number, ms = 1): Phase {
  return { ms, comePerSecond: (size / ms) * 1_000 + 1e-6, goPerSecond };
}
