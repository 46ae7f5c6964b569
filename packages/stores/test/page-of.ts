import { InvalidCursorError } from '../src/index.ts';

const MAX_PAGE_BYTES = 16 * 1024 ** 2;

interface Paging<Item> {
  readonly limit: number;
  readonly cursor: string | undefined;
  readonly placeOf: (item: Item) => string;
  readonly bytesOf?: (item: Item) => number;
}

/** Of a list that is sorted by place, descending. */
export function pageOf<Item>(
  sorted: readonly Item[],
  { limit, cursor, placeOf, bytesOf = () => 0 }: Paging<Item>,
): { items: Item[]; nextCursor: string | null } {
  if (cursor !== undefined && !cursor.startsWith('after ')) throw new InvalidCursorError('Not from here');
  const rest = cursor === undefined ? sorted : sorted.filter((item) => `after ${placeOf(item)}` < cursor);
  let bytes = 0;
  const items = rest.slice(0, limit).filter((item) => {
    bytes += bytesOf(item);
    return bytes <= MAX_PAGE_BYTES;
  });
  const last = items.at(-1);
  return { items, nextCursor: last && items.length < rest.length ? `after ${placeOf(last)}` : null };
}
