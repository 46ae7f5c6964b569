import type { Looked, Reply, Request } from './protocol.ts';
import { replyError } from './reply-error.ts';
import type { Statements } from './statements.ts';

export function read(statements: Statements, { id, sql, params }: Extract<Request, { kind: 'read' }>): Reply {
  try {
    return { id, value: statements.all(sql, params) };
  } catch (error) {
    return { id, error: replyError(error, sql) };
  }
}

/** By the time that the thread has worked, which a busy machine does not make longer. */
export function look(statements: Statements, { id, sql, params }: Extract<Request, { kind: 'look' }>): Reply {
  const before = process.threadCpuUsage();
  const reply = read(statements, { kind: 'read', id, sql, params });
  if ('error' in reply) return reply;
  const { user, system } = process.threadCpuUsage(before);
  const value: Looked = { rows: reply.value as unknown[], tookMs: (user + system) / 1_000 };
  return { id, value };
}
