import {
  MAX_SESSION_TEXT,
  type SessionListQuery,
  type SessionQuery,
  type SessionStore,
  searchText,
} from '@tracepost/stores';
import { type SelectQueryBuilder, sql } from 'kysely';
import { columnText } from '../column-text.ts';
import { cutPage, decodeCursor, encodeCursor, type Place, pageSize } from '../cursor.ts';
import type { SessionDatabase, SessionTables } from './schema.ts';
import { fromSummaryRow, SUMMARY_COLUMNS } from './session-row.ts';

/** So many sessions are looked through for words at most, then the page ends there and its cursor leads on. */
const MAX_SEARCHED = 5_000;

export type SessionsSelection = SelectQueryBuilder<SessionTables, 'sessions', unknown>;

export async function listSessions(db: SessionDatabase, query: SessionListQuery): ReturnType<SessionStore['list']> {
  const size = pageSize(query.limit);
  const text = query.text === undefined ? null : searchText(query.text);
  if (text !== null && text.length > MAX_SESSION_TEXT) return { items: [], nextCursor: null, unreadable: [] };

  const candidates = newestFirst(
    selectSessions(db, query),
    query.cursor === undefined ? null : decodeCursor(query.cursor),
  );
  const end = text === null ? null : await endOfSearch(candidates);
  const rows = await candidates
    .$if(end !== null, (sessions) => sessions.where(comparedTo(end as Place, '>=')))
    .$if(text !== null, (sessions) => sessions.where(contains(text ?? '')))
    .select(['session_key', 'session_id', 'started_ms', ...SUMMARY_COLUMNS])
    .limit(size + 1)
    .execute();
  const { page, nextCursor } = cutPage(rows, size, placeOf);
  const unreadable: string[] = [];
  const items = page.flatMap((row) => {
    const summary = fromSummaryRow(row);
    if (summary === null) unreadable.push(row.session_id);
    return summary ?? [];
  });
  return { items, nextCursor: nextCursor ?? (end ? encodeCursor(end) : null), unreadable };
}

export function selectSessions(db: SessionDatabase, query: SessionQuery): SessionsSelection {
  const { tenantId, agentId, provider, model, complexity, fromMs, toMs } = query;
  let selected: SessionsSelection = db.selectFrom('sessions');
  if (tenantId !== undefined) selected = selected.where('tenant_id', '=', columnText(tenantId));
  if (agentId !== undefined) selected = selected.where('agent_id', '=', columnText(agentId));
  if (complexity !== undefined) selected = selected.where('complexity', '=', complexity);
  if (fromMs !== undefined) selected = selected.where('ended_ms', '>=', fromMs);
  if (toMs !== undefined) selected = selected.where('started_ms', '<', toMs);
  if (provider === undefined && model === undefined) return selected;
  return selected.where(({ exists, selectFrom }) => {
    let calls = selectFrom('session_calls')
      .select('session_calls.part')
      .whereRef('session_calls.session_key', '=', 'sessions.session_key');
    if (provider !== undefined) calls = calls.where('session_calls.provider', '=', columnText(provider));
    if (model !== undefined) calls = calls.where('session_calls.model', '=', columnText(model));
    return exists(calls);
  });
}

export function newestFirst(sessions: SessionsSelection, after: Place | null): SessionsSelection {
  const ordered = sessions.orderBy('started_ms', 'desc').orderBy('session_key', 'desc');
  return after === null ? ordered : ordered.where(comparedTo(after, '<'));
}

/** The place of the last session that a search looks at; null when it comes to the end. */
async function endOfSearch(candidates: SessionsSelection): Promise<Place | null> {
  const last = await candidates
    .select(['session_key', 'started_ms'])
    .offset(MAX_SEARCHED - 1)
    .limit(1)
    .executeTakeFirst();
  return last ? placeOf(last) : null;
}

function comparedTo({ ms, id }: Place, operator: '<' | '>=') {
  return sql<boolean>`(started_ms, session_key) ${sql.raw(operator)} (${ms}, ${id})`;
}

function contains(text: string) {
  const pattern = `%${text.replace(/[\\%_]/g, '\\$&')}%`;
  return sql<boolean>`search_text like ${pattern} escape '\\'`;
}

export function placeOf({ started_ms, session_key }: { started_ms: number; session_key: string }): Place {
  return { ms: started_ms, id: session_key };
}
