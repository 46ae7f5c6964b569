import { readTerms, taskIdsOf } from '@tracepost/stores';
import { columnText } from '../column-text.ts';
import type { RecordDatabase } from '../schema.ts';

/** So many at a time: a purge never holds up the writes for long. */
const MAX_ROWS = 1_000;

/** Traces of which nothing came since, in the order in which they began: none is heard of before it begins. What points to them goes first. */
export async function purgeTraces(db: RecordDatabase, beforeMs: number): Promise<number> {
  const old = await db
    .selectFrom('trace_summaries')
    .select(['trace_id', 'terms'])
    .where('started_us', '<=', beforeMs * 1_000)
    .where('seen_at_ms', '<=', beforeMs)
    .orderBy('started_us')
    .limit(MAX_ROWS)
    .execute();
  if (old.length === 0) return 0;
  const taskIds = new Set(old.flatMap(({ terms }) => taskIdsOf(readTerms(terms)).map((taskId) => columnText(taskId))));
  const traceIds = old.map(({ trace_id }) => trace_id);
  for (const some of portions([...taskIds]))
    await db.deleteFrom('trace_tasks').where('task_id', 'in', some).where('trace_id', 'in', traceIds).execute();
  const { numDeletedRows } = await db
    .deleteFrom('trace_summaries')
    .where('trace_id', 'in', traceIds)
    // One that was heard of since stays.
    .where('seen_at_ms', '<=', beforeMs)
    .executeTakeFirst();
  return Number(numDeletedRows);
}

function portions(taskIds: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(taskIds.length / MAX_ROWS) }, (_, at) =>
    taskIds.slice(at * MAX_ROWS, (at + 1) * MAX_ROWS),
  );
}
