import { StatementRefusedError } from '@tracepost/sqlite';
import { RecordsRefusedError } from '@tracepost/stores';

/** Classes of SQLSTATE that are about the values: bad data, broken constraint, beyond a limit of the server. */
const VALUE_CLASSES: ReadonlySet<string> = new Set(['22', '23', '54']);

/** Runs a write and tells apart what will never be stored from what may be, the next time. */
export async function tellRefusal<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!isAboutValues(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new RecordsRefusedError(`The database refuses what it was given, nothing was stored: ${reason}`, {
      cause: error,
    });
  }
}

function isAboutValues(error: unknown): boolean {
  if (error instanceof StatementRefusedError) return true;
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && VALUE_CLASSES.has(code.slice(0, 2));
}
