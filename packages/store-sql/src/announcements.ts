import type { AgentAnnouncement } from '@tracepost/contracts';
import { columnText } from './column-text.ts';
import type { AnnouncementsTable, RecordDatabase } from './schema.ts';
import { epochMs } from './task-row.ts';

const WORKERS_PER_STATEMENT = 500;
/** Most rows of one answer; a fleet has tens of workers, and the silent ones leave in time. */
const MAX_LISTED = 10_000;
const FORGOTTEN_AFTER_MS = 30 * 24 * 3_600_000;

/** The newest word of each worker stays, also against what was stored before. */
export async function applyAnnouncements(db: RecordDatabase, said: readonly AgentAnnouncement[]): Promise<void> {
  const rows = newestOfEach(said);
  for (let start = 0; start < rows.length; start += WORKERS_PER_STATEMENT) {
    await db
      .insertInto('agent_announcements')
      .values(rows.slice(start, start + WORKERS_PER_STATEMENT))
      .onConflict((conflict) =>
        conflict
          .columns(['agent_id', 'worker_id'])
          .doUpdateSet((row) => ({
            at_ms: row.ref('excluded.at_ms'),
            state: row.ref('excluded.state'),
            body: row.ref('excluded.body'),
          }))
          .where(({ eb, ref, or, and }) =>
            or([
              eb('agent_announcements.at_ms', '<', ref('excluded.at_ms')),
              and([eb('agent_announcements.at_ms', '=', ref('excluded.at_ms')), eb('excluded.state', '=', 'stopped')]),
            ]),
          ),
      )
      .execute();
  }
}

export async function listAnnouncements(db: RecordDatabase): Promise<AgentAnnouncement[]> {
  const rows = await db
    .selectFrom('agent_announcements')
    .select('body')
    .orderBy('agent_id')
    .orderBy('worker_id')
    .limit(MAX_LISTED)
    .execute();
  return rows.map(({ body }) => JSON.parse(body) as AgentAnnouncement);
}

/**
 * Every start of a worker leaves a row. A worker is forgotten when its agent was heard thirty days later; the last
 * word of an agent stays for ever, since that makes it a known one.
 */
export async function forgetSilentWorkers(db: RecordDatabase): Promise<void> {
  await db
    .deleteFrom('agent_announcements')
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('agent_announcements as newer')
          .select('newer.at_ms')
          .whereRef('newer.agent_id', '=', 'agent_announcements.agent_id')
          .where((eb) => eb('newer.at_ms', '>', eb('agent_announcements.at_ms', '+', FORGOTTEN_AFTER_MS))),
      ),
    )
    .execute();
}

/** By worker, in the order of the key, so that two batches never wait for each other crosswise. */
function newestOfEach(said: readonly AgentAnnouncement[]): AnnouncementsTable[] {
  const newest = new Map<string, AnnouncementsTable>();
  for (const announcement of said) {
    const row = toRow(announcement);
    const key = JSON.stringify([row.agent_id, row.worker_id]);
    const other = newest.get(key);
    if (!other || isNewer(row, other)) newest.set(key, row);
  }
  return [...newest].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

function isNewer(row: AnnouncementsTable, other: AnnouncementsTable): boolean {
  return row.at_ms === other.at_ms ? row.state === 'stopped' : row.at_ms > other.at_ms;
}

function toRow(announcement: AgentAnnouncement): AnnouncementsTable {
  return {
    agent_id: columnText(announcement.agentId),
    worker_id: columnText(announcement.workerId),
    at_ms: epochMs(announcement.at),
    state: announcement.state,
    body: JSON.stringify(announcement),
  };
}
