import type { KeptSession, SessionStore } from '@tracepost/stores';
import { sql } from 'kysely';
import { createStatements, type StatementsOptions } from '../statements.ts';
import { listClosed, markExported } from './closed-sessions.ts';
import { countedElsewhere } from './counted-elsewhere.ts';
import { listSessions } from './list-sessions.ts';
import { purgeSessions } from './purge-sessions.ts';
import { readAnalyses } from './read-analyses.ts';
import type { SessionDatabase } from './schema.ts';
import { sessionKey } from './session-key.ts';
import { fromKeptRow, KEPT_COLUMNS } from './session-row.ts';
import { sumCalls } from './sum-calls.ts';
import { toWrite, writeSession } from './write-session.ts';

const KEPT_MS = 90 * 24 * 3_600_000;

export interface SqlSessionStoreOptions extends StatementsOptions {
  readonly db: SessionDatabase;
  readonly close: () => Promise<void>;
}

/** The store of sessions, by the same queries on both databases. */
export function createSqlSessionStore({ db, close, ...options }: SqlSessionStoreOptions): SessionStore {
  const statements = createStatements(options);
  const { read, write } = statements;
  return {
    read: (tenantId, sessionId) => read('read_session', () => readSession(db, tenantId, sessionId)),
    async write(session, expectedVersion) {
      // Compressed once, however often the database has to be asked.
      const rows = await toWrite(session);
      return write('write_session', () => writeSession(db, rows, expectedVersion));
    },
    list: (query) => read('list_sessions', () => listSessions(db, query)),
    analyses: (query) => readAnalyses(db, statements, query),
    sumCalls: (query, groupBy) => read('sum_calls', () => sumCalls(db, query, groupBy)),
    countedElsewhere: (tenantId, sessionId) =>
      read('counted_elsewhere', () => countedElsewhere(db, tenantId, sessionId)),
    listClosed: (query) => read('list_closed_sessions', () => listClosed(db, query)),
    async markExported(sessions) {
      if (sessions.length > 0) await write('mark_exported', () => markExported(db, sessions));
    },
    purge: (nowMs, olderThanMs = KEPT_MS) => write('purge_sessions', () => purgeSessions(db, nowMs - olderThanMs)),
    ping: () => read('ping', async () => void (await sql`select 1`.execute(db))),
    close,
  };
}

async function readSession(db: SessionDatabase, tenantId: string, sessionId: string): Promise<KeptSession | null> {
  const row = await db
    .selectFrom('sessions')
    .select(KEPT_COLUMNS)
    .where('session_key', '=', sessionKey(tenantId, sessionId))
    .executeTakeFirst();
  return row ? fromKeptRow({ tenantId, sessionId }, row) : null;
}
