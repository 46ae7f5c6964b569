/**
 * A sum of costs as it may be told: where all that is known comes to nothing (calls that failed before they took anything) and others have no
 * price, the cost is not 0 but unknown.
 */
export function knownCost(costUsd: number | null, unpricedCalls: number): number | null {
  return costUsd === 0 && unpricedCalls > 0 ? null : costUsd;
}
