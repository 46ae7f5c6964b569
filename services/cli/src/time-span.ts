const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `1500ms`, `30s`, `5m`, `2h`, `7d` as whole milliseconds above 0; null for anything else. */
export function parseTimeSpan(text: string): number | null {
  const [, number, unit] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text) ?? [];
  if (number === undefined || unit === undefined) return null;
  const ms = Math.round(Number(number) * UNITS[unit as keyof typeof UNITS]);
  return ms > 0 ? ms : null;
}

/** A moment: ISO 8601 (local time without an offset), a day in UTC, or how long ago (`2h`). As ISO 8601 in UTC; null for anything else. */
export function parseMoment(text: string, now: number): string | null {
  const ago = parseTimeSpan(text);
  if (ago !== null) return new Date(now - ago).toISOString();
  const ms = /^\d{4}-\d{2}-\d{2}(T|$)/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}

/** As a person reads it: `0.4 ms`, `412 ms`, `3.21 s`, `4 min 12 s`, `2 h 05 min`. */
export function formatMs(ms: number): string {
  if (!Number.isFinite(ms)) return '?';
  if (ms < 0) return `-${formatMs(-ms)}`;
  if (ms < 10) return `${Math.round(ms * 10) / 10} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_995) return `${(ms / 1000).toFixed(ms < 9_995 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${pad(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
  return `${Math.floor(minutes / 1440)} d ${pad(Math.floor((minutes % 1440) / 60))} h`;
}

/** `2026-11-21 09:00:00Z`: what the log lines say too, whatever the time zone of the terminal. */
export function formatMoment(iso: string): string {
  return iso.replace('T', ' ').replace(/\.\d+Z$/, 'Z');
}

function pad(number: number): string {
  return String(number).padStart(2, '0');
}
