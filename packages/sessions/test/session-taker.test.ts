import type { SessionDocument } from '@tracepost/contracts';
import { MAX_CALL_TOKENS } from '@tracepost/contracts/token-usage';
import { createPriceBook } from '@tracepost/pricing';
import { type SessionStore, StoreUnavailableError } from '@tracepost/stores';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openTaker } from './open-taker.ts';
import { sampleDocument } from './sample-document.ts';

const tenantId = 'default';

test('a session is imported once, updated by what is new, and what is known already changes nothing', async () => {
  await using open = await openTaker();
  const { taker, store } = open;
  const take = (...documents: SessionDocument[]) => taker.takeDocuments(documents, { tenantId });
  const none = { imported: 0, updated: 0, unchanged: 0, sessionIds: ['session-1'], refused: [] };
  expect(await take(sampleDocument({ turns: 2 }))).toEqual({ ...none, imported: 1 });
  expect(await take(sampleDocument({ turns: 2 }))).toEqual({ ...none, unchanged: 1 });
  expect(await take(sampleDocument({ turns: 3 }), sampleDocument({ turns: 1 }))).toEqual({
    ...none,
    updated: 1,
    unchanged: 1,
  });
  const kept = await store.read(tenantId, 'session-1');
  expect(kept).toMatchObject({ version: 2, previousCosts: [], analysis: { totals: { messages: 6, modelCalls: 3 } } });
  const [sum] = await store.sumCalls({ tenantId }, ['model']);
  expect(sum).toMatchObject({ calls: 3, usage: { input: 3_003n, output: 300n }, costPicodollars: 13_509_000_000n });
  // Another tenant's session of the same name is another.
  expect(await taker.takeDocuments([sampleDocument()], { tenantId: 'other' })).toMatchObject({ imported: 1 });
});

test('secrets do not reach the store, and a session that holds them is still known when it comes again', async () => {
  await using open = await openTaker();
  const secret = ['sk', 'ant', 'api03', 'Zk3'.repeat(20)].join('-');
  const document = sampleDocument({ textOf: (turn) => `turn ${turn}: export KEY=${secret}` });
  await open.taker.takeDocuments([document], { tenantId });
  const kept = await open.store.read(tenantId, 'session-1');
  expect(JSON.stringify(kept)).not.toContain(secret.slice(0, 20));
  expect(kept?.document.messages[0]).toMatchObject({ text: 'turn 0: export KEY=****', characters: 19 + secret.length });
  expect((await open.store.list({ text: secret.slice(0, 20), limit: 1 })).items).toEqual([]);
  expect(await open.taker.takeDocuments([document], { tenantId })).toMatchObject({ unchanged: 1 });

  // Whoever wants them gets them.
  await open.another({ redact: false }).takeDocuments([{ ...document, sessionId: 'session-2' }], { tenantId });
  expect(JSON.stringify(await open.store.read(tenantId, 'session-2'))).toContain(secret);
});

test('what can never be kept is refused with its reason, and the sessions around it are taken', async () => {
  await using open = await openTaker();
  const refused: [Partial<SessionDocument>, RegExp][] = [
    [{ sessionId: '__proto__' }, /session id is "__proto__"/],
    [{ sessionId: 'x'.repeat(100_000) }, /session id has 100000 characters; at most 256/],
    [{ sessionId: 'a\u0000b' }, /control characters/],
    [{ sessionId: '' }, /not a text with something in it/],
    [{ agentId: 'constructor' }, /agent id is "constructor"/],
    [withCall({ callId: 'x'.repeat(2_000) }), /id of a model call has 2000 characters/],
    [withCall({ atMs: -1 }), /has the time -1; whole milliseconds/],
    [withCall({ atMs: 8.64e15 }), /year 9999/],
    [withCall({ usage: usageOf(-5) }), /claims -5 tokens/],
    [withCall({ usage: usageOf('7' as unknown as number) }), /claims 7 tokens; whole numbers/],
    [withCall({ usage: usageOf(MAX_CALL_TOKENS + 1) }), /claims 1000000001 tokens/],
    [{ messages: Array.from({ length: 60_000 }, () => LONG) }, /has 60000 messages, .* may have 67108864 bytes/],
  ];
  for (const [said, reason] of refused) {
    const documents = [{ ...sampleDocument(), sessionId: `bad-${refused.length}`, ...said }, sampleDocument()];
    const taken = await open.taker.takeDocuments(documents, { tenantId });
    expect(taken.sessionIds).toEqual(['session-1']);
    expect(taken.refused).toEqual([
      { sessionId: documents[0]?.sessionId.slice(0, 200), reason: expect.stringMatching(reason) },
    ]);
  }
  expect((await open.store.list({ limit: 10 })).items.map(({ sessionId }) => sessionId)).toEqual(['session-1']);
});

