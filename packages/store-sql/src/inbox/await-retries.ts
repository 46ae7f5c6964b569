import type { InboxStore } from '@tracepost/stores';
import { sql } from 'kysely';
import { createInsert } from '../insert-rows.ts';
import type { RecordDatabase } from '../schema.ts';
import { settle } from '../settle.ts';
import { FAILED_WITH_RUNNING } from './failed-attempts.ts';
import { SAMPLE_ROW, waitingRow } from './inbox-row.ts';
import { readInbox, taskIdOf } from './read-inbox.ts';

export type GivenUp = Parameters<InboxStore['awaitRetry']>[0];

/** Gives claims up for a later attempt, each by its holder. Said twice it is as if said once. */
export function createAwaitRetries(db: RecordDatabase): (claims: readonly GivenUp[]) => Promise<readonly boolean[]> {
  const insert = createInsert(db, SAMPLE_ROW, (rows) =>
    db
      .insertInto('inbox')
      .values(rows)
      .onConflict((conflict) =>
        conflict
          .column('task_id')
          .doUpdateSet((row) => ({
            state: row.ref('excluded.state'),
            attempt: row.ref('excluded.attempt'),
            failed: FAILED_WITH_RUNNING,
            changed_at_ms: row.ref('excluded.changed_at_ms'),
          }))
          .where(sql<boolean>`inbox.state <> 'ended' and excluded.generation = inbox.generation`),
      )
      .returning('inbox.task_id'),
  );

  return (claims) =>
    settle({
      calls: claims,
      toRow: waitingRow,
      keyOf: taskIdOf,
      write: insert,
      accept: () => true,
      read: (rows) => readInbox(db, rows),
      refuse: ({ generation }, known) => (known.state === 'ended' || known.generation !== generation ? false : null),
    });
}
