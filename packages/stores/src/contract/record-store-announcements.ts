import { randomUUID } from 'node:crypto';
import type { AgentAnnouncement } from '@tracepost/contracts';
import { expect } from 'vitest';
import type { RecordStore } from '../record-store.ts';
import type { RecordStoreProperty } from './record-store-property.ts';
import { sampleAnnouncement, sampleTime } from './sample-events.ts';

/** Agents: the newest word of each worker. */
export const ANNOUNCEMENT_PROPERTIES: readonly RecordStoreProperty[] = [
  {
    title: 'an announcement comes back as it was made',
    async run({ store }) {
      const said = sampleAnnouncement({
        agentId: uniqueAgent(),
        description: "Says 'ü𝄞' and \u0000",
        notificationTypes: [{ type: 'a.b', description: '', schema: { properties: { $ref: ['#'] } } }],
      });
      await store.applyAnnouncements([said]);
      expect(await listOf(store, said.agentId)).toEqual([said]);
    },
  },
  {
    title: 'a newer announcement of a worker takes the place of an older one, in whatever order they come',
    async run({ store }) {
      const agentId = uniqueAgent();
      const [old, middle, newest] = [0, 10_000, 20_000].map((offset) =>
        sampleAnnouncement({ agentId, at: sampleTime(offset), capacity: 1 + offset }),
      ) as [AgentAnnouncement, AgentAnnouncement, AgentAnnouncement];
      await store.applyAnnouncements([middle]);
      await store.applyAnnouncements([old]);
      expect(await listOf(store, agentId)).toEqual([middle]);
      await store.applyAnnouncements([newest, old, middle]);
      expect(await listOf(store, agentId)).toEqual([newest]);
    },
  },
  {
    title: 'a worker that announced and stopped in the same instant has stopped',
    async run({ store }) {
      const running = sampleAnnouncement({ agentId: uniqueAgent() });
      const stopped = sampleAnnouncement({ agentId: running.agentId, state: 'stopped' });
      await store.applyAnnouncements([stopped, running]);
      await store.applyAnnouncements([running]);
      expect(await listOf(store, running.agentId)).toEqual([stopped]);
    },
  },
  {
    title: 'every worker is listed, by agent and then by worker',
    async run({ store }) {
      const unique = uniqueAgent();
      const said = ['b', 'a'].flatMap((letter) =>
        ['worker-2', 'Worker-3', 'worker-1'].map((workerId) =>
          sampleAnnouncement({ agentId: `${unique}-${letter}`, workerId }),
        ),
      );
      await store.applyAnnouncements(said);
      const listed = (await store.listAnnouncements()).filter(({ agentId }) => agentId.startsWith(unique));
      expect(listed.map(({ agentId, workerId }) => [agentId.slice(unique.length), workerId])).toEqual([
        ['-a', 'Worker-3'],
        ['-a', 'worker-1'],
        ['-a', 'worker-2'],
        ['-b', 'Worker-3'],
        ['-b', 'worker-1'],
        ['-b', 'worker-2'],
      ]);
    },
  },
  {
    title: 'two stores that hear of the same workers at the same time keep the newest',
    async run({ store, open }) {
      const other = await open();
      const agentId = uniqueAgent();
      const workers = Array.from({ length: 30 }, (_, index) => `worker-${index}`);
      const older = workers.map((workerId) => sampleAnnouncement({ agentId, workerId, at: sampleTime(0) }));
      const newer = workers.map((workerId) => sampleAnnouncement({ agentId, workerId, at: sampleTime(1) }));
      await Promise.all([store.applyAnnouncements(newer.toReversed()), other.applyAnnouncements(older)]);
      expect((await listOf(store, agentId)).map(({ at }) => at)).toEqual(newer.map(({ at }) => at));
    },
  },
  {
    title: 'no announcements at all change nothing',
    async run({ store }) {
      const before = await store.listAnnouncements();
      await store.applyAnnouncements([]);
      expect(await store.listAnnouncements()).toEqual(before);
    },
  },
];

async function listOf(store: RecordStore, agentId: string): Promise<AgentAnnouncement[]> {
  return (await store.listAnnouncements()).filter((announcement) => announcement.agentId === agentId);
}

function uniqueAgent(): string {
  return `agent-${randomUUID()}`;
}
