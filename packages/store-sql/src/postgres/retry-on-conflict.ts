import { setTimeout as sleep } from 'node:timers/promises';

const MAX_TRIES = 5;
/** Deadlock, and a transaction that could not be put in order: Postgres rolled it back for the sake of another. */
const CONFLICTS: ReadonlySet<unknown> = new Set(['40P01', '40001']);

/** Runs a write again when Postgres broke it off; whole, so nothing is applied twice. */
export async function retryOnConflict<T>(write: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await write();
    } catch (error) {
      if (tried === MAX_TRIES || !CONFLICTS.has((error as { code?: unknown }).code)) throw error;
    }
    // Not at the same moment as the other one.
    await sleep(Math.random() * 20 * tried);
  }
}
