import type { TaskEvent } from '@tracepost/contracts';
import type { EndedOutcome, KeptPayload } from '@tracepost/stores';
import { columnText } from '../column-text.ts';
import type { InboxTable, RecordDatabase } from '../schema.ts';
import { toBuffer } from '../to-buffer.ts';
import { failedAttemptsOf } from './failed-attempts.ts';
import { lostAttemptsOf } from './lost-attempts.ts';

export type KnownRow = Pick<
  InboxTable,
  'task_id' | 'state' | 'attempt' | 'copy' | 'generation' | 'expires_at_ms' | 'ending' | 'lost' | 'failed'
> & { readonly hasNoPayload: boolean };

export async function readInbox(db: RecordDatabase, rows: readonly Pick<InboxTable, 'task_id'>[]): Promise<KnownRow[]> {
  const known = await db
    .selectFrom('inbox')
    .select(['task_id', 'state', 'attempt', 'copy', 'generation', 'expires_at_ms', 'ending', 'lost', 'failed'])
    .select((eb) => eb('body', 'is', null).as('has_no_payload'))
    .where('task_id', 'in', rows.map(taskIdOf))
    .execute();
  // A truth is a number in SQLite.
  return known.map(({ has_no_payload, ...row }) => ({ ...row, hasNoPayload: Boolean(has_no_payload) }));
}

export function taskIdOf({ task_id }: Pick<InboxTable, 'task_id'>): string {
  return task_id;
}

export function endingOf({ state, ending }: Pick<InboxTable, 'state' | 'ending'>): TaskEvent | null {
  return state === 'ended' && ending !== null ? (JSON.parse(ending) as TaskEvent) : null;
}

export function outcomeOfEnded(row: Pick<InboxTable, 'state' | 'ending' | 'lost' | 'failed'>): EndedOutcome | null {
  const event = endingOf(row);
  return event && { status: 'ended', event, lostAttempts: lostAttemptsOf(row), failedAttempts: failedAttemptsOf(row) };
}

export async function readPayload(db: RecordDatabase, taskId: string): Promise<KeptPayload | null> {
  const row = await db
    .selectFrom('inbox')
    .select(['body', 'properties'])
    .where('task_id', '=', columnText(taskId))
    .executeTakeFirst();
  if (!row?.body || row.properties === null) return null;
  return {
    body: toBuffer(row.body),
    properties: JSON.parse(row.properties) as KeptPayload['properties'],
  };
}
