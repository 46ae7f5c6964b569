import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { CannotOpenError } from './errors.ts';
import { openSqlite } from './open-sqlite.ts';
import { placesFor, putInPlace, undoRescue } from './rescue-places.ts';
import type { Sqlite, SqliteOptions } from './sqlite.ts';

export interface Rescue {
  /** Where the damaged file lies now, with its log beside it. */
  readonly setAside: string;
  /** Rows that could be read and stand in the new file, by table. */
  readonly rows: Readonly<Record<string, number>>;
  /** Tables of which some part could not be read. */
  readonly incomplete: readonly string[];
}

export interface RescueOptions extends Pick<SqliteOptions, 'path' | 'synchronous' | 'schema' | 'pragmas'> {
  /**
   * Puts right what the rows that are missing leave behind in others, before anybody else sees the new file. `incomplete`: tables of which some
   * are missing.
   */
  readonly mend?: ((fresh: Sqlite, incomplete: Rescue['incomplete']) => Promise<void>) | undefined;
}

/**
 * For a file that is no whole database any more (torn, truncated, bits flipped): makes a new one of every row that can still be
 * read, and only when that is complete sets the damaged one aside and gives its name to the new one. Ended before that, by whatever,
 * everything is as it was, for the next try. Nobody may have the file open. Rejects with `CannotOpenError` when no new file can be made.
 */
export async function rescueFile({ path, mend, ...options }: RescueOptions): Promise<Rescue> {
  undoRescue(path);
  const places = placesFor(path, new Date());
  try {
    const found = await fill(path, { ...options, path: places.fresh });
    await mendFile({ ...options, path: places.fresh }, mend && ((fresh) => mend(fresh, found.incomplete)));
    putInPlace(places);
    return { setAside: places.setAside, ...found };
  } catch (error) {
    undoRescue(path);
    const reason = error instanceof Error ? error.message : String(error);
    const message = `The database ${path} is damaged and lies where it lay, since no new one can be made of what can be read of it: ${reason}.`;
    throw new CannotOpenError(path, message, { isDamaged: true, cause: error });
  }
}

type Target = Omit<RescueOptions, 'mend'>;

/** In a thread of its own: reading a large damaged file takes a while, and everything else goes on meanwhile. */
function fill(damaged: string, { path, synchronous, schema, pragmas = [] }: Target): Promise<Found> {
  const target = { path, synchronous, schema, pragmas, exclusive: true, sessionIdleMs: 0 };
  const worker = new Worker(new URL('./rescue-thread.ts', import.meta.url), {
    workerData: { damaged, target },
    execArgv: [],
    env: {},
  });
  return new Promise((resolve, reject) => {
    let found: Found | null = null;
    worker.once('message', (message: Found) => {
      found = message;
    });
    worker.once('error', reject);
    // Only then is the file closed, too.
    worker.once('exit', (code) => {
      if (found === null) reject(new Error(`the thread that reads it ended with ${code}`));
      else resolve(found);
    });
  });
}

type Found = Omit<Rescue, 'setAside'>;

async function mendFile(options: Target, mend: ((fresh: Sqlite) => Promise<void>) | undefined): Promise<void> {
  if (mend) {
    await using fresh = await openSqlite(options);
    await mend(fresh);
  }
  // Whoever closes a file last copies its log into it, and does not say so when that fails.
  if (existsSync(`${options.path}-wal`)) throw new Error('it could not be written whole');
}
