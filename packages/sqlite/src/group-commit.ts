import type { DatabaseSync } from 'node:sqlite';
import type { Reply, ReplyError, Request } from './protocol.ts';
import { replyError } from './reply-error.ts';
import type { Statement, StatementResult } from './sqlite.ts';
import type { Statements } from './statements.ts';

export type Write = Extract<Request, { kind: 'write' }>;

interface Connection {
  readonly database: DatabaseSync;
  readonly statements: Statements;
}

/**
 * All units in one transaction, and so with one fsync; each unit alone is whole or not there. When the transaction
 * itself is lost through a unit (`ON CONFLICT ROLLBACK`, a deferred constraint), every unit gets one of its own, so that
 * a bad one never harms its neighbours.
 */
export function writeGroup(connection: Connection, group: readonly Write[]): Reply[] {
  const result = tryGroup(connection, group);
  if (Array.isArray(result)) return result;
  if (group.length === 1 || result.kind === 'failed') return group.map(({ id }) => ({ id, error: result }));
  return group.flatMap((unit) => writeGroup(connection, [unit]));
}

/** One reply per unit, or the error that took the whole transaction with it. */
function tryGroup(connection: Connection, group: readonly Write[]): Reply[] | ReplyError {
  const { database, statements } = connection;
  try {
    statements.run(BEGIN);
    const replies = group.map((unit) => (group.length === 1 ? applyOnly(connection, unit) : apply(connection, unit)));
    statements.run(COMMIT);
    return replies;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    return error instanceof UnitError ? error.reply : replyError(error);
  }
}

function applyOnly({ statements }: Connection, { id, statements: unit }: Write): Reply {
  return { id, value: runAll(statements, unit) };
}

function apply(connection: Connection, unit: Write): Reply {
  const { database, statements } = connection;
  statements.run(SAVEPOINT);
  try {
    const reply = applyOnly(connection, unit);
    statements.run(RELEASE);
    return reply;
  } catch (error) {
    if (!database.isTransaction || !(error instanceof UnitError)) throw error;
    statements.run(ROLLBACK_TO);
    statements.run(RELEASE);
    return { id: unit.id, error: error.reply };
  }
}

function runAll(statements: Statements, unit: readonly Statement[]): StatementResult[] {
  return unit.map((statement) => {
    try {
      return statements.run(statement);
    } catch (error) {
      throw new UnitError(replyError(error, statement.sql));
    }
  });
}

/** Carries the reply of a unit up to whoever decides what becomes of the transaction. */
class UnitError extends Error {
  readonly reply: ReplyError;

  constructor(reply: ReplyError) {
    super(reply.message);
    this.reply = reply;
  }
}

const BEGIN = { sql: 'BEGIN IMMEDIATE' };
const COMMIT = { sql: 'COMMIT' };
const SAVEPOINT = { sql: 'SAVEPOINT unit' };
const RELEASE = { sql: 'RELEASE unit' };
const ROLLBACK_TO = { sql: 'ROLLBACK TO unit' };
