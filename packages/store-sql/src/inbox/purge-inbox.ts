import { sql } from 'kysely';
import type { RecordDatabase } from '../schema.ts';
import { ENDING_KEPT_MS } from './inbox-row.ts';

/** So many rows of each kind at a time: a purge never holds up the claims for long. */
const MAX_ROWS = 5_000;

/** Payloads go first; their rows wait for the end of the records. Gives how many rows were forgotten or emptied. */
export async function purgeInbox(db: RecordDatabase, nowMs: number): Promise<number> {
  const due = db
    .selectFrom('inbox')
    .select('task_id')
    .where('purge_at_ms', '<=', nowMs)
    .orderBy('purge_at_ms')
    .limit(MAX_ROWS);
  const forgotten = await db
    .deleteFrom('inbox')
    .where('task_id', 'in', due)
    .where('body', 'is', null)
    .executeTakeFirst();
  const emptied = await db
    .updateTable('inbox')
    .set({
      body: null,
      properties: null,
      purge_at_ms: sql<number>`begun_at_ms + ${sql.lit(ENDING_KEPT_MS)}`,
    })
    .where('task_id', 'in', due)
    .where('body', 'is not', null)
    .executeTakeFirst();
  const effects = await db
    .deleteFrom('effects')
    .where(({ eb, refTuple, selectFrom }) =>
      eb(
        refTuple('tenant_id', 'scope', 'effect_key'),
        'in',
        selectFrom('effects')
          .select(['tenant_id', 'scope', 'effect_key'])
          .where('begun_at_ms', '<=', nowMs - ENDING_KEPT_MS)
          .orderBy('begun_at_ms')
          .limit(MAX_ROWS)
          .$asTuple('tenant_id', 'scope', 'effect_key'),
      ),
    )
    .executeTakeFirst();
  return Number(forgotten.numDeletedRows + emptied.numUpdatedRows + effects.numDeletedRows);
}
