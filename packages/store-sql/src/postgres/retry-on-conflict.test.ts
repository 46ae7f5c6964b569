import { expect, test } from 'vitest';
import { retryOnConflict } from './retry-on-conflict.ts';

test('a write that was broken off for another one is made again', async () => {
  const codes = ['40P01', '40001'];
  const result = await retryOnConflict(async () => {
    const code = codes.shift();
    if (code) throw Object.assign(new Error('broken off'), { code });
    return 'written';
  });
  expect(result).toBe('written');
});

test('any other failure is told at once, and conflicts without end after some tries', async () => {
  for (const [code, tries] of [
    ['53100', 1],
    ['40P01', 5],
  ] as const) {
    let tried = 0;
    const failing = () => {
      tried++;
      return Promise.reject(Object.assign(new Error('failed'), { code }));
    };
    await expect(retryOnConflict(failing)).rejects.toMatchObject({ code });
    expect(tried).toBe(tries);
  }
});
