import type { RecordDatabase } from '../schema.ts';

/** So many at a time: a purge never holds up the writes for long. */
const MAX_ROWS = 5_000;

/** Traces of which nothing came since; what points to them goes with them. */
export async function purgeTraces(db: RecordDatabase, beforeMs: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('trace_summaries')
    .where('trace_id', 'in', (eb) =>
      eb
        .selectFrom('trace_summaries')
        .select('trace_id')
        .where('seen_at_ms', '<=', beforeMs)
        .orderBy('seen_at_ms')
        .limit(MAX_ROWS),
    )
    .executeTakeFirst();
  await db
    .deleteFrom('trace_tasks')
    .where('seen_at_ms', '<=', beforeMs)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('trace_summaries')
            .select('trace_summaries.trace_id')
            .whereRef('trace_summaries.trace_id', '=', 'trace_tasks.trace_id'),
        ),
      ),
    )
    .execute();
  return Number(numDeletedRows);
}
