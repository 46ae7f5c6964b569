import Type from 'typebox';

/**
 * A time in a query: ISO 8601 with an offset, with or without seconds and fractions, or a day, which means its first instant in UTC.
 * A blank may stand for the plus of an offset: that is what becomes of one that was not written as `%2B`.
 */
export const QueryTime = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,9})?)?(Z|[+\\- ]\\d{2}:\\d{2}))?$',
  description: 'ISO 8601 with `Z` or an offset, or a day (its first instant in UTC)',
  examples: ['2026-11-21T09:00:00Z'],
});

/** In milliseconds since the epoch; null when there is no such day or hour. */
export function readQueryTime(text: string): number | null {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})/.exec(text) ?? [];
  const ms = Date.parse(text.replace(' ', '+'));
  // `Date.parse` takes the 31st of a shorter month for a day of the next one.
  const days = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  return Number.isNaN(ms) || Number(day) > days ? null : ms;
}

export interface TimeRange {
  /** In milliseconds since the epoch; undefined where the query names none. */
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** The range of `from` (its first instant) and `to` (the first one after it), or what is wrong with it. */
export function readTimeRange({
  from,
  to,
}: {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}): TimeRange | { readonly fault: { readonly pointer: string; readonly message: string } } {
  const fromMs = from === undefined ? undefined : readQueryTime(from);
  const toMs = to === undefined ? undefined : readQueryTime(to);
  if (fromMs === null) return { fault: { pointer: '/from', message: 'names a day or an hour that does not exist' } };
  if (toMs === null) return { fault: { pointer: '/to', message: 'names a day or an hour that does not exist' } };
  if (fromMs !== undefined && toMs !== undefined && fromMs >= toMs)
    return { fault: { pointer: '/from', message: 'has to be before "to"' } };
  return { ...(fromMs === undefined ? {} : { fromMs }), ...(toMs === undefined ? {} : { toMs }) };
}
