import type { RecordDatabase } from './schema.ts';

/** So many at a time: a purge never holds up the writes for long. */
const MAX_ROWS = 5_000;

/** Tasks that have not ended stay, however old: somebody may still work on them. */
export async function purgeTasks(db: RecordDatabase, beforeMs: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('tasks')
    .where('task_id', 'in', (eb) =>
      eb
        .selectFrom('tasks')
        .select('task_id')
        .where('accepted_at_ms', '<', beforeMs)
        .where('ended_at_ms', 'is not', null)
        .orderBy('accepted_at_ms')
        .limit(MAX_ROWS),
    )
    .executeTakeFirst();
  return Number(numDeletedRows);
}
