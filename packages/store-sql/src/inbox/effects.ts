import type { EffectKey, EffectOutcome, InboxStore } from '@tracepost/stores';
import { sql } from 'kysely';
import { columnText } from '../column-text.ts';
import { createInsert } from '../insert-rows.ts';
import { jsonText } from '../json-text.ts';
import type { EffectsTable, RecordDatabase } from '../schema.ts';
import { settle } from '../settle.ts';
import { epochMs } from '../task-row.ts';

const SAMPLE_ROW: EffectsTable = {
  tenant_id: '',
  scope: '',
  effect_key: '',
  task_id: '',
  begun_at_ms: 0,
  is_done: 0,
  result: '',
};

export type BegunEffect = Parameters<InboxStore['beginEffect']>[0];
export type EndedEffect = Parameters<InboxStore['endEffect']>[0];

/** Begins effects of different keys; of those that were begun before it says what became of them. */
export function createBeginEffects(
  db: RecordDatabase,
): (effects: readonly BegunEffect[]) => Promise<readonly EffectOutcome[]> {
  const insert = createInsert(db, SAMPLE_ROW, (rows) =>
    db
      .insertInto('effects')
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .returning(['tenant_id', 'scope', 'effect_key']),
  );
  return (effects) =>
    settle({
      calls: effects,
      toRow: (effect) => effectRow(effect, effect.taskId, epochMs(effect.at)),
      keyOf: keyOfRow,
      write: insert,
      accept: (): EffectOutcome => ({ status: 'begun' }),
      read: (rows) => readEffects(db, rows),
      refuse: (_, { is_done, result, begun_at_ms }): EffectOutcome =>
        is_done === 1
          ? { status: 'done', result: result === null ? null : JSON.parse(result) }
          : { status: 'uncertain', since: new Date(begun_at_ms).toISOString() },
    });
}

/** The first result holds. */
export function createEndEffects(
  db: RecordDatabase,
): (effects: readonly EndedEffect[]) => Promise<readonly undefined[]> {
  const insert = createInsert(db, SAMPLE_ROW, (rows) =>
    db
      .insertInto('effects')
      .values(rows)
      .onConflict((conflict) =>
        conflict
          .columns(['tenant_id', 'scope', 'effect_key'])
          .doUpdateSet((row) => ({ is_done: row.ref('excluded.is_done'), result: row.ref('excluded.result') }))
          .where(sql<boolean>`effects.is_done = 0`),
      ),
  );
  return async (effects) => {
    await insert(
      effects.map((effect) => ({
        ...effectRow(effect, '', Date.now()),
        is_done: 1,
        result: jsonText(effect.result ?? null),
      })),
    );
    return effects.map(() => undefined);
  };
}

export async function forgetEffect(db: RecordDatabase, effect: EffectKey): Promise<void> {
  const { tenant_id, scope, effect_key } = effectRow(effect, '', 0);
  await db
    .deleteFrom('effects')
    .where('tenant_id', '=', tenant_id)
    .where('scope', '=', scope)
    .where('effect_key', '=', effect_key)
    // What has happened cannot be made not to have.
    .where('is_done', '=', 0)
    .execute();
}

/** Of an effect, whatever else the call says. */
export function keyOfEffect({ tenantId, scope, key }: EffectKey): string {
  return JSON.stringify([tenantId, scope, key]);
}

type Key = Pick<EffectsTable, 'tenant_id' | 'scope' | 'effect_key'>;

function keyOfRow({ tenant_id, scope, effect_key }: Key): string {
  return JSON.stringify([tenant_id, scope, effect_key]);
}

function effectRow(effect: EffectKey, taskId: string, begunAtMs: number): EffectsTable {
  return {
    tenant_id: columnText(effect.tenantId),
    scope: columnText(effect.scope),
    effect_key: columnText(effect.key),
    task_id: columnText(taskId),
    begun_at_ms: begunAtMs,
    is_done: 0,
    result: null,
  };
}

function readEffects(db: RecordDatabase, rows: readonly Key[]): Promise<EffectsTable[]> {
  return db
    .selectFrom('effects')
    .selectAll()
    .where(({ eb, refTuple, tuple }) =>
      eb(
        refTuple('tenant_id', 'scope', 'effect_key'),
        'in',
        rows.map(({ tenant_id, scope, effect_key }) => tuple(tenant_id, scope, effect_key)),
      ),
    )
    .execute();
}
