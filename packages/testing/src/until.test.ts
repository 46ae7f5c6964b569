import { expect, test } from 'vitest';
import { until } from './until.ts';

test('gives what the check gave as soon as it is there', async () => {
  let looks = 0;
  await expect(until(() => (++looks === 3 ? 'there' : null), { everyMs: 1 })).resolves.toBe('there');
  expect(looks).toBe(3);
});

test('zero and the empty string are something', async () => {
  await expect(until(() => 0, { timeoutMs: 50 })).resolves.toBe(0);
  await expect(until(() => '', { timeoutMs: 50 })).resolves.toBe('');
});

test('says what it waited for, and keeps the last error of the check', async () => {
  const cause = new Error('not yet');
  const waiting = until(() => Promise.reject(cause), { timeoutMs: 10, everyMs: 1, what: 'a sign' });
  await expect(waiting).rejects.toMatchObject({ message: 'Waited 10 ms for a sign in vain', cause });
});
