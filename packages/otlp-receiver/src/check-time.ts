/** Nothing that reports to us ran before 2000; a clock may be a day ahead. */
const EARLIEST = 946_684_800_000_000_000n;
const DAY_NS = 86_400_000_000_000n;

/** The latest time that is believed, in nanoseconds. */
export function latestTime(nowMs: number): bigint {
  return BigInt(nowMs) * 1_000_000n + DAY_NS;
}

export function isTime(timeUnixNano: bigint, latest: bigint): boolean {
  return timeUnixNano >= EARLIEST && timeUnixNano <= latest;
}
