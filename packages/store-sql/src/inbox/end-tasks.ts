import type { InboxStore } from '@tracepost/stores';
import { sql } from 'kysely';
import { createInsert } from '../insert-rows.ts';
import type { RecordDatabase } from '../schema.ts';
import { settle } from '../settle.ts';
import { failedAttemptsOf } from './failed-attempts.ts';
import { endedRow, SAMPLE_ROW } from './inbox-row.ts';
import { LOST_WITH_RUNNING, lostAttemptsOf } from './lost-attempts.ts';
import { outcomeOfEnded, readInbox, taskIdOf } from './read-inbox.ts';

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
            lost: sql<string>`case when excluded.generation = 0 then ${LOST_WITH_RUNNING} else inbox.lost end`,
            changed_at_ms: row.ref('excluded.changed_at_ms'),
          }))
          .where(
            sql<boolean>`inbox.state <> 'ended'
              and (excluded.generation = 0 or excluded.generation = inbox.generation)`,
          ),
      )
      .returning(['inbox.task_id', 'inbox.lost', 'inbox.failed']),
  );

  return (endings) =>
    settle({
      calls: endings,
      toRow: ({ taskId, generation, event }) => endedRow(taskId, generation, event),
      keyOf: taskIdOf,
      write: insert,
      accept: ({ event }, known): EndOutcome => ({
        status: 'ended',
        event,
        lostAttempts: lostAttemptsOf(known),
        failedAttempts: failedAttemptsOf(known),
      }),
      read: (rows) => readInbox(db, rows),
      refuse: ({ generation }, known) => {
        const ended = outcomeOfEnded(known);
        if (ended) return ended;
        return generation === null || generation === known.generation ? null : { status: 'lost' };
      },
    });
}
