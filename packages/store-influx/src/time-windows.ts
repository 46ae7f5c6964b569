/** RFC 3339 with nanoseconds; `to` is the first instant after the window. */
export interface TimeWindow {
  readonly from: string;
  readonly to: string;
}

/** The same query once for each: few enough for one request. */
const MAX_WINDOWS = 32;

/** Windows around the given instants that leave out the largest gaps between them. Instants are RFC 3339, in any order. */
export function timeWindows(instants: readonly string[], maxWindows: number = MAX_WINDOWS): TimeWindow[] {
  const times = [...new Set(instants.map(nanosOf))].sort((a, b) => (a < b ? -1 : 1));
  const cuts = new Set(largestGaps(times, maxWindows - 1));
  const windows: TimeWindow[] = [];
  let begin = times[0];
  for (const [index, time] of times.entries()) {
    const isLast = index === times.length - 1;
    if (begin === undefined || !(isLast || cuts.has(index))) continue;
    windows.push({ from: instantOf(begin), to: instantOf(time + 1n) });
    begin = times[index + 1];
  }
  return windows;
}

/** Each by the index of the instant before it. */
function largestGaps(times: readonly bigint[], count: number): number[] {
  const gaps = times.slice(1).map((time, index) => ({ index, size: time - (times[index] ?? time) }));
  return gaps
    .sort((a, b) => (a.size > b.size ? -1 : 1))
    .slice(0, count)
    .map(({ index }) => index);
}

/** InfluxDB leaves out zeros at the end of the fraction. */
export function nanosOf(instant: string): bigint {
  const [seconds = '', fraction = ''] = instant.replace(/Z$/, '').split('.');
  return BigInt(Date.parse(`${seconds}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

function instantOf(nanos: bigint): string {
  const seconds = new Date(Number(nanos / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(nanos % 1_000_000_000n).padStart(9, '0')}Z`;
}
