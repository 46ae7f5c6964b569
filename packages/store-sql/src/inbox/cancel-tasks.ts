import type { CancelOutcome, InboxStore } from '@tracepost/stores';
import { sql } from 'kysely';
import { createInsert } from '../insert-rows.ts';
import type { RecordDatabase } from '../schema.ts';
import { settle } from '../settle.ts';
import { endedRow, SAMPLE_ROW } from './inbox-row.ts';
import { endingOf, readInbox, taskIdOf } from './read-inbox.ts';

export type Cancelling = Parameters<InboxStore['cancel']>[0];

/** Ends what nobody works on and marks what somebody does. */
export function createCancelTasks(
  db: RecordDatabase,
): (requests: readonly Cancelling[]) => Promise<readonly CancelOutcome[]> {
  const insert = createInsert(db, SAMPLE_ROW, (rows) =>
    db
      .insertInto('inbox')
      .values(rows)
      .onConflict((conflict) =>
        conflict
          .column('task_id')
          .doUpdateSet({
            state: sql`case when inbox.state = 'waiting' then 'ended' else inbox.state end`,
            ending: sql`case when inbox.state = 'waiting' then excluded.ending else inbox.ending end`,
            is_cancel_requested: sql`1`,
          })
          .where(sql<boolean>`inbox.state <> 'ended'`),
      )
      .returning(['inbox.task_id', 'inbox.state']),
  );

  return (requests) =>
    settle({
      calls: requests,
      toRow: ({ taskId, event }) => endedRow(taskId, null, event),
      keyOf: taskIdOf,
      write: insert,
      accept: ({ event }, { state }): CancelOutcome =>
        state === 'ended' ? { status: 'cancelled', event } : { status: 'requested' },
      read: (rows) => readInbox(db, rows),
      refuse: ({ event }, known): CancelOutcome | null => {
        const ending = endingOf(known);
        if (!ending) return null;
        // Asked again, it says the same.
        return { status: ending.eventId === event.eventId ? 'cancelled' : 'ended', event: ending };
      },
    });
}
