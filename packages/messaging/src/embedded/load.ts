import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Sqlite } from '@tracepost/sqlite';
import type { BindingSpec, DurableQueueSpec, ExchangeSpec } from '../broker.ts';
import { ttlOf } from './due.ts';
import { type Content, type Entry, type EntryState, GIVEN_BACK, IN_HANDS } from './entry.ts';

const PAGE = 20_000;

export interface Loaded {
  readonly exchanges: readonly ExchangeSpec[];
  readonly queues: readonly { readonly id: number; readonly spec: DurableQueueSpec }[];
  /** Queues whose descriptions were lost with a damaged part of the file: what is in them waits until they are declared. */
  readonly undescribed: readonly { readonly id: number; readonly name: string }[];
  /** Of queues that are described: without it a message would be confirmed that goes nowhere. */
  readonly bindings: readonly BindingSpec[];
  /** In the order of their ids. */
  readonly entries: readonly LoadedEntry[];
  /** Some are in queues that are not there: to be mended before anything is declared, since a new queue may get such an id. */
  readonly hasStrays: boolean;
  /** Higher than that of every content that is there, or that an entry still names. */
  readonly lastContentId: number;
}

export interface LoadedEntry {
  readonly queue: number;
  readonly entry: Entry;
  /** When it has waited long enough, in milliseconds since the epoch, for a queue that is not described yet. */
  readonly dueAtClock: number | null;
  /** It was in the hands of a consumer when the process ended; its `failures` count that already. */
  readonly wasInHands: boolean;
}

/** What an earlier process left, bodies left where they are. */
export async function load(database: Sqlite): Promise<Loaded> {
  const [exchanges, queues, bindings, last] = await Promise.all([
    database.read<ExchangeSpec>('SELECT name, type FROM exchange'),
    database.read<QueueRow>('SELECT id, name, arguments FROM queue'),
    database.read<BindingSpec>('SELECT queue, exchange, key FROM binding'),
    database.read<{ id: number }>('SELECT coalesce(max(id), 0) AS id FROM content'),
  ]);
  const specs = queues.flatMap(({ id, arguments: text }) => {
    const spec = readDescription(text);
    return spec ? [{ id, spec }] : [];
  });
  const ids = new Set(queues.map(({ id }) => id));
  const described = new Set(specs.map(({ spec }) => spec.name));
  const entries = await loadEntries(database, new Map(specs.map(({ id, spec }) => [id, ttlOf(spec)])));
  return {
    exchanges,
    queues: specs,
    undescribed: queues.filter(({ name }) => !described.has(name)),
    bindings: bindings.filter(({ queue }) => described.has(queue)),
    entries,
    hasStrays: entries.some(({ queue }) => !ids.has(queue)),
    lastContentId: entries.reduce((most, { entry }) => Math.max(most, entry.content.id ?? 0), last[0]?.id ?? 0),
  };
}

interface QueueRow {
  readonly id: number;
  readonly name: string;
  /** Its `DurableQueueSpec` as JSON; empty when it was lost (`mend.ts`). */
  readonly arguments: string;
}

/** Null when it cannot be read. */
export function readDescription(text: string): DurableQueueSpec | null {
  try {
    return JSON.parse(text) as DurableQueueSpec;
  } catch {
    return null;
  }
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
  const dueAt = dueAtOf(dueAtClock, ttls.get(queue) ?? null);
  const entry: Entry = wasInHands
    ? { id, priority, content, failures: failures + 1, state: GIVEN_BACK, dueAt }
    : { id, priority, content, failures, state, dueAt };
  return { queue, entry, dueAtClock, wasInHands };
}

/** By this process's own clock. Never more than its whole time from now: somebody may have set the clock back in between. */
export function dueAtOf(dueAt: number | null, ttlMs: number | null): number | null {
  if (dueAt === null || ttlMs === null) return null;
  return performance.now() + Math.min(Math.max(dueAt - Date.now(), 0), ttlMs);
}
