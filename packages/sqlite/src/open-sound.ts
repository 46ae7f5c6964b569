import { statSync } from 'node:fs';
import { CannotOpenError, WriteFailedError } from './errors.ts';
import { describeDamage, guardDamage } from './guard-damage.ts';
import { openSqlite } from './open-sqlite.ts';
import { type Rescue, type RescueOptions, rescueFile } from './rescue-file.ts';
import type { Sqlite, SqliteOptions } from './sqlite.ts';

/** About 10 ms a MiB. To look at every page of a larger file would be felt in each start: its damage is noticed where it is met. */
const MOST_CHECKED_BYTES = 16 * 1024 ** 2;

export interface SoundOptions extends SqliteOptions {
  /**
   * Only where the owner has agreed to lose what cannot be read: told what was kept. Nobody else may have the file open. Everything in it is
   * looked at then, whatever its size, which for a large one takes minutes.
   */
  readonly onRescued?: ((rescue: Rescue) => void) | undefined;
  /** With `onRescued`, of a file that is rescued. */
  readonly mend?: RescueOptions['mend'];
}

/**
 * Opens a file that must not lose anything. One that is found damaged is refused, with `CannotOpenError` that says what to do, or, with
 * `onRescued`, set aside and made anew of what can be read. Damage that is met later stops the writing (`guardDamage`). SQLite
 * knows the structure of its pages and has no checksums: a bit that changed within a text is not found by anybody.
 */
export async function openSound({ onRescued, mend, ...options }: SoundOptions): Promise<Sqlite> {
  const opened = await tryOpen(options, onRescued ? 'everything' : 'when small');
  if (!(opened instanceof CannotOpenError)) return guardDamage(opened);
  if (!onRescued) throw opened;
  onRescued(await rescueFile({ ...options, mend }));
  return guardDamage(await openSqlite(options));
}

/** What whoever fills itself from a file that it has just opened should reject with: `CannotOpenError` where the file turned out to be damaged. */
export function cannotFill(path: string, error: unknown): unknown {
  if (!(error instanceof WriteFailedError) || !error.isDamaged) return error;
  return new CannotOpenError(path, error.message, { isDamaged: true, cause: error });
}

type Check = 'everything' | 'when small';

async function tryOpen(options: SqliteOptions, check: Check): Promise<Sqlite | CannotOpenError> {
  const { path } = options;
  const refusal = (reason: string, cause?: unknown): CannotOpenError =>
    new CannotOpenError(path, describeDamage(path, reason), { isDamaged: true, cause });
  let database: Sqlite;
  try {
    database = await openSqlite(options);
  } catch (error) {
    if (!(error instanceof CannotOpenError) || !error.isDamaged) throw error;
    return refusal(error.cause instanceof Error ? error.cause.message : error.message, error);
  }
  try {
    const damage = await findDamage(database, check);
    if (damage === null) return database;
    await database.close();
    return refusal(damage);
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Null when nothing is wrong with it, or there is too much to look at now; else what is wrong at the first place. */
async function findDamage(database: Sqlite, check: Check): Promise<string | null> {
  if (check === 'when small' && statSync(database.path).size > MOST_CHECKED_BYTES) return null;
  // Indexes that do not fit their tables are damage too, and met when a row is changed; to look for them takes several times as long.
  const question = check === 'everything' ? 'PRAGMA integrity_check(1)' : 'PRAGMA quick_check(1)';
  try {
    const [row] = await database.look(question);
    const verdict = String(Object.values(row ?? {})[0] ?? 'no answer');
    // It begins with the name of the table on a line of its own.
    return verdict === 'ok' ? null : verdict.replaceAll(/\s*\n\s*/g, ' ');
  } catch (error) {
    if (error instanceof WriteFailedError && error.isDamaged) return error.message;
    throw error;
  }
}

/** What became of a file that was rescued, in one sentence. */
export function describeRescue(path: string, { setAside, rows, incomplete }: Rescue): string {
  const kept = Object.values(rows).reduce((sum, count) => sum + count, 0);
  const missing =
    incomplete.length === 0 ? 'nothing was missing' : `not all could be read of: ${incomplete.join(', ')}`;
  return `The database ${path} was damaged; it lies in ${setAside} now, ${kept} rows of it are in a new one, ${missing}.`;
}
