export interface BackOff {
  /** How long to pause this time: longer each time, with jitter. */
  next(): number;
  reset(): void;
}

export function createBackOff({
  firstMs,
  longestMs,
}: {
  readonly firstMs: number;
  readonly longestMs: number;
}): BackOff {
  let pauseMs = firstMs;
  return {
    next() {
      const thisMs = pauseMs * (0.75 + Math.random() / 2);
      pauseMs = Math.min(2 * pauseMs, longestMs);
      return thisMs;
    },
    reset() {
      pauseMs = firstMs;
    },
  };
}
