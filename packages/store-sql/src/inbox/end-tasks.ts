import type { InboxStore } from '@tracepost/stores';
import { sql } from 'kysely';
import { createInsert } from '../insert-rows.ts';
import type { RecordDatabase } from '../schema.ts';
import { settle } from '../settle.ts';
import { endedRow, SAMPLE_ROW } from './inbox-row.ts';
import { endingOf, readInbox, taskIdOf } from './read-inbox.ts';

export type Ending = Parameters<InboxStore['end']>[0];
export type EndOutcome = Awaited<ReturnType<InboxStore['end']>>;

/** Writes endings where there is none yet: by the holder of the claim, or by somebody who needs none (generation 0). */
export function createEndTasks(db: RecordDatabase): (endings: readonly Ending[]) => Promise<readonly EndOutcome[]> {
  const insert = createInsert(db, SAMPLE_ROW, (rows) =>
    db
      .insertInto('inbox')
      .values(rows)
      .onConflict((conflict) =>
        conflict
          .column('task_id')
          .doUpdateSet((row) => ({
            state: row.ref('excluded.state'),
            ending: row.ref('excluded.ending'),
            changed_at_ms: row.ref('excluded.changed_at_ms'),
          }))
          .where(
            sql<boolean>`inbox.state <> 'ended'
              and (excluded.generation = 0 or excluded.generation = inbox.generation)`,
          ),
      )
      .returning('inbox.task_id'),
  );

  return (endings) =>
    settle({
      calls: endings,
      toRow: ({ taskId, generation, event }) => endedRow(taskId, generation, event),
      keyOf: taskIdOf,
      write: insert,
      accept: ({ event }): EndOutcome => ({ status: 'ended', event }),
      read: (rows) => readInbox(db, rows),
      refuse: ({ generation }, known) => {
        const event = endingOf(known);
        if (event) return { status: 'ended', event };
        return generation === null || generation === known.generation ? null : { status: 'lost' };
      },
    });
}
