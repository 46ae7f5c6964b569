import { existsSync, renameSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { CannotOpenError } from './errors.ts';
import type { SqliteOptions } from './sqlite.ts';

export interface Rescue {
  /** Where the damaged file lies now, with its log beside it. */
  readonly setAside: string;
  /** Rows that could be read and stand in the new file, by table. */
  readonly rows: Readonly<Record<string, number>>;
  /** Tables of which some part could not be read. */
  readonly incomplete: readonly string[];
}

export type RescueOptions = Pick<SqliteOptions, 'path' | 'synchronous' | 'schema'>;

/**
 * For a file that is no whole database any more (torn, truncated, bits flipped): sets it aside and makes a new one of every row that can still be
 * read. Nobody may have the file open. It is for data that bears a loss, as telemetry does; what must not lose anything refuses to
 * open instead. Rejects with `CannotOpenError` when not even a new file can be made; the damaged one is set aside then, too.
 */
export async function rescueFile({ path, synchronous, schema }: RescueOptions): Promise<Rescue> {
  const setAside = `${path}.damaged-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
  for (const part of ['', '-wal', '-shm']) if (existsSync(path + part)) renameSync(path + part, setAside + part);
  const worker = new Worker(new URL('./rescue-thread.ts', import.meta.url), {
    workerData: { setAside, target: { path, synchronous, schema, pragmas: [], exclusive: false, sessionIdleMs: 0 } },
    execArgv: [],
    env: {},
  });
  try {
    const found = await new Promise<Omit<Rescue, 'setAside'>>((resolve, reject) => {
      worker.once('message', resolve).once('error', reject);
      worker.once('exit', (code) => reject(new Error(`the thread that reads it ended with ${code}`)));
    });
    return { setAside, ...found };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CannotOpenError(
      path,
      `${path} was damaged and is now ${setAside}; a new one cannot be made: ${reason}.`,
      {
        cause: error,
      },
    );
  }
}