test('ids that programs stumble over are ids like others where they name an entry', async () => {
  await using open = await openTaker();
  const document = sampleDocument({ turns: 1, ...withCall({ callId: '__proto__' }) });
  expect(await open.taker.takeDocuments([document], { tenantId })).toMatchObject({ imported: 1 });
  expect(await open.taker.takeDocuments([document], { tenantId })).toMatchObject({ unchanged: 1 });
  expect((await open.store.read(tenantId, 'session-1'))?.analysis.totals).toMatchObject({
    modelCalls: 1,
    costUsd: 0.0045,
  });
});

test('whoever takes the same session at the same time, nothing of it is lost', async () => {
  await using open = await openTaker();
  const takers = [open.taker, open.another(), open.another()];
  const outcomes = await Promise.all(
    takers.map((taker, at) => taker.takeDocuments([pieceOf(sampleDocument({ turns: 6 }), at, 3)], { tenantId })),
  );
  expect(outcomes.map(({ imported, updated }) => [imported, updated]).sort()).toEqual([
    [0, 1],
    [0, 1],
    [1, 0],
  ]);
  expect((await open.store.read(tenantId, 'session-1'))?.analysis.totals).toMatchObject({
    modelCalls: 6,
    messages: 12,
  });
});

test('a session that others write without end is given up, and told so', async () => {
  await using open = await openTaker();
  const store: SessionStore = { ...open.store, write: async () => 'conflict' };
  await expect(open.another({ store }).takeDocuments([sampleDocument()], { tenantId })).rejects.toBeInstanceOf(
    StoreUnavailableError,
  );
});

test('a newer price book gives a newer cost, and the older one stays beside it', async () => {
  await using open = await openTaker();
  const { store } = open;
  await open.taker.takeDocuments([sampleDocument()], { tenantId });
  expect(await open.taker.recompute(tenantId, 'session-1')).toBe('unchanged');
  expect(await open.taker.recompute(tenantId, 'session-2')).toBe('not-found');
  const before = await store.read(tenantId, 'session-1');
  const own = [{ model: 'claude-sonnet-4-5', usdPerMillion: { input: '1', output: '10' } }];
  const dearer = open.another({ priceBook: createPriceBook({ own }), now: () => 77 });
  expect(await dearer.recompute(tenantId, 'session-1')).toBe('recomputed');
  const after = await store.read(tenantId, 'session-1');
  expect(after?.analysis.totals.costUsd).toBe(0.004001);
  expect(after?.previousCosts).toEqual([
    { replacedAtMs: 77, costUsd: before?.analysis.totals.costUsd, unpricedCalls: 0, calls: before?.analysis.costs },
  ]);
  expect((await store.sumCalls({ tenantId }, []))[0]?.costPicodollars).toBe(4_001_000_000n);
  // What comes later with the older book is priced by it again: the calls that were there, not the new one, had another price.
  await open.taker.takeDocuments([sampleDocument({ turns: 3 })], { tenantId });
  const last = await store.read(tenantId, 'session-1');
  expect(last?.previousCosts.map(({ calls }) => calls.map(({ callId }) => callId))).toEqual([
    ['call-0', 'call-1'],
    ['call-0', 'call-1'],
  ]);
});

test('taken again under other prices, a session is priced anew though nothing new is said in it', async () => {
  await using open = await openTaker();
  await open.taker.takeDocuments([sampleDocument()], { tenantId });
  const before = await open.store.read(tenantId, 'session-1');
  const own = [{ model: 'claude-sonnet-4-5', usdPerMillion: { input: '1', output: '10' } }];
  const dearer = open.another({ priceBook: createPriceBook({ own }), now: () => 77 });
  expect(await dearer.takeDocuments([sampleDocument()], { tenantId })).toMatchObject({ updated: 1, unchanged: 0 });
  expect(await open.store.read(tenantId, 'session-1')).toMatchObject({
    analysis: { totals: { costUsd: 0.004001 } },
    previousCosts: [{ replacedAtMs: 77, costUsd: before?.analysis.totals.costUsd, calls: before?.analysis.costs }],
  });
  expect(await dearer.takeDocuments([sampleDocument()], { tenantId })).toMatchObject({ updated: 0, unchanged: 1 });
});

