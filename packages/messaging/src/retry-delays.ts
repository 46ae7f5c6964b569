/** One fixed delay; `name` stands in the names of its queues. */
export interface RetryDelay {
  readonly name: '1s' | '2s' | '5s' | '10s' | '30s' | '1m' | '5m' | '15m';
  readonly ms: number;
}

/**
 * The delays that a retry can have, shortest first. Few fixed ones, since a delay of its own for each message would make
 * it wait behind its neighbours: a queue lets messages go from its head only. Final: they are names of queues.
 */
export const RETRY_DELAYS: readonly [RetryDelay, ...RetryDelay[]] = [
  { name: '1s', ms: 1_000 },
  { name: '2s', ms: 2_000 },
  { name: '5s', ms: 5_000 },
  { name: '10s', ms: 10_000 },
  { name: '30s', ms: 30_000 },
  { name: '1m', ms: 60_000 },
  { name: '5m', ms: 300_000 },
  { name: '15m', ms: 900_000 },
];

/**
 * One of the two delays around the wanted one, so that many choices have the wanted delay as their mean: what failed together
 * does not come back together. `random` is from 0 to below 1. Below the shortest and above the longest there is no choice.
 */
export function chooseRetryDelay(wantedMs: number, random: number): RetryDelay {
  const [shortest] = RETRY_DELAYS;
  let below = shortest;
  for (const above of RETRY_DELAYS) {
    if (wantedMs < above.ms) {
      const chance = (wantedMs - below.ms) / (above.ms - below.ms);
      return random < chance ? above : below;
    }
    below = above;
  }
  // Also for what is no number: waiting too long harms less than hurrying.
  return below;
}
