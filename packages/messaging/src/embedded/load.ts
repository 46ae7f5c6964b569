import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Sqlite } from '@tracepost/sqlite';
import type { BindingSpec, DurableQueueSpec, ExchangeSpec } from '../broker.ts';
import { ttlOf } from './due.ts';
import { type Content, type Entry, type EntryState, GIVEN_BACK, IN_HANDS } from './entry.ts';

const PAGE = 20_000;

export interface Loaded {
  readonly exchanges: readonly ExchangeSpec[];
  readonly queues: readonly { readonly id: number; readonly spec: DurableQueueSpec }[];
  readonly bindings: readonly BindingSpec[];
  /** In the order of their ids. */
  readonly entries: readonly LoadedEntry[];
  readonly lastContentId: number;
}

export interface LoadedEntry {
  readonly queue: number;
  readonly entry: Entry;
  /** It was in the hands of a consumer when the process ended; its `failures` count that already. */
  readonly wasInHands: boolean;
}

/** What an earlier process left, bodies left where they are. */
export async function load(database: Sqlite): Promise<Loaded> {
  const [exchanges, queues, bindings, last] = await Promise.all([
    database.read<ExchangeSpec>('SELECT name, type FROM exchange'),
    database.read<{ id: number; arguments: string }>('SELECT id, arguments FROM queue'),
    database.read<BindingSpec>('SELECT queue, exchange, key FROM binding'),
    database.read<{ id: number }>('SELECT coalesce(max(id), 0) AS id FROM content'),
  ]);
  const specs = queues.map((row) => ({ id: row.id, spec: JSON.parse(row.arguments) as DurableQueueSpec }));
  return {
    exchanges,
    queues: specs,
    bindings,
    entries: await loadEntries(database, new Map(specs.map(({ id, spec }) => [id, ttlOf(spec)]))),
    lastContentId: last[0]?.id ?? 0,
  };
}

/** As JSON and not as rows: one long text passes between threads many times faster than many small objects. */
const SELECT_ENTRIES = `
  SELECT json_group_array(json_array(id, queue, content, bytes, priority, failures, state, due_at) ORDER BY id) AS entries
  FROM (SELECT * FROM entry WHERE id > ? ORDER BY id LIMIT ${PAGE})`;

type Row = [
  id: number,
  queue: number,
  content: number,
  bytes: number,
  priority: number,
  failures: number,
  state: EntryState,
  dueAt: number | null,
];

async function loadEntries(database: Sqlite, ttls: ReadonlyMap<number, number | null>): Promise<LoadedEntry[]> {
  const loaded: LoadedEntry[] = [];
  const contents = new Map<number, Content>();
  for (;;) {
    const [page] = await database.read<{ entries: string }>(SELECT_ENTRIES, [loaded.at(-1)?.entry.id ?? 0]);
    const rows = JSON.parse(page?.entries ?? '[]') as Row[];
    for (const row of rows) loaded.push(toEntry(row, contents, ttls));
    if (rows.length < PAGE) return loaded;
    await nextTurn();
  }
}

function toEntry(
  [id, queue, contentId, bytes, priority, failures, state, dueAtClock]: Row,
  contents: Map<number, Content>,
  ttls: ReadonlyMap<number, number | null>,
): LoadedEntry {
  const content = contents.get(contentId) ?? { id: contentId, bytes, references: 0, message: null };
  content.references += 1;
  contents.set(contentId, content);
  const wasInHands = state === IN_HANDS;
  const dueAt = fromClock(dueAtClock, ttls.get(queue) ?? null);
  const entry: Entry = wasInHands
    ? { id, priority, content, failures: failures + 1, state: GIVEN_BACK, dueAt }
    : { id, priority, content, failures, state, dueAt };
  return { queue, entry, wasInHands };
}

/** Never more than its whole time from now: somebody may have set the clock back in between. */
function fromClock(dueAt: number | null, ttlMs: number | null): number | null {
  if (dueAt === null || ttlMs === null) return null;
  return performance.now() + Math.min(Math.max(dueAt - Date.now(), 0), ttlMs);
}
