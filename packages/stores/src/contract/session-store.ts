import { randomUUID } from 'node:crypto';
import { MAX_CALL_TOKENS } from '@tracepost/contracts/token-usage';
import { expect } from 'vitest';
import { InvalidCursorError, RecordsRefusedError } from '../record-store.ts';
import { SessionDamagedError } from '../session-damaged-error.ts';
import { MAX_SESSION_BYTES, type SessionToKeep } from '../session-store.ts';
import { sampleCall, sampleMessage, sampleMs, sampleSession, sampleUsage } from './sample-sessions.ts';
import { SESSION_CALL_PROPERTIES } from './session-calls.ts';
import { SESSION_LIST_PROPERTIES } from './session-lists.ts';
import { describeSessionProperties, type SessionHarness, type SessionSubject } from './session-subject.ts';
import type { Property } from './signal-property.ts';

const DAY = 24 * 3_600_000;
const MINUTE = 60_000;

const WRITING: readonly Property<SessionSubject>[] = [
  {
    title:
      'a session comes back as it was written, whatever stands in its texts, also from a store that is opened later',
    async run({ store, open }) {
      const odd = "NUL \u0000, half \ud800, ' quoted, 😀";
      const facts = JSON.parse('{"__proto__":"a","constructor":"b"}') as Record<string, string>;
      const session = sampleSession({
        tenantId: `${odd} ${randomUUID()}`,
        document: { sessionId: odd, title: odd, agentId: odd, facts, messages: [sampleMessage({ text: odd })] },
        calls: [{ callId: odd, model: odd, provider: odd }, { callId: '__proto__' }, { callId: 'x'.repeat(100_000) }],
      });
      const previousCosts = [{ replacedAtMs: 5, costUsd: 0.1, unpricedCalls: 1, calls: [] }];
      const { tenantId, document, analysis, nowMs } = session;
      expect(await store.read(tenantId, odd)).toBeNull();
      expect(await store.write({ ...session, previousCosts }, 0)).toBe('written');
      const kept = { tenantId, document, analysis, previousCosts, version: 1, takenAtMs: nowMs, changedAtMs: nowMs };
      for (const one of [store, await open()]) expect(await one.read(tenantId, odd)).toEqual(kept);
      expect(Object.keys((await store.read(tenantId, odd))?.document.facts ?? {})).toEqual([
        '__proto__',
        'constructor',
      ]);
    },
  },
  {
    title:
      'a session is written in the place of the version that was read; any other is a conflict that changes nothing',
    async run({ store }) {
      const first = sampleSession({ calls: [{}, {}], nowMs: 1 });
      const { sessionId } = first.document;
      const later = {
        ...first,
        document: { ...first.document, title: 'later' },
        calls: [sampleCall({ callId: 'later' })],
        nowMs: 2,
      };
      expect(await store.write(later, 1)).toBe('conflict');
      expect(await store.read('default', sessionId)).toBeNull();
      expect(await store.write(first, 0)).toBe('written');
      expect(await store.write(later, 0)).toBe('conflict');
      expect(await store.write(later, 2)).toBe('conflict');
      expect(await store.read('default', sessionId)).toMatchObject({ version: 1, document: { title: null } });
      expect((await store.sumCalls({ tenantId: 'default', sessionId }, []))[0]?.calls).toBe(2);

      expect(await store.write(later, 1)).toBe('written');
      const kept = { version: 2, takenAtMs: 1, changedAtMs: 2, document: { title: 'later' } };
      expect(await store.read('default', sessionId)).toMatchObject(kept);
      expect((await store.sumCalls({ tenantId: 'default', sessionId }, []))[0]?.calls).toBe(1);
    },
  },
  {
    title: 'of those who write one session at the same time one is written, and its calls with it',
    async run({ store, open }) {
      const stores = [store, await open(), await open()];
      const { document } = sampleSession();
      for (let version = 0; version < 5; version++) {
        const outcomes = await Promise.all(
          stores.map((one, at) => {
            const calls = Array.from({ length: at + 1 }, () => sampleCall());
            return one.write({ ...sampleSession({ document: { ...document, title: `${at}` } }), calls }, version);
          }),
        );
        expect(outcomes.filter((outcome) => outcome === 'written')).toHaveLength(1);
        const kept = await store.read('default', document.sessionId);
        expect(kept?.version).toBe(version + 1);
        expect(kept?.document.title).toBe(`${outcomes.indexOf('written')}`);
        const [sum] = await store.sumCalls({ tenantId: 'default', sessionId: document.sessionId }, []);
        expect(sum?.calls).toBe(outcomes.indexOf('written') + 1);
      }
    },
  },
  {
    title: 'the same session of two tenants is two',
    async run({ store }) {
      const ours = sampleSession({ tenantId: randomUUID() });
      const theirs = { ...ours, tenantId: randomUUID() };
      expect(await store.write(ours, 0)).toBe('written');
      expect(await store.read(theirs.tenantId, ours.document.sessionId)).toBeNull();
      expect(await store.write(theirs, 0)).toBe('written');
      const { items } = await store.list({ tenantId: theirs.tenantId, limit: 10 });
      expect(items.map(({ tenantId }) => tenantId)).toEqual([theirs.tenantId]);
    },
  },
  {
    title: 'what can never be stored is refused with the reason, and nothing is written',
    timeoutMs: 60_000,
    async run({ store }) {
      const refused: [SessionToKeep, RegExp][] = [
        ...[-1, 0.5, Number.NaN, MAX_CALL_TOKENS + 1, '7' as unknown as number].map(
          (input): [SessionToKeep, RegExp] => [
            sampleSession({ calls: [{ usage: sampleUsage({ input }) }] }),
            /whole number from 0 to/,
          ],
        ),
        [sampleSession({ calls: [{ costPicodollars: -1n }] }), /picodollars/],
        [sampleSession({ calls: [{ costPicodollars: 10n ** 30n }] }), /picodollars/],
        [sampleSession({ calls: [{ callId: 'same' }, { callId: 'same' }] }), /refuses/],
        [sampleSession({ document: { facts: { a: 'x'.repeat(MAX_SESSION_BYTES) } } }), /may have \d+ bytes/],
      ];
      for (const [session, reason] of refused) {
        const error = await store.write(session, 0).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(RecordsRefusedError);
        expect((error as Error).message).toMatch(reason);
        expect(await store.read('default', session.document.sessionId)).toBeNull();
      }
    },
  },
  {
    title: 'a session of many calls is written whole',
    timeoutMs: 60_000,
    async run({ store }) {
      const session = sampleSession({ calls: Array.from({ length: 1_501 }, () => ({})) });
      await store.write(session, 0);
      const [sum] = await store.sumCalls({ tenantId: 'default', sessionId: session.document.sessionId }, []);
      expect(sum).toMatchObject({ calls: 1_501, usage: { input: 150_100n }, costPicodollars: 1_501_000_000n });
    },
  },
];

