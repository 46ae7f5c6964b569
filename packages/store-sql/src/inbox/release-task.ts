import type { InboxStore } from '@tracepost/stores';
import { columnText } from '../column-text.ts';
import type { RecordDatabase } from '../schema.ts';

/** Lets go of a running attempt; one statement, since workers stop seldom. */
export async function releaseTask(
  db: RecordDatabase,
  { taskId, generation }: Parameters<InboxStore['release']>[0],
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('inbox')
    .set({ state: 'waiting', changed_at_ms: Date.now() })
    .where('task_id', '=', columnText(taskId))
    .where('state', '=', 'running')
    .where('generation', '=', generation)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}
