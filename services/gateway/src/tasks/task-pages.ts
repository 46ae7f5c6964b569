import { isEnded, type TaskRecord } from '@tracepost/contracts';
import type { RecordStore } from '@tracepost/stores';
import { withDeadline } from '../deadline.ts';
import { decodePageCursor, encodePageCursor, type PageCursor } from './page-cursor.ts';
import { comparePlaces, matchesFilter, type TaskFilter, type TaskPlace } from './task-filter.ts';
import { newerRecord, type TaskMemory } from './task-memory.ts';

export interface TaskPage {
  readonly items: TaskRecord[];
  readonly nextCursor: string | null;
}

export interface PageRequest {
  readonly filter: TaskFilter;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Lists of tasks: what the record store has, and what this gateway has heard and the store has not yet written. */
export interface TaskPages {
  /**
   * Rejects with `InvalidCursorError` on a cursor that no page gave, with anything else when the store cannot answer: a list that
   * silently lacks what only the store knows would be a lie.
   */
  read(request: PageRequest): Promise<TaskPage>;
}

/** Tasks under way of which the memory may know less than the store: so many are asked for, further ones are taken as they are. */
const MOST_CHECKS = 200;
const CHECKS_AT_A_TIME = 20;

export function createTaskPages({
  memory,
  records,
  timeoutMs,
}: {
  readonly memory: TaskMemory;
  readonly records: Pick<RecordStore, 'listTasks' | 'getTask'>;
  readonly timeoutMs: number;
}): TaskPages {
  const list = (filter: TaskFilter, limit: number, store: string | null) =>
    withDeadline(
      records.listTasks({ ...filter, limit, ...(store === null ? {} : { cursor: store }) }),
      timeoutMs,
      'The record store',
    );

  /** The newer of what memory and store say of a task that only the memory put into the list. */
  const verify = async (remembered: TaskRecord): Promise<TaskRecord | null> => {
    if (isEnded(remembered.status)) return remembered;
    const stored = await withDeadline(records.getTask(remembered.taskId), timeoutMs, 'The record store');
    return newerRecord(stored, remembered);
  };

  const findRemembered = async (filter: TaskFilter, range: Range, limit: number): Promise<TaskRecord[]> => {
    const compare = comparePlaces(filter.sort);
    const inRange = (place: TaskPlace): boolean =>
      !range.without.has(place.taskId) &&
      (range.after === null || compare(place, range.after) > 0) &&
      (range.upTo === null || compare(place, range.upTo) <= 0);
    const candidates = memory.candidates(filter, inRange).sort(compare);
    const found: TaskRecord[] = [];
    let checks = 0;
    for (let start = 0; start < candidates.length && found.length < limit; start += CHECKS_AT_A_TIME) {
      const some = candidates
        .slice(start, start + CHECKS_AT_A_TIME)
        .map((place) => memory.get(place.taskId))
        .filter((record): record is TaskRecord => record !== null && matchesFilter(record, filter));
      const isChecked = checks < MOST_CHECKS;
      const known = isChecked ? await Promise.all(some.map(verify)) : some;
      if (isChecked) checks += some.length;
      for (const record of known) if (record && matchesFilter(record, filter)) found.push(record);
    }
    return found.slice(0, limit);
  };

  return {
    async read({ filter, limit, cursor }) {
      const begun: PageCursor | null = cursor === undefined ? null : decodePageCursor(cursor);
      const compare = comparePlaces(filter.sort);
      const after = begun?.after ?? null;
      const stored = await list(filter, limit, begun?.store ?? null);
      const end = stored.nextCursor === null ? null : (stored.items.at(-1) ?? null);
      // A search for words looks through so many tasks at a time, and may find none: where it came to, only the store knows.
      if (stored.nextCursor !== null && end === null)
        return { items: [], nextCursor: encodePageCursor({ store: stored.nextCursor, after }) };

      const shown = stored.items
        .filter((record) => after === null || compare(record, after) > 0)
        .map((record) => newerRecord(record, memory.get(record.taskId)) ?? record)
        .filter((record) => matchesFilter(record, filter));
      const without = new Set(stored.items.map((record) => record.taskId));
      const remembered = await findRemembered(filter, { after, upTo: end, without }, limit);
      const items = [...shown, ...remembered].sort(compare);
      if (items.length <= limit) {
        const nextCursor = end === null ? null : encodePageCursor({ store: stored.nextCursor, after: end });
        return { items, nextCursor };
      }

      // Remembered tasks have pushed stored ones off the page: the store goes on behind the last one that is still on it.
      const page = items.slice(0, limit);
      const last = page.at(-1) as TaskRecord;
      const taken = stored.items.filter((record) => compare(record, last) <= 0).length;
      const store = await storeCursorAfter(taken, { filter, stored, begun });
      return { items: page, nextCursor: encodePageCursor({ store, after: last }) };
    },
  };

  /** The store's cursor behind its first `taken` tasks of this page. */
  async function storeCursorAfter(
    taken: number,
    {
      filter,
      stored,
      begun,
    }: {
      readonly filter: TaskFilter;
      readonly stored: { readonly items: readonly TaskRecord[]; readonly nextCursor: string | null };
      readonly begun: PageCursor | null;
    },
  ): Promise<string | null> {
    const before = begun?.store ?? null;
    if (taken === stored.items.length && stored.nextCursor !== null) return stored.nextCursor;
    // Behind the very last task the store gives no cursor: it goes on one before it, and what was shown is left out.
    const wanted = Math.min(taken, stored.items.length - 1);
    return wanted <= 0 ? before : (await list(filter, wanted, before)).nextCursor;
  }
}

/** The part of the list that a page shows, open where null; without the tasks that the store has put on it. */
interface Range {
  readonly after: TaskPlace | null;
  readonly upTo: TaskPlace | null;
  readonly without: ReadonlySet<string>;
}
