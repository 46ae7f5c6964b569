import { CannotOpenError, openSqlite, rescueFile, type Sqlite, type SqliteOptions } from '@tracepost/sqlite';
import type { Telemetry } from '@tracepost/telemetry';

/**
 * Opens the file; one that is damaged is set aside under a name that says so, and every row that can still be read stands in the new one. Rejects
 * with sqlite's `CannotOpenError` for every other reason.
 */
export async function openWhole(options: SqliteOptions, telemetry: Telemetry): Promise<Sqlite> {
  try {
    return await openSqlite(options);
  } catch (error) {
    if (!(error instanceof CannotOpenError) || !error.isDamaged) throw error;
    return rescueAndOpen(options, telemetry, error);
  }
}

/** The same for one that turned out to be damaged while it was open, and is closed now. */
export async function rescueAndOpen(options: SqliteOptions, telemetry: Telemetry, reason: unknown): Promise<Sqlite> {
  const { setAside, rows, incomplete } = await rescueFile({ ...options, mend: forgetRolled });
  const kept = Object.values(rows).reduce((sum, count) => sum + count, 0);
  const missing =
    incomplete.length === 0 ? 'nothing was missing' : `not all could be read of: ${incomplete.join(', ')}`;
  telemetry.logger.error(
    { layer: 'store', result: 'partial', error: reason },
    `The telemetry database ${options.path} was damaged; it lies in ${setAside} now, ${kept} rows of it are in a new one, ${missing}`,
  );
  return openSqlite(options);
}

const HOURS: readonly string[] = ['metric_hours', 'metric_late', 'metric_rolled'];

/**
 * Where hours of metrics are among what is missing they are put together again from what is there. Else they stay, as they hold also those points
 * that are missing.
 */
async function forgetRolled(fresh: Sqlite, incomplete: readonly string[]): Promise<void> {
  if (incomplete.some((table) => HOURS.includes(table))) await fresh.write([{ sql: 'DELETE FROM metric_rolled' }]);
}
