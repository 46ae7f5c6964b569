const NANOS_IN_MS = 1_000_000n;
/** Both SQLite and InfluxDB keep times as signed 64-bit integers; InfluxDB takes the last two values for itself. */
const LAST_STORABLE = 2n ** 63n - 3n;

export function isoFromNanos(nanos: bigint): string {
  return new Date(Number(nanos / NANOS_IN_MS)).toISOString();
}

export interface DateRange {
  readonly from: Date;
  readonly to: Date;
}

const LAST_STORABLE_MS = Number(LAST_STORABLE / NANOS_IN_MS);

/** The part of a range in which something can be stored; null when there is none. A store may not even read other times. */
export function storableRange({ from, to }: DateRange): DateRange | null {
  const fromMs = Math.max(from.getTime(), 0);
  const toMs = Math.min(to.getTime(), LAST_STORABLE_MS);
  return fromMs < toMs ? { from: new Date(fromMs), to: new Date(toMs) } : null;
}

export function nanosFromDate(date: Date): bigint {
  return BigInt(date.getTime()) * NANOS_IN_MS;
}

/** False for times before 1970 or past the year 2262: one of them would make a store refuse its neighbours too. */
export function isStorableTime(nanos: bigint): boolean {
  return nanos >= 0n && nanos <= LAST_STORABLE;
}
