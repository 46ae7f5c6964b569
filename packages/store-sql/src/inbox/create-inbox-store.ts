import type { InboxStore } from '@tracepost/stores';
import type { RecordDatabase } from '../schema.ts';
import type { Statements } from '../statements.ts';
import { createAwaitRetries } from './await-retries.ts';
import { createCancelTasks } from './cancel-tasks.ts';
import { createClaimTasks } from './claim-tasks.ts';
import { createBeginEffects, createEndEffects, forgetEffect, keyOfEffect } from './effects.ts';
import { createEndTasks } from './end-tasks.ts';
import { purgeInbox } from './purge-inbox.ts';
import { readPayload } from './read-inbox.ts';
import { releaseTask } from './release-task.ts';

/** The inbox, by the same queries on both databases. */
export function createInboxStore(db: RecordDatabase, { batched, write, read }: Statements): InboxStore {
  const keyOf = ({ taskId }: { readonly taskId: string }) => taskId;
  return {
    claim: batched('claim', {
      run: createClaimTasks(db),
      keyOf,
      bytesOf: ({ payload }) => payload.body.length,
    }),
    awaitRetry: batched('await_retry', { run: createAwaitRetries(db), keyOf }),
    release: (claim) => write('release', () => releaseTask(db, claim)),
    end: batched('end', { run: createEndTasks(db), keyOf }),
    cancel: batched('cancel', { run: createCancelTasks(db), keyOf }),
    payloadOf: (taskId) => read('payload_of', () => readPayload(db, taskId)),
    beginEffect: batched('begin_effect', { run: createBeginEffects(db), keyOf: keyOfEffect }),
    endEffect: batched('end_effect', { run: createEndEffects(db), keyOf: keyOfEffect }),
    forgetEffect: (effect) => write('forget_effect', () => forgetEffect(db, effect)),
    purge: (nowMs) => write('purge_inbox', () => purgeInbox(db, nowMs)),
  };
}
