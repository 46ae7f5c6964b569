import { createStandingLimit } from './standing-limit.ts';

/** Bounds what waits for the broker, the key store or the disk: past it a request is turned away at once, not held in memory. */
export interface WaitingRoom {
  /** Whether somebody who comes now is turned away; asked before there is any work with the request. */
  isFull(): boolean;
  /** False when there is no room; nothing was taken then. */
  enter(bytes: number): boolean;
  leave(bytes: number): void;
}

/** Many may come at once; where they keep coming faster than they go, fewer are let in (`createStandingLimit`). */
export function createWaitingRoom({
  maxRequests,
  maxBytes,
  now = () => performance.now(),
}: {
  readonly maxRequests: number;
  readonly maxBytes: number;
  /** A clock, in milliseconds. */
  readonly now?: () => number;
}): WaitingRoom {
  const limit = createStandingLimit({ max: maxRequests, nowMs: now() });
  let requests = 0;
  let waiting = 0;
  const isFull = (): boolean => {
    const isSo = requests >= limit.at(now(), requests);
    if (isSo) limit.refused();
    return isSo;
  };
  return {
    isFull,
    enter(bytes) {
      if (isFull() || waiting + bytes > maxBytes) return false;
      requests += 1;
      waiting += bytes;
      return true;
    },
    leave(bytes) {
      limit.at(now(), requests);
      requests -= 1;
      waiting -= bytes;
      limit.left(requests);
    },
  };
}
