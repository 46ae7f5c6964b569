import type { ClaimOutcome, ClaimRequest } from '@tracepost/stores';
import { sql } from 'kysely';
import { createInsert } from '../insert-rows.ts';
import type { InboxTable, RecordDatabase } from '../schema.ts';
import { settle } from '../settle.ts';
import { failedAttemptsOf } from './failed-attempts.ts';
import { claimRow, PAYLOAD_KEPT_MS, SAMPLE_ROW } from './inbox-row.ts';
import { LOST_WITH_RUNNING, lostAttemptsOf } from './lost-attempts.ts';
import { type KnownRow, outcomeOfEnded, readInbox, taskIdOf } from './read-inbox.ts';

/**
 * Claims tasks of different ids. One statement takes all that can be had: a row that is there is changed only where
 * the rules allow it, and the database decides about each row alone. Only about the others it is asked again.
 */
export function createClaimTasks(
  db: RecordDatabase,
): (requests: readonly ClaimRequest[]) => Promise<readonly ClaimOutcome[]> {
  const insert = createInsert(db, SAMPLE_ROW, (rows) => claimStatement(db, rows));

  return (requests) =>
    settle({
      calls: requests,
      toRow: claimRow,
      keyOf: taskIdOf,
      write: insert,
      accept: (_, { generation, is_cancel_requested, attempt_number, crashes, lost }): ClaimOutcome => ({
        status: 'claimed',
        generation,
        isCancelRequested: is_cancel_requested === 1,
        attempt: attempt_number,
        crashes,
        lostAttempts: lostAttemptsOf({ lost }),
      }),
      read: (rows) => readInbox(db, rows),
      refuse: async (request, known, row) => {
        const outcome = refusalOf(request, row, known);
        if (outcome?.status === 'ended' && known.hasNoPayload) await keepPayload(db, row);
        return outcome;
      },
    });
}

function claimStatement(db: RecordDatabase, rows: readonly InboxTable[]) {
  return db
    .insertInto('inbox')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .column('task_id')
        .doUpdateSet((row) => ({
          agent_id: row.ref('excluded.agent_id'),
          state: row.ref('excluded.state'),
          attempt: row.ref('excluded.attempt'),
          attempt_number: sql<number>`case when inbox.state = 'running' then inbox.attempt_number + 1
            when excluded.attempt > inbox.attempt_number then excluded.attempt else inbox.attempt_number end`,
          crashes: sql<number>`inbox.crashes + case when inbox.state = 'running'
            and inbox.worker_id <> excluded.worker_id then 1 else 0 end`,
          lost: LOST_WITH_RUNNING,
          beginning: row.ref('excluded.beginning'),
          copy: row.ref('excluded.copy'),
          worker_id: row.ref('excluded.worker_id'),
          generation: sql<number>`inbox.generation + 1`,
          is_redelivered: row.ref('excluded.is_redelivered'),
          expires_at_ms: row.ref('excluded.expires_at_ms'),
          changed_at_ms: row.ref('excluded.changed_at_ms'),
        }))
        .where(
          sql<boolean>`(inbox.state = 'waiting' and inbox.attempt <= excluded.attempt)
            or (inbox.state = 'running' and (
              (excluded.is_redelivered = 1 and inbox.copy = excluded.copy)
              or inbox.expires_at_ms <= excluded.changed_at_ms))`,
        ),
    )
    .returning([
      'inbox.task_id',
      'inbox.generation',
      'inbox.is_cancel_requested',
      'inbox.attempt_number',
      'inbox.crashes',
      'inbox.lost',
    ]);
}

/** Null: by now it could be claimed, so it is tried again. */
function refusalOf(request: ClaimRequest, { copy }: InboxTable, known: KnownRow): ClaimOutcome | null {
  const ended = outcomeOfEnded(known);
  if (ended) return ended;
  if (known.state === 'waiting') {
    return known.attempt > request.attempt ? { status: 'superseded', failedAttempts: failedAttemptsOf(known) } : null;
  }
  const isLost = request.isRedelivered && known.copy === copy;
  if (isLost || known.expires_at_ms <= request.nowMs) return null;
  return { status: 'busy', expiresAtMs: known.expires_at_ms };
}

/** The message of a task that was cancelled before any worker saw it: kept here, so that it can be retried too. */
async function keepPayload(db: RecordDatabase, { task_id, properties, body, changed_at_ms }: InboxTable) {
  await db
    .updateTable('inbox')
    .set({ properties, body, purge_at_ms: changed_at_ms + PAYLOAD_KEPT_MS })
    .where('task_id', '=', task_id)
    .where('body', 'is', null)
    .execute();
}
