export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(middle)] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** "At least x" is claimed by the third-lowest of twelve rounds: two bad rounds are the machine's. */
export function thirdLowest(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[2] ?? Number.NaN;
}

/** An A/A pair outside of this says that the machine was too restless for the run to count. */
export function isQuiet(sameOverSame: number): boolean {
  return sameOverSame >= 0.95 && sameOverSame <= 1.05;
}
