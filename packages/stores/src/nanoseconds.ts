const NANOS_IN_MS = 1_000_000n;
/** Both SQLite and InfluxDB keep times as signed 64-bit integers; InfluxDB takes the last two values for itself. */
const LAST_STORABLE = 2n ** 63n - 3n;

export function isoFromNanos(nanos: bigint): string {
  return new Date(Number(nanos / NANOS_IN_MS)).toISOString();
}

export function nanosFromDate(date: Date): bigint {
  return BigInt(date.getTime()) * NANOS_IN_MS;
}

/** False for times before 1970 or past the year 2262: one of them would make a store refuse its neighbours too. */
export function isStorableTime(nanos: bigint): boolean {
  return nanos >= 0n && nanos <= LAST_STORABLE;
}
