import { expect, test } from 'vitest';
import { fingerprint } from './statement-log.ts';

test('a statement has the same fingerprint for any number of rows and values', () => {
  expect(fingerprint('insert into t (a, b) values ($1, $2), ($3, $4)')).toBe('insert into t (a, b) values (...)');
  expect(fingerprint('insert into t (a, b) values (?, ?)')).toBe('insert into t (a, b) values (...)');
  expect(fingerprint('select a from t where a in ($1, $2, $3)')).toBe('select a from t where a in (...)');
});
