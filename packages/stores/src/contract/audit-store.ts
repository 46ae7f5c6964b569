import { randomUUID } from 'node:crypto';
import type { AuditEntry } from '@tracepost/contracts';
import { expect } from 'vitest';
import type { AuditStore } from '../audit-store.ts';
import { InvalidCursorError } from '../record-store.ts';
import { describeHouseProperties, type HouseHarness, type HouseSubject } from './house-subject.ts';
import { sampleTime } from './sample-events.ts';
import type { Property } from './signal-property.ts';

/** What every audit trail promises. */
export const AUDIT_STORE_PROPERTIES: readonly Property<HouseSubject>[] = [
  {
    title: 'an entry comes back as it was written, also from a store that is opened later',
    async run({ stores, open }) {
      const entry = sampleEntry({ by: "NUL \u0000, half \ud800, ' quoted", newTaskId: randomUUID(), traceId: 'abc' });
      await stores.audit.add([entry]);
      const { audit } = await open();
      expect(await audit.list({ taskId: entry.taskId, limit: 10 })).toEqual({ items: [entry], nextCursor: null });
    },
  },
  {
    title: 'what is written stays: the same entry again, or another under its id, changes nothing',
    async run({ stores, open }) {
      const other = await open();
      const entry = sampleEntry();
      await stores.audit.add([entry, entry]);
      await Promise.all([stores, other].map(({ audit }) => audit.add([{ ...entry, by: 'another' }])));
      await stores.audit.add([]);
      expect((await stores.audit.list({ taskId: entry.taskId, limit: 10 })).items).toEqual([entry]);
    },
  },
  {
    title: 'entries are listed newest first, page by page, each once, whatever is written meanwhile',
    async run({ stores: { audit } }) {
      const taskId = randomUUID();
      await audit.add([30, 10, 50, 20, 20].map((at) => sampleEntry({ taskId, at: sampleTime(at) })));
      const first = await audit.list({ taskId, limit: 2 });
      await audit.add([sampleEntry({ taskId, at: sampleTime(60) })]);
      const rest = await readAll(audit, { taskId, limit: 2, cursor: first.nextCursor ?? '' });
      const all = [...first.items, ...rest];
      expect(all.map(({ at }) => at)).toEqual([50, 30, 20, 20, 10].map(sampleTime));
      expect(new Set(all.map(({ auditId }) => auditId)).size).toBe(5);
    },
  },
  {
    title: 'entries are found by task, action and time, the first instant included and the last not',
    async run({ stores: { audit } }) {
      // Far from every other entry, since action and time are asked for without a task too.
      const at = (offset: number) => new Date(Date.UTC(2090, 0) + offset).toISOString();
      const taskId = randomUUID();
      const entries = [
        sampleEntry({ taskId, at: at(0) }),
        sampleEntry({ taskId, at: at(1), action: 'retry' }),
        sampleEntry({ at: at(2), action: 'retry' }),
      ] as const;
      await audit.add(entries);
      const found = async (query: Omit<Parameters<AuditStore['list']>[0], 'limit'>) =>
        (await audit.list({ ...query, limit: 1_000 })).items
          .map(({ auditId }) => entries.findIndex((entry) => entry.auditId === auditId))
          .filter((index) => index >= 0);
      expect(await found({ taskId })).toEqual([1, 0]);
      expect(await found({ taskId, action: 'retry' })).toEqual([1]);
      expect(await found({ action: 'retry' })).toEqual([2, 1]);
      expect(await found({ from: at(1), to: at(2) })).toEqual([1]);
      expect(await found({ from: at(1) })).toEqual([2, 1]);
      expect(await found({ taskId: randomUUID() })).toEqual([]);
    },
  },
  {
    title: 'entries are forgotten with the task records',
    async run({ stores: { audit } }) {
      const nowMs = Date.UTC(2000, 0);
      const dayMs = 24 * 3_600_000;
      const entry = sampleEntry({ at: new Date(nowMs).toISOString() });
      await audit.add([entry]);
      expect(await audit.purge(nowMs + 90 * dayMs - 1)).toBe(0);
      expect(await audit.purge(nowMs + 90 * dayMs)).toBe(1);
      expect((await audit.list({ taskId: entry.taskId, limit: 1 })).items).toEqual([]);
    },
  },
  {
    title: 'a cursor that no page of the audit trail gave is refused',
    async run({ stores: { audit } }) {
      for (const cursor of ['x', '', 'bm90aGluZw']) {
        await expect(audit.list({ limit: 1, cursor })).rejects.toBeInstanceOf(InvalidCursorError);
      }
    },
  },
];

export function describeAuditStoreContract(name: string, createHarness: () => Promise<HouseHarness>): void {
  describeHouseProperties(`${name} as an audit trail`, AUDIT_STORE_PROPERTIES, createHarness);
}

function sampleEntry(said: Partial<AuditEntry> = {}): AuditEntry {
  return {
    auditId: randomUUID(),
    at: sampleTime(0),
    by: 'http',
    action: 'cancel',
    taskId: randomUUID(),
    agentId: 'weather',
    outcome: 'cancelled',
    newTaskId: null,
    traceId: null,
    ...said,
  };
}

async function readAll(audit: AuditStore, query: Parameters<AuditStore['list']>[0]): Promise<AuditEntry[]> {
  const page = await audit.list(query);
  if (page.nextCursor === null) return page.items;
  return [...page.items, ...(await readAll(audit, { ...query, cursor: page.nextCursor }))];
}
