import type { Sqlite, SqliteRow, Statement } from '@tracepost/sqlite';
import type { BindingSpec, ExchangeSpec } from '../broker.ts';
import { ttlOf } from './due.ts';
import { GIVEN_BACK } from './entry.ts';
import { readDescription } from './load.ts';
import { priorityOf } from './priority.ts';
import { Routes } from './routes.ts';

/** What the damage has cost, by the names of queues. */
export interface Mended {
  /** Messages that nobody can deliver any more; under null those of which nobody knows where they were to go. */
  readonly lost: ReadonlyMap<string | null, number>;
  /** Messages whose place in their queue was lost: they are at its end now, and some may come a second time. */
  readonly replaced: ReadonlyMap<string, number>;
}

/**
 * Puts right what missing rows leave behind in a queue file, before it is used: a queue without its row gets its name back from what was sent
 * to it, an entry without content is forgotten, and a content without entry goes again to where it was sent. Nothing goes anywhere else.
 */
export async function mendQueueFile(database: Sqlite): Promise<Mended> {
  await database.write([{ sql: 'DELETE FROM content WHERE NOT json_valid(properties)' }]);
  const find = await createFinder(database);
  await nameQueues(database, find);
  const lost = new Map<string | null, number>();
  for (const { name, count } of await database.read<{ name: string | null; count: number }>(COUNT_LOST_ENTRIES)) {
    lost.set(name, count);
  }
  return placeContents(database, find, lost);
}

interface Sent {
  readonly exchange: string;
  readonly routingKey: string;
}

/** The durable queues to which something of that kind goes. */
type Finder = (sent: Sent) => readonly string[];

const EXCHANGE_AND_KEY = `properties ->> '$.exchange' AS exchange, properties ->> '$.routingKey' AS "routingKey"`;

async function createFinder(database: Sqlite): Promise<Finder> {
  const routes = new Routes();
  routes.add({
    exchanges: await database.read<ExchangeSpec>('SELECT name, type FROM exchange'),
    bindings: await database.read<BindingSpec>('SELECT queue, exchange, key FROM binding'),
  });
  // The default exchange goes to the queue of that name.
  return ({ exchange, routingKey }) => (exchange === '' ? [routingKey] : (routes.route(exchange, routingKey) ?? []));
}

/** A queue has the one name to which everything in it could have been sent. What it was declared as is said by who declares it again. */
async function nameQueues(database: Sqlite, find: Finder): Promise<void> {
  const ids = new Map((await readQueues(database)).map(({ name, id }) => [name, id]));
  const candidates = new Map<number, readonly string[]>();
  for (const { queue, ...sent } of await database.read<Sent & { queue: number }>(SELECT_SENT_TO_NAMELESS)) {
    const names = find(sent);
    candidates.set(queue, candidates.get(queue)?.filter((name) => names.includes(name)) ?? names);
  }
  const statements: Statement[] = [];
  for (const [queue, names] of candidates) {
    const [name, ...others] = names.length > 1 ? names.filter((one) => !ids.has(one)) : names;
    if (name === undefined || others.length > 0) continue;
    const known = ids.get(name);
    if (known === undefined) statements.push({ sql: INSERT_NAMED, params: [queue, name] });
    else statements.push({ sql: 'UPDATE entry SET queue = ? WHERE queue = ?', params: [known, queue] });
    ids.set(name, known ?? queue);
  }
  await database.write(statements);
}

const NAMELESS = 'entry.queue NOT IN (SELECT id FROM queue)';
const GONE = 'entry.content NOT IN (SELECT id FROM content)';
const SELECT_SENT_TO_NAMELESS = `
  SELECT DISTINCT entry.queue AS queue, ${EXCHANGE_AND_KEY} FROM entry JOIN content ON content.id = entry.content WHERE ${NAMELESS}`;
const INSERT_NAMED = `INSERT INTO queue (id, name, arguments) VALUES (?, ?, '')`;
/** One whose content is there and in no other queue is counted when that finds no place. */
const COUNT_LOST_ENTRIES = `
  SELECT queue.name AS name, count(*) AS count FROM entry LEFT JOIN queue ON queue.id = entry.queue
  WHERE ${GONE} OR (queue.id IS NULL AND entry.content IN (SELECT content FROM entry AS other WHERE other.queue IN (SELECT id FROM queue)))
  GROUP BY queue.name`;
const DELETE_LOST_ENTRIES = `DELETE FROM entry WHERE ${GONE} OR ${NAMELESS}`;

async function placeContents(
  database: Sqlite,
  find: Finder,
  lostEntries: ReadonlyMap<string | null, number>,
): Promise<Mended> {
  const lost = new Map(lostEntries);
  const replaced = new Map<string, number>();
  const contents = await database.read<LostContent>(SELECT_WITHOUT_ENTRY);
  const known = new Map((await readQueues(database)).map(({ name, ttlMs }) => [name, ttlMs]));
  const missing = new Set<string>();
  const statements: Statement[] = [];
  for (const content of contents) {
    const { bytes, priority } = content;
    const names = find(content);
    for (const name of names) {
      const ttlMs = known.get(name);
      if (ttlMs === undefined) missing.add(name);
      const dueAt = ttlMs === null ? null : Date.now() + (ttlMs ?? 0);
      const entry = [content.id, bytes, priorityOf(priority), GIVEN_BACK, dueAt, name];
      statements.push({ sql: INSERT_ENTRY, params: entry });
      replaced.set(name, (replaced.get(name) ?? 0) + 1);
    }
    if (names.length > 0) continue;
    statements.push({ sql: 'DELETE FROM content WHERE id = ?', params: [content.id] });
    lost.set(null, (lost.get(null) ?? 0) + 1);
  }
  // At one stroke: whoever dies in between would leave contents that no entry names, and nothing by which the next one knew that they are to be
  // mended. The lost entries before the new queues, which may get their numbers.
  await database.write([
    { sql: DELETE_LOST_ENTRIES },
    { sql: INSERT_QUEUE, batch: [...missing].map((name) => [name]) },
    ...statements,
  ]);
  return { lost, replaced };
}

interface LostContent extends Sent {
  readonly id: number;
  readonly bytes: number;
  readonly priority: number | null;
}

const SELECT_WITHOUT_ENTRY = `
  SELECT id, length(body) AS bytes, properties ->> '$.priority' AS priority, ${EXCHANGE_AND_KEY} FROM content
  WHERE id NOT IN (SELECT content FROM entry WHERE queue IN (SELECT id FROM queue)) ORDER BY id`;
const INSERT_QUEUE = `INSERT INTO queue (name, arguments) VALUES (?, '')`;
const INSERT_ENTRY = `
  INSERT INTO entry (queue, content, bytes, priority, failures, state, due_at) SELECT id, ?, ?, ?, 0, ?, ? FROM queue WHERE name = ?`;

interface KnownQueue {
  readonly id: number;
  readonly name: string;
  /** How long messages wait in it; 0, which is at once, where that is not known any more. */
  readonly ttlMs: number | null;
}

async function readQueues(database: Sqlite): Promise<KnownQueue[]> {
  const rows = await database.read<SqliteRow>('SELECT id, name, arguments FROM queue');
  return rows.map(({ id, name, arguments: text }) => {
    const spec = readDescription(String(text));
    return { id: Number(id), name: String(name), ttlMs: spec ? ttlOf(spec) : 0 };
  });
}
