import type { DeadLetter, DeadLetterStore } from '@tracepost/stores';
import { sql } from 'kysely';
import { columnText } from './column-text.ts';
import { cutPage, decodeCursor, pageSize } from './cursor.ts';
import { jsonText } from './json-text.ts';
import type { DeadLettersTable, RecordDatabase } from './schema.ts';
import type { Statements } from './statements.ts';
import { epochMs } from './task-row.ts';
import { toBuffer } from './to-buffer.ts';

const KEPT_MS = 30 * 24 * 3_600_000;
const MAX_PURGED = 5_000;
const LETTERS_PER_STATEMENT = 100;
/** A page ends before its bodies weigh more, so that a list of large letters stays an answer. */
const MAX_PAGE_BYTES = 16 * 1024 ** 2;
const NOTHING = new Uint8Array();

export interface DeadLetterStoreOptions {
  readonly db: RecordDatabase;
  /** For what is asked every few seconds. */
  readonly looks: RecordDatabase;
  readonly statements: Statements;
}

export function createDeadLetterStore({ db, looks, statements }: DeadLetterStoreOptions): DeadLetterStore {
  const { read, write } = statements;
  return {
    async add(letters) {
      if (letters.length > 0) await write('add_dead_letters', () => addLetters(db, letters));
    },
    list: (query) => read('list_dead_letters', () => listLetters(db, query)),
    get: (queue, taskId) => read('get_dead_letter', () => getLetter(db, queue, taskId)),
    remove: (queue, taskId) => write('remove_dead_letter', () => removeLetter(db, queue, taskId)),
    forget: (queue, taskId, deadAt) => write('forget_dead_letter', () => forgetLetter(db, { queue, taskId, deadAt })),
    count: () => read('count_dead_letters', () => countLetters(looks)),
    purge: (nowMs, olderThanMs = KEPT_MS) => write('purge_dead_letters', () => purgeLetters(db, nowMs - olderThanMs)),
  };
}

/** One that was removed comes back only when it died later than that one had; the same one told again, whenever, does not. */
async function addLetters(db: RecordDatabase, letters: readonly DeadLetter[]): Promise<void> {
  const statements = eachOncePerStatement(letters.map(toRow));
  await db.transaction().execute(async (transaction) => {
    for (const rows of statements) {
      await transaction
        .insertInto('dead_letters')
        .values(rows)
        .onConflict((conflict) =>
          conflict
            .columns(['queue', 'task_id'])
            .doUpdateSet((row) => ({
              dead_at_ms: row.ref('excluded.dead_at_ms'),
              bytes: row.ref('excluded.bytes'),
              letter: row.ref('excluded.letter'),
              body: row.ref('excluded.body'),
              removed_at_ms: null,
            }))
            .where('dead_letters.removed_at_ms', 'is not', null)
            .where('dead_letters.dead_at_ms', '<', sql<number>`excluded.dead_at_ms`),
        )
        .execute();
    }
  });
}

/**
 * A statement can write a row once: what else is told of a task comes in a later one. All keys are first written in their order, so that two
 * batches never wait for each other crosswise.
 */
function eachOncePerStatement(rows: readonly DeadLettersTable[]): DeadLettersTable[][] {
  const byKey = Map.groupBy(rows, ({ queue, task_id }) => JSON.stringify([queue, task_id]));
  const sorted = [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, ofKey]) => ofKey);
  const statements: DeadLettersTable[][] = [];
  for (let nth = 0; ; nth++) {
    const round = sorted.flatMap((ofKey) => ofKey.slice(nth, nth + 1));
    if (round.length === 0) return statements;
    for (let start = 0; start < round.length; start += LETTERS_PER_STATEMENT) {
      statements.push(round.slice(start, start + LETTERS_PER_STATEMENT));
    }
  }
}

async function listLetters(
  db: RecordDatabase,
  { queue, limit, cursor }: Parameters<DeadLetterStore['list']>[0],
): Promise<{ items: DeadLetter[]; nextCursor: string | null }> {
  const size = pageSize(limit);
  let query = db
    .selectFrom('dead_letters')
    .select(['task_id', 'dead_at_ms', 'bytes'])
    .where('queue', '=', columnText(queue))
    .where('removed_at_ms', 'is', null)
    .orderBy('dead_at_ms', 'desc')
    .orderBy('task_id', 'desc')
    .limit(size + 1);
  if (cursor !== undefined) {
    const { ms, id } = decodeCursor(cursor);
    query = query.where(sql<boolean>`(dead_at_ms, task_id) < (${ms}, ${id})`);
  }
  const found = await query.execute();
  const light = cutBytes(found);
  const { page, nextCursor } = cutPage(found, Math.min(size, light), placeOf);
  return { items: await readLetters(db, queue, page), nextCursor };
}