const ENDING: readonly Property<SessionSubject>[] = [
  {
    title: 'a session is closed half an hour after its last event, and listed until it is exported as it is',
    async run({ store, open }) {
      // Long before every other session here.
      const endedAtMs = Date.UTC(1990, 0);
      const nowMs = endedAtMs + 30 * MINUTE;
      const session = sampleSession({ time: { startedAtMs: endedAtMs - DAY, endedAtMs }, nowMs: endedAtMs + 1 });
      const { document, analysis } = session;
      const listed = async (at: number) =>
        (await store.listClosed({ nowMs: at })).filter(({ sessionId }) => sessionId === document.sessionId);
      await store.write(session, 0);
      expect(await listed(nowMs - 1)).toEqual([]);
      const closed = { tenantId: 'default', sessionId: document.sessionId, lastEventMs: endedAtMs, analysis };
      expect(await listed(nowMs)).toEqual([{ ...closed, version: 1 }]);
      expect(await store.listClosed({ nowMs: nowMs - 1, quietMs: 30 * MINUTE - 1, limit: 1 })).toHaveLength(1);

      // It is written again while it is being exported: what was exported is not what is kept.
      expect(await store.write(session, 1)).toBe('written');
      await store.markExported([{ ...closed, version: 1 }]);
      expect(await listed(nowMs)).toEqual([{ ...closed, version: 2 }]);
      await store.markExported([{ ...closed, version: 2 }]);
      await (await open()).markExported([{ ...closed, version: 1 }]);
      await store.markExported([]);
      expect(await listed(nowMs)).toEqual([]);
      expect(await store.write(session, 2)).toBe('written');
      expect((await listed(nowMs)).map(({ version }) => version)).toEqual([3]);
      await store.markExported([{ ...closed, version: 3 }]);
    },
  },
  {
    title: 'one that is damaged says so when it is read, with what of it can be read, and can be written anew',
    async run({ store, damage }) {
      for (const part of ['analysis', 'document'] as const) {
        const session = sampleSession({});
        const { sessionId } = session.document;
        await store.write(session, 0);
        await damage(sessionId, part);
        const told = await store.read('default', sessionId).catch((error: unknown) => error);
        expect(told).toBeInstanceOf(SessionDamagedError);
        const document = part === 'analysis' ? session.document : null;
        expect(told).toMatchObject({ sessionId, version: 1, takenAtMs: session.nowMs, document });
        expect(await store.write(session, 1)).toBe('written');
        expect(await store.read('default', sessionId)).toMatchObject({ version: 2, document: session.document });
      }
    },
  },
  {
    title: 'one whose analysis is damaged is listed as unreadable, and the others beside it',
    async run({ store, damage }) {
      const endedAtMs = Date.UTC(1989, 0);
      const nowMs = endedAtMs + 30 * MINUTE;
      const time = { startedAtMs: endedAtMs, endedAtMs };
      const [damaged, whole] = [sampleSession({ time, nowMs }), sampleSession({ time, nowMs })];
      for (const session of [damaged, whole]) await store.write(session, 0);
      await damage(damaged.document.sessionId);
      const ids = [damaged, whole].map(({ document }) => document.sessionId);
      const listed = async () =>
        (await store.listClosed({ nowMs })).filter(({ lastEventMs }) => lastEventMs === endedAtMs);
      const about = { tenantId: 'default', version: 1, lastEventMs: endedAtMs };
      const found = await listed();
      expect(ids.map((id) => found.find(({ sessionId }) => sessionId === id))).toEqual([
        { ...about, sessionId: ids[0], analysis: null, reason: expect.any(String) },
        { ...about, sessionId: ids[1], analysis: whole.analysis },
      ]);
      await store.markExported(found);
      expect(await listed()).toEqual([]);
    },
  },
  {
    title: 'a session without times is quiet since it was written, one with times to come too',
    async run({ store }) {
      const nowMs = Date.UTC(1991, 0);
      const later = Date.UTC(9999, 0);
      const sessions = [
        sampleSession({ time: null, nowMs }),
        sampleSession({ time: { startedAtMs: later, endedAtMs: later }, nowMs }),
      ];
      for (const session of sessions) await store.write(session, 0);
      const ids = sessions.map(({ document }) => document.sessionId);
      const closed = await store.listClosed({ nowMs: nowMs + 30 * MINUTE });
      const ours = closed.filter(({ sessionId }) => ids.includes(sessionId));
      expect(ours.map(({ lastEventMs }) => lastEventMs)).toEqual([nowMs, nowMs]);
      expect(
        (await store.listClosed({ nowMs: nowMs + 30 * MINUTE - 1 })).map(({ sessionId }) => sessionId),
      ).not.toEqual(expect.arrayContaining(ids));
      await store.markExported(ours);
    },
  },
  {
    title:
      'sessions are forgotten ninety days after they were written last, however old their events, and their calls with them',
    async run({ store }) {
      const nowMs = Date.UTC(1980, 0);
      // What other properties left behind from times before.
      while ((await store.purge(nowMs + 90 * DAY - 1)) > 0);
      const callId = randomUUID();
      const session = sampleSession({ nowMs, calls: [{ callId }] });
      const copy = sampleSession({ calls: [{ callId }], time: { startedAtMs: sampleMs(1), endedAtMs: sampleMs(1) } });
      await store.write(session, 0);
      await store.write(copy, 0);
      const { sessionId } = session.document;
      expect(await store.countedElsewhere('default', copy.document.sessionId)).toEqual([{ callId, sessionId }]);
      expect(await store.purge(nowMs + 90 * DAY - 1)).toBe(0);
      await store.write({ ...session, nowMs: nowMs + 1 }, 1);
      expect(await store.purge(nowMs + 90 * DAY)).toBe(0);
      expect(await store.purge(nowMs + 90 * DAY + 1)).toBe(1);
      expect(await store.read('default', sessionId)).toBeNull();
      // From now on the call counts in the session that is left.
      expect(await store.countedElsewhere('default', copy.document.sessionId)).toEqual([]);
      expect(await store.write({ ...session, nowMs: nowMs + 1 }, 2)).toBe('conflict');
      expect(await store.write({ ...session, nowMs: nowMs + 1 }, 0)).toBe('written');
      expect(await store.purge(nowMs + DAY, DAY - 1)).toBe(1);
    },
  },
  {
    title: 'it can be asked whether it answers, and a cursor that no page gave is refused',
    async run({ store }) {
      await store.ping();
      for (const cursor of ['x', '', 'bm90aGluZw'])
        await expect(store.list({ limit: 1, cursor })).rejects.toBeInstanceOf(InvalidCursorError);
    },
  },
];

/** What every store of sessions promises. */
export const SESSION_STORE_PROPERTIES: readonly Property<SessionSubject>[] = [
  ...WRITING,
  ...SESSION_LIST_PROPERTIES,
  ...SESSION_CALL_PROPERTIES,
  ...ENDING,
];

export function describeSessionStoreContract(name: string, createHarness: () => Promise<SessionHarness>): void {
  describeSessionProperties(`${name} as a store of sessions`, SESSION_STORE_PROPERTIES, createHarness);
}
