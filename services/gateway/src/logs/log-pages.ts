import type { LogView } from '@tracepost/contracts';
import { InvalidCursorError, type LogQuery, type LogStore, MAX_LOGS } from '@tracepost/stores';

export interface LogPage {
  readonly items: LogView[];
  readonly nextCursor: string | null;
}

export interface LogPageRequest extends Omit<LogQuery, 'from' | 'to'> {
  /** Milliseconds since the epoch: the first one, and the first one after. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly cursor?: string | undefined;
}

/** The window that is left, and how many lines at its edge have been shown: lines of one millisecond share their time. */
interface Place {
  readonly fromMs: number;
  readonly toMs: number;
  readonly shown: number;
}

/**
 * A page of lines in the order of the store: oldest first of a trace or a task, newest first otherwise. The cursor holds the window, so that
 * every page asks for the same one. Lines that arrive late for a time that was passed are not shown by the pages after it.
 * Throws `InvalidCursorError` on a cursor that no page gave.
 */
export async function readLogPage(
  queryLogs: LogStore['queryLogs'],
  { fromMs, toMs, cursor, limit, ...filters }: LogPageRequest,
): Promise<LogPage> {
  const isStory = filters.traceId !== undefined || filters.taskId !== undefined;
  const place = cursor === undefined ? { fromMs, toMs, shown: 0 } : decode(cursor);
  // One more than asked for tells whether there is a next page; the store gives no more than its own most.
  const wanted = Math.min(place.shown + limit + 1, MAX_LOGS);
  const window = { from: new Date(place.fromMs), to: new Date(place.toMs) };
  const lines = await queryLogs({ ...filters, ...window, limit: wanted });
  const items = lines.slice(place.shown, place.shown + limit);
  const last = items.at(-1);
  if (!last || lines.length <= place.shown + items.length) return { items, nextCursor: null };
  return { items, nextCursor: encode(placeAfter(last, { place, items, isStory })) };
}

function placeAfter(
  last: LogView,
  { place, items, isStory }: { readonly place: Place; readonly items: readonly LogView[]; readonly isStory: boolean },
): Place {
  const edgeMs = Date.parse(last.at);
  const rest = isStory ? { fromMs: edgeMs, toMs: place.toMs } : { fromMs: place.fromMs, toMs: edgeMs + 1 };
  const isSameEdge = rest.fromMs === place.fromMs && rest.toMs === place.toMs;
  const shown = items.filter((line) => line.at === last.at).length + (isSameEdge ? place.shown : 0);
  if (shown + 1 < MAX_LOGS) return { ...rest, shown };
  // More lines in one millisecond than a store gives: what is left of it cannot be reached, what is beyond it can.
  return isStory ? { ...rest, fromMs: edgeMs + 1, shown: 0 } : { ...rest, toMs: edgeMs, shown: 0 };
}

function encode({ fromMs, toMs, shown }: Place): string {
  return Buffer.from(`${fromMs}/${toMs}/${shown}`).toString('base64url');
}

function decode(cursor: string): Place {
  const [, fromMs, toMs, shown] =
    /^(-?\d{1,15})\/(-?\d{1,15})\/(\d{1,4})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (fromMs === undefined) throw new InvalidCursorError('The cursor was not given by this list.');
  return { fromMs: Number(fromMs), toMs: Number(toMs), shown: Number(shown) };
}
