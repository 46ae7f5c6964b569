import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { SessionListQuery, SessionPage, SessionStore, SessionSummary, SessionToKeep } from '../session-store.ts';
import { sampleMessage, sampleMs, sampleSession } from './sample-sessions.ts';
import type { SessionSubject } from './session-subject.ts';
import type { Property } from './signal-property.ts';

export const SESSION_LIST_PROPERTIES: readonly Property<SessionSubject>[] = [
  {
    title: 'sessions are listed newest first, page by page, each once, whatever is written meanwhile',
    async run({ store }) {
      const tenantId = randomUUID();
      const begin = (at: number) => ({ tenantId, time: { startedAtMs: sampleMs(at), endedAtMs: sampleMs(at + 5) } });
      await writeAll(
        store,
        [30, 10, 50, 20, 20].map((at) => sampleSession(begin(at))),
      );
      const first = await store.list({ tenantId, limit: 2 });
      await store.write(sampleSession(begin(60)), 0);
      const rest = await readAll(store, { tenantId, limit: 2, cursor: first.nextCursor ?? '' });
      const all = [...first.items, ...rest];
      expect(all.map(({ totals }) => totals.startedAtMs)).toEqual([50, 30, 20, 20, 10].map(sampleMs));
      expect(new Set(all.map(({ sessionId }) => sessionId)).size).toBe(5);
    },
  },
  {
    title: 'a list says what a session is about, in the words of its document and analysis',
    async run({ store }) {
      const tenantId = randomUUID();
      const session = sampleSession({
        tenantId,
        complexity: 'high',
        document: {
          title: 'Mend it',
          parentSessionId: 'p',
          outcome: { succeeded: true, detail: '1.0' },
          agentId: 'codex',
        },
        calls: [
          { provider: 'openai', model: 'gpt-5' },
          { model: 'b' },
          { provider: null, model: null },
          { model: 'a' },
        ],
      });
      await store.write(session, 0);
      const { sessionId, format, agentId, parentSessionId, title, outcome } = session.document;
      const summary: SessionSummary = {
        ...{ tenantId, sessionId, format, agentId, parentSessionId, title, outcome },
        providers: ['anthropic', 'openai'],
        models: ['a', 'b', 'gpt-5'],
        complexity: 'high',
        totals: session.analysis.totals,
        ...{ version: 1, takenAtMs: session.nowMs, changedAtMs: session.nowMs },
      };
      expect((await store.list({ tenantId, limit: 10 })).items).toEqual([summary]);
    },
  },
  {
    title: 'sessions are found by agent, complexity, and a call of the provider and the model',
    async run({ store }) {
      const tenantId = randomUUID();
      const sessions = [
        sampleSession({ tenantId, document: { agentId: 'codex' }, calls: [{ provider: 'openai', model: 'gpt-5' }] }),
        sampleSession({
          tenantId,
          complexity: 'high',
          calls: [
            { provider: 'a', model: 'x' },
            { provider: 'b', model: 'y' },
          ],
        }),
        sampleSession({ tenantId }),
      ];
      await writeAll(store, sessions);
      const found = foundAmong(store, tenantId, sessions);
      expect(await found({ agentId: 'codex' })).toEqual([0]);
      expect(await found({ complexity: 'high' })).toEqual([1]);
      expect(await found({ complexity: 'low' })).toEqual([0, 2]);
      expect(await found({ provider: 'openai' })).toEqual([0]);
      expect(await found({ model: 'y' })).toEqual([1]);
      expect(await found({ provider: 'b', model: 'y' })).toEqual([1]);
      expect(await found({ provider: 'a', model: 'y' })).toEqual([]);
      expect(await found({ agentId: 'codex', complexity: 'high' })).toEqual([]);
    },
  },
  {
    title: 'a window holds the sessions of which any time lies in it, the first instant included and the last not',
    async run({ store }) {
      const tenantId = randomUUID();
      const between = (startedAtMs: number, endedAtMs: number) =>
        sampleSession({ tenantId, time: { startedAtMs, endedAtMs } });
      const sessions = [
        between(100, 200),
        between(200, 300),
        between(50, 400),
        sampleSession({ tenantId, time: null, nowMs: 350 }),
      ];
      await writeAll(store, sessions);
      const found = foundAmong(store, tenantId, sessions);
      expect(await found({})).toEqual([0, 1, 2, 3]);
      expect(await found({ fromMs: 200, toMs: 201 })).toEqual([0, 1, 2]);
      expect(await found({ fromMs: 201, toMs: 300 })).toEqual([1, 2]);
      expect(await found({ fromMs: 301 })).toEqual([2, 3]);
      expect(await found({ toMs: 100 })).toEqual([2]);
      expect(await found({ fromMs: 350, toMs: 351 })).toEqual([2, 3]);
      expect(await found({ fromMs: 401 })).toEqual([]);
    },
  },
  {
    title: 'a session whose transcript tells no times stands where it was taken first, however often it is written',
    async run({ store }) {
      const tenantId = randomUUID();
      const day = 86_400_000;
      const first = sampleSession({ tenantId, time: null, nowMs: sampleMs(0), calls: [{ atMs: null }] });
      expect(await store.write(first, 0)).toBe('written');
      const again = { ...first, nowMs: sampleMs(20 * day), takenAtMs: sampleMs(0) };
      expect(await store.write(again, 1)).toBe('written');
      const then = { tenantId, fromMs: sampleMs(-1_000), toMs: sampleMs(day) };
      expect((await store.list({ ...then, limit: 10 })).items).toHaveLength(1);
      expect(await store.sumCalls(then, [])).toMatchObject([{ calls: 1 }]);
      expect((await store.list({ tenantId, fromMs: sampleMs(day), limit: 10 })).items).toEqual([]);
    },
  },
  {
    title: 'sessions are found by words of their ids, title and messages, in either case, and by nothing but those',
    async run({ store }) {
      const tenantId = randomUUID();
      const messages = [
        ...Array.from({ length: 100 }, () => sampleMessage({ role: 'tool', text: 'noise '.repeat(200) })),
        sampleMessage({ text: 'What costs 100%_of \\it ÄÖ?' }),
      ];
      const sessions = [
        sampleSession({ tenantId, document: { title: 'Mend the Door', messages } }),
        sampleSession({ tenantId, document: { title: 'Mend the Roof' } }),
      ];
      await writeAll(store, sessions);
      const found = foundAmong(store, tenantId, sessions);
      expect(await found({ text: 'mend THE' })).toEqual([0, 1]);
      expect(await found({ text: 'door' })).toEqual([0]);
      // What somebody asked is found behind any number of results.
      expect(await found({ text: '100%_OF \\IT äö' })).toEqual([0]);
      expect(await found({ text: '100%%of' })).toEqual([]);
      expect(await found({ text: sessions[1]?.document.sessionId.toUpperCase() ?? '' })).toEqual([1]);
      expect(await found({ text: "'; drop \u0000 table" })).toEqual([]);
      expect(await found({ text: 'x'.repeat(100_000) })).toEqual([]);
    },
  },
  {
    title: 'the analyses of a window come newest first, each once, in pages, and it is said when there are more',
    timeoutMs: 60_000,
    async run({ store }) {
      const tenantId = randomUUID();
      const sessions = Array.from({ length: 120 }, (_, at) =>
        sampleSession({ tenantId, time: { startedAtMs: sampleMs(at), endedAtMs: sampleMs(at) } }),
      );
      await writeAll(store, sessions);
      const newest = sessions.map(({ analysis }) => ({ tenantId, analysis, version: 1 })).reverse();

      const pages = await readPages(store.analyses({ tenantId }));
      expect(pages.flatMap(({ items }) => items)).toEqual(newest);
      expect(pages.length).toBeGreaterThan(1);
      expect(pages.some(({ isCut }) => isCut)).toBe(false);

      const some = await readPages(store.analyses({ tenantId, toMs: sampleMs(119), limit: 60 }));
      expect(some.flatMap(({ items }) => items)).toEqual(newest.slice(1, 61));
      expect(some.map(({ isCut }) => isCut)).toEqual([...some.slice(1).map(() => false), true]);
      expect((await readPages(store.analyses({ tenantId, limit: 120 }))).some(({ isCut }) => isCut)).toBe(false);
      expect(await readPages(store.analyses({ tenantId: randomUUID() }))).toEqual([]);
    },
  },
  {
    title: 'of the analyses of a window those that are damaged are named, and the others come',
    async run({ store, damage }) {
      const tenantId = randomUUID();
      const sessions = Array.from({ length: 3 }, () => sampleSession({ tenantId }));
      await writeAll(store, sessions);
      const [damaged, ...whole] = sessions;
      await damage(damaged?.document.sessionId ?? '');
      const [page, ...others] = await readPages(store.analyses({ tenantId }));
      expect([page?.unreadable, page?.isCut, others]).toEqual([[damaged?.document.sessionId], false, []]);
      const ids = (all: readonly { readonly analysis: { readonly sessionId: string } }[]) =>
        all.map(({ analysis }) => analysis.sessionId).sort();
      expect(ids(page?.items ?? [])).toEqual(ids(whole));
    },
  },
  {
    title: 'one of which nothing can be shown in a list is named beside it, and is no reason to leave out others',
    async run({ store, damage }) {
      const tenantId = randomUUID();
      const sessions = Array.from({ length: 3 }, () => sampleSession({ tenantId }));
      await writeAll(store, sessions);
      const [damaged, ...whole] = sessions.map(({ document }) => document.sessionId);
      await damage(damaged ?? '', 'summary');
      const { items, unreadable } = await store.list({ tenantId, limit: 10 });
      expect([items.map(({ sessionId }) => sessionId).sort(), unreadable]).toEqual([whole.sort(), [damaged]]);
    },
  },
];

async function writeAll(store: SessionStore, sessions: readonly SessionToKeep[]): Promise<void> {
  for (const session of sessions) expect(await store.write(session, 0)).toBe('written');
}

/** Which of the sessions a query finds. */
function foundAmong(store: SessionStore, tenantId: string, sessions: readonly SessionToKeep[]) {
  return async (query: Partial<SessionListQuery>): Promise<number[]> => {
    const items = await readAll(store, { tenantId, limit: 2, ...query });
    return items.map((item) => sessions.findIndex(({ document }) => document.sessionId === item.sessionId)).sort();
  };
}

async function readAll(store: SessionStore, query: SessionListQuery): Promise<SessionSummary[]> {
  const page = await store.list(query);
  if (page.nextCursor === null) return page.items;
  return [...page.items, ...(await readAll(store, { ...query, cursor: page.nextCursor }))];
}

async function readPages(pages: AsyncIterable<SessionPage>): Promise<SessionPage[]> {
  const all: SessionPage[] = [];
  for await (const page of pages) all.push(page);
  return all;
}