/** How many of them, the first at least, weigh no more than a page may. */
function cutBytes(rows: readonly { readonly bytes: number }[]): number {
  let bytes = 0;
  const tooMany = rows.findIndex((row, index) => {
    bytes += row.bytes;
    return index > 0 && bytes > MAX_PAGE_BYTES;
  });
  return tooMany === -1 ? rows.length : tooMany;
}

async function readLetters(
  db: RecordDatabase,
  queue: string,
  page: readonly { readonly task_id: string }[],
): Promise<DeadLetter[]> {
  if (page.length === 0) return [];
  const rows = await db
    .selectFrom('dead_letters')
    .select(['letter', 'body'])
    .where('queue', '=', columnText(queue))
    .where(
      'task_id',
      'in',
      page.map(({ task_id }) => task_id),
    )
    .where('removed_at_ms', 'is', null)
    .orderBy('dead_at_ms', 'desc')
    .orderBy('task_id', 'desc')
    .execute();
  return rows.map(fromRow);
}

async function getLetter(db: RecordDatabase, queue: string, taskId: string): Promise<DeadLetter | null> {
  const [letter] = await readLetters(db, queue, [{ task_id: columnText(taskId) }]);
  return letter ?? null;
}

async function removeLetter(db: RecordDatabase, queue: string, taskId: string): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('dead_letters')
    .set({ removed_at_ms: Date.now(), bytes: 0, letter: '', body: NOTHING })
    .where('queue', '=', columnText(queue))
    .where('task_id', '=', columnText(taskId))
    .where('removed_at_ms', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Where there is none, the empty row of a removed one keeps it away. */
async function forgetLetter(
  db: RecordDatabase,
  { queue, taskId, deadAt }: Pick<DeadLetter, 'queue' | 'taskId' | 'deadAt'>,
): Promise<void> {
  const removed = { bytes: 0, letter: '', body: NOTHING, removed_at_ms: Date.now() };
  await db
    .insertInto('dead_letters')
    .values({ queue: columnText(queue), task_id: columnText(taskId), dead_at_ms: epochMs(deadAt), ...removed })
    .onConflict((conflict) =>
      conflict.columns(['queue', 'task_id']).doUpdateSet({ ...removed, dead_at_ms: laterDeath() }),
    )
    .execute();
}

/** Of the row that is there and the one that was to be written: what died until then stays away. */
function laterDeath() {
  return sql<number>`case when dead_letters.dead_at_ms < excluded.dead_at_ms then excluded.dead_at_ms else dead_letters.dead_at_ms end`;
}

async function countLetters(db: RecordDatabase): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom('dead_letters')
    .select((eb) => ['queue', eb.fn.countAll<number>().as('count')])
    .where('removed_at_ms', 'is', null)
    .groupBy('queue')
    .execute();
  return new Map(rows.map(({ queue, count }) => [queue, count]));
}

async function purgeLetters(db: RecordDatabase, beforeMs: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('dead_letters')
    .where(({ eb, refTuple, selectFrom }) =>
      eb(
        refTuple('queue', 'task_id'),
        'in',
        selectFrom('dead_letters')
          .select(['queue', 'task_id'])
          .where('dead_at_ms', '<=', beforeMs)
          .orderBy('dead_at_ms')
          .limit(MAX_PURGED)
          .$asTuple('queue', 'task_id'),
      ),
    )
    .executeTakeFirst();
  return Number(numDeletedRows);
}

function toRow({ body, ...letter }: DeadLetter): DeadLettersTable {
  return {
    queue: columnText(letter.queue),
    task_id: columnText(letter.taskId),
    dead_at_ms: epochMs(letter.deadAt),
    bytes: body.length,
    letter: jsonText(letter),
    body: new Uint8Array(body),
    removed_at_ms: null,
  };
}

function fromRow({ letter, body }: Pick<DeadLettersTable, 'letter' | 'body'>): DeadLetter {
  return { ...JSON.parse(letter), body: toBuffer(body) };
}

function placeOf({ dead_at_ms, task_id }: Pick<DeadLettersTable, 'dead_at_ms' | 'task_id'>) {
  return { ms: dead_at_ms, id: task_id };
}
