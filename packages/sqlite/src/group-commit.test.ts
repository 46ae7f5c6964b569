import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { writeGroup } from './group-commit.ts';
import type { Statement, StatementResult } from './sqlite.ts';
import { Statements } from './statements.ts';

class CountedStatements extends Statements {
  readonly executed: string[] = [];

  override run(statement: Statement): StatementResult {
    this.executed.push(statement.sql);
    return super.run(statement);
  }
}

function connection() {
  const database = new DatabaseSync(':memory:');
  database.exec(
    'CREATE TABLE item (id INTEGER PRIMARY KEY); CREATE TABLE child (item REFERENCES item DEFERRABLE INITIALLY DEFERRED)',
  );
  return { database, statements: new CountedStatements(database) };
}

function insert(id: number, item: number) {
  return { kind: 'write', id, statements: [{ sql: 'INSERT INTO item VALUES (?)', params: [item] }] } as const;
}

test('all units of a group share one commit, also when one of them is refused', () => {
  const { database, statements } = connection();
  const replies = writeGroup({ database, statements }, [insert(1, 10), insert(2, 10), insert(3, 11)]);
  expect(replies.map((reply) => ('error' in reply ? reply.error.kind : 'done'))).toEqual(['done', 'refused', 'done']);
  expect(statements.executed.filter((sql) => sql === 'COMMIT')).toHaveLength(1);
  expect(database.prepare('SELECT id FROM item').all()).toEqual([{ id: 10 }, { id: 11 }]);
});

test('a unit that only the commit finds wrong is refused alone', () => {
  const { database, statements } = connection();
  const orphan = { kind: 'write', id: 2, statements: [{ sql: 'INSERT INTO child VALUES (99)' }] } as const;
  const replies = writeGroup({ database, statements }, [insert(1, 10), orphan, insert(3, 11)]);
  expect(replies.map((reply) => ('error' in reply ? reply.error.kind : 'done'))).toEqual(['done', 'refused', 'done']);
  expect(database.isTransaction).toBe(false);
});
