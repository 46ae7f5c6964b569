import { WriteFailedError } from './errors.ts';
import type { Sqlite, SqliteSession } from './sqlite.ts';

/**
 * The same database, that stops writing with the first sign of damage: on a file that is no longer whole a write may land anywhere. What can
 * be read of it goes on being read; whoever asks whether it works (`look`) hears what is wrong and what to do.
 */
export function guardDamage(database: Sqlite): Sqlite {
  let damage: WriteFailedError | null = null;

  const watched = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof WriteFailedError) || !error.isDamaged) throw error;
      damage ??= new WriteFailedError(describeDamage(database.path, error.message), error.sqliteCode, { cause: error });
      throw damage;
    }
  };
  const unlessDamaged = async <T>(work: () => Promise<T>): Promise<T> => {
    if (damage) throw damage;
    return watched(work);
  };
  const watchedSession = ({ execute, release }: SqliteSession): SqliteSession => ({
    execute: (...given) => unlessDamaged(() => execute(...given)),
    release,
  });

  return new Proxy(database, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      const method = (...given: unknown[]) => member.apply(target, given);
      if (name === 'read') return (...given: unknown[]) => watched(() => method(...given));
      if (name === 'write' || name === 'look') return (...given: unknown[]) => unlessDamaged(() => method(...given));
      if (name === 'acquire') return async () => watchedSession(await unlessDamaged(() => target.acquire()));
      return method;
    },
  });
}

/** One sentence with the file and what to do, for whoever starts or watches the process. */
export function describeDamage(path: string, reason: string): string {
  return `The database ${path} is damaged (${reason}): nothing is written to it. Put back a copy of it, or start once with TRACEPOST_RESCUE_DAMAGED=1, which sets it aside and keeps every row that can be read.`;
}
