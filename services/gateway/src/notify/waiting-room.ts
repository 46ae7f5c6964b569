/** Bounds what waits for the broker, the key store or the disk: past it a request is turned away at once, not held in memory. */
export interface WaitingRoom {
  /** False when there is no room; nothing was taken then. */
  enter(bytes: number): boolean;
  leave(bytes: number): void;
}

export function createWaitingRoom({
  maxRequests,
  maxBytes,
}: {
  readonly maxRequests: number;
  readonly maxBytes: number;
}): WaitingRoom {
  let requests = 0;
  let waiting = 0;
  return {
    enter(bytes) {
      if (requests >= maxRequests || waiting + bytes > maxBytes) return false;
      requests += 1;
      waiting += bytes;
      return true;
    },
    leave(bytes) {
      requests -= 1;
      waiting -= bytes;
    },
  };
}
