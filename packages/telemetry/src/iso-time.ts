let lastMs = Number.NaN;
let lastText = '';

/** Milliseconds since 1970 as ISO 8601 in UTC. Under load many things happen in one millisecond: its text is made once. */
export function isoTime(ms: number): string {
  if (ms !== lastMs) {
    lastText = new Date(ms).toISOString();
    lastMs = ms;
  }
  return lastText;
}
