import { StatementRefusedError } from '@tracepost/sqlite';
import { RecordsRefusedError } from '@tracepost/stores';
import { expect, test } from 'vitest';
import { tellRefusal } from './refusal.ts';

test('a value that the database cannot hold is refused for good', async () => {
  for (const error of [postgresError('22P05'), postgresError('54000'), new StatementRefusedError('NOT NULL', 1299)]) {
    await expect(tellRefusal(() => Promise.reject(error))).rejects.toBeInstanceOf(RecordsRefusedError);
  }
});

test('trouble of the server or of the way to it may pass, so the error stays as it is', async () => {
  for (const code of ['53100', '57014', '57P01', 'ECONNREFUSED', '40P01']) {
    const error = postgresError(code);
    await expect(tellRefusal(() => Promise.reject(error))).rejects.toBe(error);
  }
});

function postgresError(code: string): Error {
  return Object.assign(new Error('said by Postgres'), { code });
}
