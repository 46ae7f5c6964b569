import { type IdempotencyKeyStore, type KeyOutcome, MAX_KEYS } from '@tracepost/stores';
import { sql } from 'kysely';
import { columnText } from './column-text.ts';
import { createInsert } from './insert-rows.ts';
import { jsonText } from './json-text.ts';
import { createKeyRoom, type KeyRoom } from './key-room.ts';
import type { IdempotencyKeysTable, RecordDatabase } from './schema.ts';
import { settle } from './settle.ts';
import type { Statements } from './statements.ts';

const KEPT_MS = 24 * 3_600_000;
const MAX_PURGED = 5_000;

const SAMPLE_ROW: IdempotencyKeysTable = {
  tenant_id: '',
  agent_id: '',
  idempotency_key: '',
  body_hash: '',
  task_id: '',
  trace_id: '',
  claimed_at_ms: 0,
  answer: '',
};

type Key = Pick<IdempotencyKeysTable, 'tenant_id' | 'agent_id' | 'idempotency_key'>;
type KeyOf<Method extends 'claim' | 'answer'> = Parameters<IdempotencyKeyStore[Method]>[0];

export interface KeyStoreOptions {
  /** Most keys at a time, a little more when several processes add them; `MAX_KEYS` when none is given. */
  readonly maxKeys?: number | undefined;
}

export function createKeyStore(
  db: RecordDatabase,
  { batched, write, read }: Statements,
  { maxKeys = MAX_KEYS }: KeyStoreOptions = {},
): IdempotencyKeyStore {
  const keyOf = (key: KeyOf<'answer'> | KeyOf<'claim'>) => textOf(keyRow(key));
  const room = createKeyRoom({ maxKeys, count: () => read('count_keys', () => countKeys(db, maxKeys)) });
  const freeing = async (gone: Promise<number>): Promise<number> => {
    const count = await gone;
    room.free(count);
    return count;
  };
  const claim = batched('claim_key', { run: createRoomyClaim(db, room), keyOf });
  return {
    async claim(request) {
      const outcome = await claim(request);
      // A count takes its time; only a new key waits for it, outside of the batch in which others are answered.
      return outcome.status === 'full' && (await room.look()) ? claim(request) : outcome;
    },
    answer: (key) => write('answer_key', () => answerKey(db, key)),
    release: async (key) => void (await freeing(write('release_key', () => releaseKey(db, key)))),
    purge: (nowMs) => freeing(write('purge_keys', () => purgeKeys(db, nowMs - KEPT_MS))),
  };
}

/** Claims that find no room are answered from what is there: it goes on answering, and only a key that is not among it is refused. */
function createRoomyClaim(db: RecordDatabase, room: KeyRoom) {
  const claim = createClaimKeys(db);
  return async (requests: readonly KeyOf<'claim'>[]): Promise<readonly KeyOutcome[]> => {
    const reserved = room.take(requests.length);
    let added = 0;
    try {
      const isFree = reserved < requests.length ? await withRoomFor(db, requests, reserved) : () => true;
      const claimed = requests.filter(isFree);
      const outcomes = await claim(claimed);
      added = outcomes.filter(({ status }) => status === 'mine').length;
      const byRequest = new Map(claimed.map((request, index) => [request, outcomes[index]]));
      return requests.map((request) => byRequest.get(request) ?? { status: 'full' });
    } finally {
      room.free(Math.max(0, reserved - added));
    }
  };
}

/** Those that are there already, and the first so many of the others. */
async function withRoomFor(
  db: RecordDatabase,
  requests: readonly KeyOf<'claim'>[],
  room: number,
): Promise<(request: KeyOf<'claim'>) => boolean> {
  const known = new Set((await readKeys(db, requests.map(keyRow))).map(textOf));
  const fresh = requests.filter((request) => !known.has(textOf(keyRow(request))));
  const refused = new Set(fresh.slice(room));
  return (request) => !refused.has(request);
}

