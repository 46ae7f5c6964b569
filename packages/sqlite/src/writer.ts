import type { DatabaseSync } from 'node:sqlite';
import { type Write, writeGroup } from './group-commit.ts';
import type { Reply, Request, ThreadOptions } from './protocol.ts';
import { look, read } from './read.ts';
import { createSessions } from './sessions.ts';
import { Statements } from './statements.ts';

/** Units in one transaction: enough to make the fsync cheap, few enough to answer the first of them soon. */
const GROUP_LIMIT = 2_000;

export interface Writer {
  take(requests: readonly Request[]): void;
}

interface WriterOptions extends Pick<ThreadOptions, 'sessionIdleMs'> {
  readonly database: DatabaseSync;
  /** Requests that have come in and wait to be seen: asked just before a transaction begins, so that they share it. */
  readonly poll: () => readonly Request[];
  readonly reply: (reply: Reply) => void;
  readonly onClosed: () => void;
}

/** Serves requests in the order in which they came; neighbouring writes share a transaction, a session has the connection alone. */
export function createWriter({ database, poll, reply, onClosed, sessionIdleMs }: WriterOptions): Writer {
  const statements = new Statements(database);
  const connection = { database, statements };
  const waiting: Request[] = [];
  let isScheduled = false;
  const sessions = createSessions({ database, statements, idleMs: sessionIdleMs, onEnd: schedule });

  function take(requests: readonly Request[]): void {
    for (const request of requests) {
      if (request.kind === 'execute' || request.kind === 'release') reply(sessions.serve(request));
      else waiting.push(request);
    }
    schedule();
  }

  function schedule(): void {
    if (isScheduled || sessions.isBusy || waiting.length === 0) return;
    isScheduled = true;
    setImmediate(turn);
  }

  function turn(): void {
    take(poll());
    isScheduled = false;
    serveNext();
    schedule();
  }

  function serveNext(): void {
    const group = takeGroup(waiting);
    if (group.length > 0) {
      for (const answer of writeGroup(connection, group)) reply(answer);
      return;
    }
    const request = waiting.shift();
    if (request?.kind === 'read') reply(read(statements, request));
    if (request?.kind === 'look') reply(look(statements, request));
    if (request?.kind === 'acquire') reply(sessions.begin(request.id));
    if (request?.kind === 'close') close(request.id);
  }

  function close(id: number): void {
    database.close();
    reply({ id, value: null });
    onClosed();
  }

  return { take };
}

/** The writes at the head of the line. */
function takeGroup(waiting: Request[]): Write[] {
  const end = waiting.findIndex(({ kind }, index) => kind !== 'write' || index >= GROUP_LIMIT);
  return waiting.splice(0, end === -1 ? waiting.length : end) as Write[];
}
