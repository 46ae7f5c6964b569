import type { TaskRecord } from '@tracepost/contracts';
import { columnText } from './column-text.ts';
import type { RecordDatabase } from './schema.ts';

/** Most children that one answer names; a task that begot more names its first ones. */
const MAX_CHILDREN = 10_000;

/** The records with the ids of the tasks that name them as parent, oldest first; records are stored without. */
export async function withChildren(db: RecordDatabase, records: readonly TaskRecord[]): Promise<TaskRecord[]> {
  if (records.length === 0) return [];
  const rows = await db
    .selectFrom('tasks')
    .select(['parent_task_id', 'task_id'])
    .where(
      'parent_task_id',
      'in',
      records.map(({ taskId }) => columnText(taskId)),
    )
    .orderBy('accepted_at_ms')
    .orderBy('task_id')
    .limit(MAX_CHILDREN)
    .execute();
  const children = Map.groupBy(rows, ({ parent_task_id }) => parent_task_id);
  return records.map((record) => ({
    ...record,
    childTaskIds: (children.get(columnText(record.taskId)) ?? []).map(({ task_id }) => task_id),
  }));
}
