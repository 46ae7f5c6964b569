import { setImmediate } from 'node:timers';
import type { Sqlite, SqliteValue, Statement } from '@tracepost/sqlite';
import type { Content, Entry } from './entry.ts';

export interface ContentRow {
  readonly id: number;
  readonly properties: string;
  readonly body: Uint8Array;
}

/** What belongs together: all of it is in the file, or none. */
export interface Move {
  readonly content: ContentRow;
  readonly entries: readonly { readonly queue: number; readonly entry: Entry }[];
  /** Taken out in the same stroke. */
  readonly removed?: Entry;
}

/**
 * Writes down what happens, all of one turn of the event loop as one unit. A move fails when its unit fails. Marks and
 * removals are only put off: they stay until a later unit takes them, with the values that they have then.
 */
export class Journal {
  readonly #database: Sqlite;
  readonly #onFailure: (error: unknown) => void;
  #next: Unit | null = null;
  #last: Promise<void> = Promise.resolve();
  #marked = new Set<Entry>();
  #removed = new Set<Entry>();

  constructor({ database, onFailure }: { database: Sqlite; onFailure: (error: unknown) => void }) {
    this.#database = database;
    this.#onFailure = onFailure;
  }

  /** Resolves after the commit; rejects when nothing of it was stored. */
  move(move: Move): Promise<void> {
    const unit = this.#unit();
    unit.moves.push(move);
    return unit.done.promise;
  }

  /** Writes the entry's `failures` and `state`. Resolves after the commit; rejects when it is put off. */
  mark(entry: Entry): Promise<void> {
    this.#marked.add(entry);
    return this.#unit().done.promise;
  }

  remove(entry: Entry): void {
    this.#marked.delete(entry);
    this.#removed.add(entry);
    entry.content.references -= 1;
    this.#unit();
  }

  /** Resolves when all that was asked for before is written, rejects when the last of it was not. */
  barrier(): Promise<void> {
    return this.#next ? this.#next.done.promise : this.#last;
  }

  /** Writes whatever was put off, and a row more, so that the answer says whether writing works. */
  probe(): Promise<void> {
    const unit = this.#unit();
    unit.isProbe = true;
    return unit.done.promise;
  }

  #unit(): Unit {
    if (this.#next) return this.#next;
    const unit: Unit = { moves: [], isProbe: false, done: Promise.withResolvers<void>() };
    // For the many marks and removals that nobody waits for.
    unit.done.promise.catch(() => {});
    this.#next = unit;
    setImmediate(() => void this.#write(unit));
    return unit;
  }

  async #write(unit: Unit): Promise<void> {
    this.#next = null;
    this.#last = unit.done.promise;
    const marked = this.#marked;
    const removed = this.#removed;
    this.#marked = new Set();
    this.#removed = new Set();
    try {
      await this.#database.write(statementsFor(unit, marked, removed));
      if (unit.isProbe) await this.#database.write([{ sql: FORGET_PROBE }]);
      unit.done.resolve();
    } catch (error) {
      this.#putOff(unit, marked, removed);
      this.#onFailure(error);
      unit.done.reject(error);
    }
  }

  #putOff({ moves }: Unit, marked: ReadonlySet<Entry>, removed: ReadonlySet<Entry>): void {
    for (const entry of removed) this.#removed.add(entry);
    for (const entry of marked) if (!this.#removed.has(entry)) this.#marked.add(entry);
    for (const move of moves) if (move.removed) move.removed.content.references += 1;
  }
}

interface Unit {
  readonly moves: Move[];
  isProbe: boolean;
  readonly done: PromiseWithResolvers<void>;
}

const INSERT_CONTENT = 'INSERT INTO content (id, properties, body) VALUES (?, ?, ?)';
const INSERT_ENTRY = `INSERT INTO entry (id, queue, content, bytes, priority, failures, state, due_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;
const MARK_ENTRY = 'UPDATE entry SET failures = ?, state = ? WHERE id = ?';
const DELETE_ENTRY = 'DELETE FROM entry WHERE id = ?';
const DELETE_CONTENT = 'DELETE FROM content WHERE id = ?';
/** Large enough to fail while the disk is full; a small row would find room in a page that is there. */
const PROBE = 'INSERT OR REPLACE INTO probe (id, filler) VALUES (1, zeroblob(65536))';
const FORGET_PROBE = 'DELETE FROM probe';

function statementsFor(unit: Unit, marked: ReadonlySet<Entry>, removed: ReadonlySet<Entry>): Statement[] {
  const leaving = [...removed];
  for (const move of unit.moves) {
    if (!move.removed) continue;
    leaving.push(move.removed);
    move.removed.content.references -= 1;
  }
  return [
    {
      sql: INSERT_CONTENT,
      batch: unit.moves.map(({ content }) => [content.id, content.properties, content.body]),
    },
    { sql: INSERT_ENTRY, batch: unit.moves.flatMap(({ entries }) => entries.map(entryRow)) },
    { sql: MARK_ENTRY, batch: [...marked].map(({ failures, state, id }) => [failures, state, id]) },
    { sql: DELETE_ENTRY, batch: leaving.map(({ id }) => [id]) },
    { sql: DELETE_CONTENT, batch: unneeded(leaving).map(({ id }) => [id]) },
    { sql: PROBE, batch: unit.isProbe ? [[]] : [] },
  ].filter(({ batch }) => batch.length > 0);
}

function entryRow({ queue, entry }: Move['entries'][number]): SqliteValue[] {
  const { id, content, priority, failures, state, dueAt } = entry;
  return [id, queue, content.id, content.bytes, priority, failures, state, dueAt === null ? null : toClock(dueAt)];
}

/** Another process has another clock of its own; only the time of day is common to both. */
function toClock(dueAt: number): number {
  return Math.round(Date.now() + dueAt - performance.now());
}

/** Contents that no entry needs any more, with these out of the way. */
function unneeded(leaving: readonly Entry[]): Content[] {
  return [...new Set(leaving.map(({ content }) => content))].filter(({ references }) => references === 0);
}
