import { expect, test } from 'vitest';
import { THREAD_OPTIONS } from '../test/thread-options.ts';
import { SqliteUnavailableError } from './errors.ts';
import { Line } from './line.ts';

/** A thread that opens, ends when it is told to close, and does `onMessage` with all other requests. */
function lineTo(onMessage: string, onFailed = () => {}): Line {
  const code = `
    import { parentPort } from 'node:worker_threads';
    parentPort.postMessage([{ id: 0, value: null }]);
    parentPort.on('message', (requests) => {
      if (requests.some(({ kind }) => kind === 'close')) process.exit();
      ${onMessage}
    });`;
  const script = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
  return new Line({ script, threadOptions: THREAD_OPTIONS, maxInFlight: 10, onFailed });
}

test.each([
  ['throws', 'throw new Error("broken")'],
  ['ends', 'process.exit(1)'],
])('a thread that %s rejects everything pending and everything later', async (_, onMessage) => {
  let failures = 0;
  const line = lineTo(onMessage, () => {
    failures += 1;
  });
  await line.opened;
  const pending = [line.request({ kind: 'acquire' }), line.request({ kind: 'read', sql: '', params: [] })];
  for (const request of pending) await expect(request).rejects.toBeInstanceOf(SqliteUnavailableError);
  await expect(line.request({ kind: 'acquire' })).rejects.toThrow('The database test.db failed');
  expect(failures).toBe(1);
  await line.close();
});

test('requests of one turn travel in one message', async () => {
  const line = lineTo('parentPort.postMessage(requests.map(({ id }) => ({ id, value: requests.length })))');
  await line.opened;
  const requests = [1, 2, 3].map(() => line.request({ kind: 'acquire' }));
  expect(await Promise.all(requests)).toEqual([3, 3, 3]);
  await line.close();
});
