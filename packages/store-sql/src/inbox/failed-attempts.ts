import type { TaskEvent } from '@tracepost/contracts';
import { sql } from 'kysely';
import { jsonText } from '../json-text.ts';
import type { InboxTable } from '../schema.ts';

/** Characters, beyond which a list begins anew: an event with its error and stack has some hundreds to some thousands. */
const MAX_LENGTH = 65_536;

/**
 * What `inbox.failed` is once the attempt that runs is to be tried again: JSON objects with a comma after each, as in `inbox.lost`. Said twice
 * it finds that the task waits already, and adds nothing.
 */
export const FAILED_WITH_RUNNING = sql<string>`case when inbox.state = 'running'
  then case when length(inbox.failed) < ${sql.lit(MAX_LENGTH)} then inbox.failed else '' end || excluded.failed
  else inbox.failed end`;

export function failedText(event: TaskEvent): string {
  return `${jsonText(event)},`;
}

export function failedAttemptsOf({ failed }: Pick<InboxTable, 'failed'>): readonly TaskEvent[] {
  return failed === '' ? [] : (JSON.parse(`[${failed.slice(0, -1)}]`) as TaskEvent[]);
}