/** Takes keys that nobody has, or had over 24 hours ago; of the others it says who has them. */
function createClaimKeys(db: RecordDatabase) {
  const insert = createInsert(db, SAMPLE_ROW, (rows) =>
    db
      .insertInto('idempotency_keys')
      .values(rows)
      .onConflict((conflict) =>
        conflict
          .columns(['tenant_id', 'agent_id', 'idempotency_key'])
          .doUpdateSet((row) => ({
            body_hash: row.ref('excluded.body_hash'),
            task_id: row.ref('excluded.task_id'),
            trace_id: row.ref('excluded.trace_id'),
            claimed_at_ms: row.ref('excluded.claimed_at_ms'),
            answer: row.ref('excluded.answer'),
          }))
          .where(sql<boolean>`idempotency_keys.claimed_at_ms <= excluded.claimed_at_ms - ${sql.lit(KEPT_MS)}`),
      )
      .returning(['tenant_id', 'agent_id', 'idempotency_key']),
  );
  return (requests: readonly KeyOf<'claim'>[]): Promise<readonly KeyOutcome[]> =>
    settle({
      calls: requests,
      toRow: (request): IdempotencyKeysTable => ({
        ...keyRow(request),
        body_hash: request.bodyHash,
        task_id: request.taskId,
        trace_id: request.traceId,
        claimed_at_ms: request.nowMs,
        answer: null,
      }),
      keyOf: textOf,
      write: insert,
      accept: (): KeyOutcome => ({ status: 'mine' }),
      read: (rows) => readKeys(db, rows),
      refuse: ({ bodyHash, nowMs }, known): KeyOutcome | null => {
        if (known.claimed_at_ms <= nowMs - KEPT_MS) return null;
        if (known.body_hash !== bodyHash) return { status: 'conflict' };
        if (known.answer !== null) return { status: 'answered', answer: JSON.parse(known.answer) };
        return { status: 'pending', taskId: known.task_id, traceId: known.trace_id };
      },
    });
}

function readKeys(db: RecordDatabase, rows: readonly Key[]): Promise<IdempotencyKeysTable[]> {
  return db
    .selectFrom('idempotency_keys')
    .selectAll()
    .where(({ eb, refTuple, tuple }) =>
      eb(
        refTuple('tenant_id', 'agent_id', 'idempotency_key'),
        'in',
        rows.map(({ tenant_id, agent_id, idempotency_key }) => tuple(tenant_id, agent_id, idempotency_key)),
      ),
    )
    .execute();
}

/** The first answer holds. */
async function answerKey(db: RecordDatabase, { answer, ...key }: KeyOf<'answer'>): Promise<void> {
  const { tenant_id, agent_id, idempotency_key } = keyRow(key);
  await db
    .updateTable('idempotency_keys')
    .set({ answer: jsonText(answer ?? null) })
    .where('tenant_id', '=', tenant_id)
    .where('agent_id', '=', agent_id)
    .where('idempotency_key', '=', idempotency_key)
    .where('answer', 'is', null)
    .execute();
}

async function releaseKey(
  db: RecordDatabase,
  { taskId, ...key }: Parameters<IdempotencyKeyStore['release']>[0],
): Promise<number> {
  const { tenant_id, agent_id, idempotency_key } = keyRow(key);
  const { numDeletedRows } = await db
    .deleteFrom('idempotency_keys')
    .where('tenant_id', '=', tenant_id)
    .where('agent_id', '=', agent_id)
    .where('idempotency_key', '=', idempotency_key)
    .where('task_id', '=', taskId)
    .where('answer', 'is', null)
    .executeTakeFirst();
  return Number(numDeletedRows);
}

/** Up to `most`: further ones make no difference. */
async function countKeys(db: RecordDatabase, most: number): Promise<number> {
  const some = db.selectFrom('idempotency_keys').select('claimed_at_ms').limit(most).as('some');
  const row = await db
    .selectFrom(some)
    .select(({ fn }) => fn.countAll().as('count'))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

async function purgeKeys(db: RecordDatabase, beforeMs: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('idempotency_keys')
    .where(({ eb, refTuple, selectFrom }) =>
      eb(
        refTuple('tenant_id', 'agent_id', 'idempotency_key'),
        'in',
        selectFrom('idempotency_keys')
          .select(['tenant_id', 'agent_id', 'idempotency_key'])
          .where('claimed_at_ms', '<=', beforeMs)
          .orderBy('claimed_at_ms')
          .limit(MAX_PURGED)
          .$asTuple('tenant_id', 'agent_id', 'idempotency_key'),
      ),
    )
    .executeTakeFirst();
  return Number(numDeletedRows);
}

function keyRow({ tenantId, agentId, key }: { tenantId: string; agentId: string; key: string }): Key {
  return { tenant_id: columnText(tenantId), agent_id: columnText(agentId), idempotency_key: columnText(key) };
}

function textOf({ tenant_id, agent_id, idempotency_key }: Key): string {
  return JSON.stringify([tenant_id, agent_id, idempotency_key]);
}