test('all that is kept is priced anew without its files, goes on where it was cut off, and then rests', async () => {
  await using open = await openTaker();
  const documents = ['a', 'b', 'c'].map((sessionId) => sampleDocument({ sessionId }));
  await open.taker.takeDocuments(documents, { tenantId });
  await open.taker.takeDocuments([sampleDocument()], { tenantId: 'other' });
  const own = [{ model: 'claude-sonnet-4-5', usdPerMillion: { input: '1', output: '10' } }];
  const dearer = open.another({ priceBook: createPriceBook({ own }), now: () => 77 });
  const stop = new AbortController();
  const cutOff = dearer.recomputeAll(tenantId, { signal: stop.signal, onProgress: () => stop.abort() });
  await expect(cutOff).rejects.toThrow(/abort/);
  expect(await dearer.recomputeAll(tenantId)).toEqual({ sessions: 3, recomputed: 2, unchanged: 1, failed: 0 });
  for (const { sessionId } of documents) {
    const kept = await open.store.read(tenantId, sessionId);
    expect(kept).toMatchObject({ version: 2, analysis: { totals: { costUsd: 0.004001 } } });
    expect(kept?.previousCosts).toMatchObject([{ replacedAtMs: 77, costUsd: 0.009003 }]);
  }
  expect(await dearer.recomputeAll(tenantId)).toEqual({ sessions: 3, recomputed: 0, unchanged: 3, failed: 0 });
  expect((await open.store.read('other', 'session-1'))?.version).toBe(1);
});

test('in any order, any pieces, as often as one likes and cut off anywhere: the store holds what one clean run gives', async () => {
  const documents = [
    sampleDocument({ sessionId: 'a', turns: 4, textOf: (turn) => `mail jane.${turn}${'@'}example.org` }),
    // A fork: it holds the first calls of the other once more.
    sampleDocument({ sessionId: 'b', turns: 6, parentSessionId: 'a' }),
  ];
  await using clean = await openTaker();
  await clean.taker.takeDocuments(documents, { tenantId });
  const expected = await contentOf(clean.store);
  const step = fc.record({ which: fc.nat(1), piece: fc.nat(2), failAt: fc.option(fc.nat(3)) });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      await using open = await openTaker();
      for (const { which, piece, failAt } of steps) {
        const document = pieceOf(documents[which] as SessionDocument, piece, 3);
        const taker = open.another(failAt === null ? {} : { store: failing(open.store, failAt) });
        await taker.takeDocuments([document], { tenantId }).catch(() => {});
      }
      const pieces = documents.flatMap((document) => [2, 0, 1].map((piece) => pieceOf(document, piece, 3)));
      await open.taker.takeDocuments(pieces, { tenantId });
      expect(await contentOf(open.store)).toEqual(expected);
      const again = await open.taker.takeDocuments([...documents, ...pieces], { tenantId });
      expect(again).toMatchObject({ imported: 0, updated: 0, unchanged: 8 });
    }),
    { numRuns: 8 },
  );
}, 300_000);

/** Everything but how often it was written. */
async function contentOf(store: SessionStore) {
  const kept = await Promise.all(['a', 'b'].map((sessionId) => store.read(tenantId, sessionId)));
  const sums = await store.sumCalls({ tenantId }, ['agent', 'model', 'hour']);
  const { items } = await store.list({ limit: 10 });
  return {
    kept: kept.map((session) => session && { ...session, version: 0 }),
    sums,
    items: items.map((item) => ({ ...item, version: 0 })),
  };
}

/** Every so-many-th entry of a document, as one of several files may hold them. */
function pieceOf(document: SessionDocument, piece: number, of: number): SessionDocument {
  const some = <T>(all: readonly T[]): T[] => all.filter((_, at) => at % of === piece);
  return { ...document, messages: some(document.messages), calls: some(document.calls) };
}

/** A store that goes away at the so-many-th question: before it is asked, or after it has done what it was asked. */
function failing(store: SessionStore, failAt: number): SessionStore {
  let asked = 0;
  const gone = (): boolean => asked++ === failAt;
  return {
    ...store,
    async read(...about) {
      if (gone()) throw new Error('gone');
      return store.read(...about);
    },
    async write(...about) {
      if (gone()) throw new Error('gone');
      const outcome = await store.write(...about);
      if (gone()) throw new Error('gone');
      return outcome;
    },
  };
}

/** The store would take 33,000 such messages. */
const LONG = {
  ...sampleDocument().messages[0],
  text: 'x'.repeat(2_000),
} as SessionDocument['messages'][number];

function withCall(said: Partial<SessionDocument['calls'][number]>): Pick<SessionDocument, 'calls'> {
  return { calls: sampleDocument({ turns: 1 }).calls.map((call) => ({ ...call, ...said })) };
}

function usageOf(input: number) {
  return { input, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0, reasoning: 0 };
}
