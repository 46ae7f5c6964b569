import type { Reply, Request } from './protocol.ts';
import { replyError } from './reply-error.ts';
import type { Statements } from './statements.ts';

export function read(statements: Statements, { id, sql, params }: Extract<Request, { kind: 'read' }>): Reply {
  try {
    return { id, value: statements.all(sql, params) };
  } catch (error) {
    return { id, error: replyError(error, sql) };
  }
}
