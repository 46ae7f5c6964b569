import { afterEach, expect, test, vi } from 'vitest';
import { THREAD_OPTIONS } from '../test/thread-options.ts';
import { SqliteUnavailableError } from './errors.ts';
import { Line } from './line.ts';
import { Reader } from './reader.ts';

const OPENS = 'parentPort.postMessage([{ id: 0, value: null }])';
const ANSWERS = 'parentPort.postMessage(requests.map(({ id }) => ({ id, value: [] })))';

const readers: Reader[] = [];
afterEach(async () => {
  await Promise.all(readers.splice(0).map((reader) => reader.close()));
});

/** A reader whose threads run `begin`, and `onRequests` with all requests but the last. */
function given({ begin = OPENS, onRequests = ANSWERS, restAfterMs = 20 } = {}) {
  const known = { threads: 0, failures: 0, begin };
  const reader = new Reader({
    path: 'test.db',
    restAfterMs,
    openLine: (onFailed) => {
      known.threads += 1;
      const code = `
        import { parentPort } from 'node:worker_threads';
        parentPort.on('message', (requests) => {
          if (requests.some(({ kind }) => kind === 'close')) process.exit();
          ${onRequests}
        });
        ${known.begin}`;
      const script = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
      return new Line({ script, threadOptions: THREAD_OPTIONS, maxInFlight: 10, onFailed });
    },
    onFailed: () => {
      known.failures += 1;
    },
  });
  readers.push(reader);
  return { reader, known };
}

test('a thread rests when nothing is read any more, and the next read starts another', async () => {
  const { reader, known } = given();
  expect(reader.isAwake).toBe(false);
  expect(await reader.read('', [])).toEqual([]);
  expect(reader.isAwake).toBe(true);
  await vi.waitFor(() => expect(reader.isAwake).toBe(false));
  expect(await reader.read('', [])).toEqual([]);
  expect(known).toMatchObject({ threads: 2, failures: 0 });
});

test('looks do not keep it from resting', async () => {
  const { reader, known } = given({ restAfterMs: 100 });
  await reader.read('', []);
  while (reader.isAwake) {
    await reader.read('', [], { isLook: true });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(known.threads).toBe(1);
});

test('it does not rest while somebody waits for an answer', async () => {
  const { reader, known } = given({ onRequests: `setTimeout(() => ${ANSWERS}, 150)` });
  expect(await reader.read('', [])).toEqual([]);
  expect(known).toMatchObject({ threads: 1, failures: 0 });
});

test('one that cannot open the file fails who waits for it and nothing else, and is tried again a second later', async () => {
  const { reader, known } = given({
    begin: `parentPort.postMessage([{ id: 0, error: { kind: 'cannot-open', message: 'no descriptors', sqliteCode: 14 } }]);
      process.exit()`,
  });
  const waiting = [reader.read('', []), reader.read('', [])];
  for (const read of waiting) await expect(read).rejects.toBeInstanceOf(SqliteUnavailableError);
  await vi.waitFor(() => expect(reader.isAwake).toBe(false));
  expect(() => reader.read('', [])).toThrow('The database test.db cannot be read now');
  expect(known).toMatchObject({ threads: 1, failures: 0 });
  known.begin = OPENS;
  const read = await vi.waitFor(() => reader.read('', []), { timeout: 3_000 });
  expect(read).toEqual([]);
  expect(known).toMatchObject({ threads: 2, failures: 0 });
});

test('one that dies after it has opened the file is told', async () => {
  const { reader, known } = given({ onRequests: 'process.exit(1)' });
  await expect(reader.read('', [])).rejects.toBeInstanceOf(SqliteUnavailableError);
  expect(known).toMatchObject({ threads: 1, failures: 1 });
});
