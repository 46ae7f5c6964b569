import type { SessionPage, SessionQuery } from '@tracepost/stores';
import type { Place } from '../cursor.ts';
import type { Statements } from '../statements.ts';
import { elsewhereSums } from './counted-elsewhere.ts';
import { newestFirst, placeOf, selectSessions } from './list-sessions.ts';
import type { SessionDatabase, SessionsTable } from './schema.ts';
import { analysisOf } from './session-row.ts';

const MAX_SESSIONS = 10_000;
const PLACES_AT_A_TIME = 500;
/** A page holds so much JSON, or one analysis. */
const PAGE_BYTES = 4 * 1024 * 1024;
const PAGE_SESSIONS = 50;

type Found = Pick<SessionsTable, 'session_key' | 'started_ms' | 'analysis_bytes'>;

/** Looks where the sessions are first, then reads as many as a page may hold. */
export async function* readAnalyses(
  db: SessionDatabase,
  { read }: Pick<Statements, 'read'>,
  { limit = MAX_SESSIONS, ...query }: SessionQuery & { readonly limit?: number },
): AsyncGenerator<SessionPage> {
  let left = Math.min(Math.max(1, limit), MAX_SESSIONS);
  let after: Place | null = null;
  // One that is written while the pages are read may move to where it would be met again.
  const met = new Set<string>();
  for (;;) {
    const places: Found[] = await read('list_analyses', () => findPlaces(db, query, after));
    const known = places.filter(({ session_key }) => !met.has(session_key));
    const fresh = known.slice(0, left);
    left -= fresh.length;
    const isCut = known.length > fresh.length || (left === 0 && places.length === PLACES_AT_A_TIME);
    const isLast = isCut || places.length < PLACES_AT_A_TIME;
    for (const { session_key } of fresh) met.add(session_key);
    for (const page of cutPages(fresh)) {
      const readable = await read('read_analyses', () => readPage(db, page));
      yield { ...readable, isCut: isCut && page.at(-1) === fresh.at(-1) };
    }
    const last = places.at(-1);
    if (isLast || !last) return;
    after = placeOf(last);
  }
}

function findPlaces(db: SessionDatabase, query: SessionQuery, after: Place | null): Promise<Found[]> {
  return newestFirst(selectSessions(db, query), after)
    .select(['session_key', 'started_ms', 'analysis_bytes'])
    .limit(PLACES_AT_A_TIME)
    .execute();
}

function cutPages(found: readonly Found[]): Found[][] {
  const pages: Found[][] = [];
  let room = 0;
  for (const one of found) {
    const page = pages.at(-1);
    if (page && page.length < PAGE_SESSIONS && one.analysis_bytes <= room) page.push(one);
    else {
      pages.push([one]);
      room = PAGE_BYTES;
    }
    room -= one.analysis_bytes;
  }
  return pages;
}

async function readPage(db: SessionDatabase, page: readonly Found[]): Promise<Omit<SessionPage, 'isCut'>> {
  const keys = page.map(({ session_key }) => session_key);
  const rows = await db
    .selectFrom('sessions')
    .select(['session_key', 'session_id', 'summary', 'version', 'analysis'])
    .where('session_key', 'in', keys)
    .execute();
  const sums = await elsewhereSums(db, keys);
  const byKey = new Map(rows.map((row) => [row.session_key, row]));
  const items: SessionPage['items'][number][] = [];
  const unreadable: string[] = [];
  for (const key of keys) {
    const row = byKey.get(key);
    // Forgotten since.
    if (!row) continue;
    try {
      const { tenantId } = JSON.parse(row.summary) as { tenantId: string };
      const elsewhere = sums.get(key);
      const analysis = await analysisOf(row);
      items.push({ tenantId, analysis, version: row.version, ...(elsewhere ? { elsewhere } : {}) });
    } catch {
      // What was damaged on the disk is that session's alone.
      unreadable.push(row.session_id);
    }
  }
  return { items, unreadable };
}
