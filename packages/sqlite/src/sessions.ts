import type { DatabaseSync } from 'node:sqlite';
import type { Reply, Request } from './protocol.ts';
import { replyError } from './reply-error.ts';
import type { Statements } from './statements.ts';

type SessionRequest = Extract<Request, { kind: 'execute' | 'release' }>;

/** The one caller to whom the connection belongs at the moment, if any. */
export interface Sessions {
  readonly isBusy: boolean;
  begin(id: number): Reply;
  serve(request: SessionRequest): Reply;
}

interface SessionsOptions {
  readonly database: DatabaseSync;
  readonly statements: Statements;
  /** A holder that was silent for so long is taken for lost: others wait for the connection. */
  readonly idleMs: number;
  readonly onEnd: () => void;
}

export function createSessions({ database, statements, idleMs, onEnd }: SessionsOptions): Sessions {
  let current: { readonly id: number; readonly timer: NodeJS.Timeout } | null = null;

  const end = () => {
    if (!current) return;
    clearTimeout(current.timer);
    current = null;
    if (database.isTransaction) database.exec('ROLLBACK');
    onEnd();
  };

  const execute = ({ id, statement }: Extract<SessionRequest, { kind: 'execute' }>): Reply => {
    try {
      return { id, value: statements.run(statement) };
    } catch (error) {
      return { id, error: replyError(error, statement.sql) };
    }
  };

  return {
    get isBusy() {
      return current !== null;
    },
    begin(id) {
      current = { id, timer: setTimeout(end, idleMs) };
      return { id, value: id };
    },
    serve(request) {
      const isCurrent = current?.id === request.session;
      if (request.kind === 'release') {
        if (isCurrent) end();
        return { id: request.id, value: null };
      }
      if (!isCurrent) return lost(request.id, idleMs);
      current?.timer.refresh();
      return execute(request);
    },
  };
}

function lost(id: number, idleMs: number): Reply {
  const message = `The session was idle for more than ${idleMs} ms and has been rolled back.`;
  return { id, error: { kind: 'session-lost', message, sqliteCode: 0 } };
}
