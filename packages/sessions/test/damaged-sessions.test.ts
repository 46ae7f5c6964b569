import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { type OpenTaker, openTaker } from './open-taker.ts';
import { sampleDocument } from './sample-document.ts';

const tenantId = 'default';
const sessionId = 'session-1';

/** As a failing disk would. */
function damage({ path }: OpenTaker, part: 'analysis' | 'document' | 'summary'): void {
  const db = new DatabaseSync(path);
  db.prepare(`update sessions set ${part} = ?`).run(part === 'summary' ? 'damaged' : Buffer.from('damaged'));
  db.close();
}

test.each(['analysis', 'document', 'summary'] as const)(
  'a session whose %s is damaged is whole after its transcript is imported again',
  async (part) => {
    await using open = await openTaker();
    await open.taker.takeDocuments([sampleDocument({ turns: 2 })], { tenantId });
    damage(open, part);
    // What comes may be a longer version, and of the damaged one nothing can be known.
    const outcome = { imported: 0, updated: 1, unchanged: 0, refused: [] };
    expect(await open.taker.takeDocuments([sampleDocument({ turns: 3 })], { tenantId })).toMatchObject(outcome);
    const kept = await open.store.read(tenantId, sessionId);
    expect(kept).toMatchObject({ version: 2, analysis: { totals: { modelCalls: 3 } } });
    expect(await open.store.list({ tenantId, limit: 10 })).toMatchObject({ items: [{ sessionId }], unreadable: [] });
  },
);

test('a session of which a part is imported again keeps the rest where only its analysis was damaged', async () => {
  await using open = await openTaker();
  await open.taker.takeDocuments([sampleDocument({ turns: 3 })], { tenantId });
  damage(open, 'analysis');
  await open.taker.takeDocuments([sampleDocument({ turns: 1 })], { tenantId });
  expect(await open.store.read(tenantId, sessionId)).toMatchObject({ analysis: { totals: { modelCalls: 3 } } });
});

test.each(['analysis', 'summary'] as const)(
  'a session whose %s is damaged is whole after all are recomputed',
  async (part) => {
    await using open = await openTaker();
    await open.taker.takeDocuments([sampleDocument({ turns: 2 })], { tenantId });
    const before = await open.store.read(tenantId, sessionId);
    damage(open, part);
    expect(await open.taker.recomputeAll(tenantId)).toEqual({ sessions: 1, recomputed: 1, unchanged: 0, failed: 0 });
    expect(await open.store.read(tenantId, sessionId)).toEqual({ ...before, version: 2 });
    expect(await open.store.list({ tenantId, limit: 10 })).toMatchObject({ items: [{ sessionId }], unreadable: [] });
  },
);

test('a session whose document is damaged is counted as failed when all are recomputed, and the others go on', async () => {
  await using open = await openTaker();
  await open.taker.takeDocuments([sampleDocument({ turns: 2 })], { tenantId });
  damage(open, 'document');
  await open.taker.takeDocuments([{ ...sampleDocument({ turns: 2 }), sessionId: 'session-2' }], { tenantId });
  expect(await open.taker.recomputeAll(tenantId)).toEqual({ sessions: 2, recomputed: 0, unchanged: 1, failed: 1 });
  expect(await open.taker.recompute(tenantId, sessionId)).toBe('damaged');
});
