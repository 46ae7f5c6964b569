import { RecordsRefusedError, StoreUnavailableError } from '@tracepost/stores';
import { expect, test } from 'vitest';
import { gather } from './gather.ts';

/** A database that says which batches it was sent, and answers when it is told to. */
function createDatabase(refused: readonly string[] = []) {
  const batches: string[][] = [];
  const waiting: (() => void)[] = [];
  return {
    batches,
    answerAll() {
      for (const go of waiting.splice(0)) go();
    },
    run: async (calls: readonly string[]) => {
      batches.push([...calls]);
      await new Promise<void>((resolve) => waiting.push(resolve));
      if (calls.some((call) => refused.includes(call))) throw new RecordsRefusedError('bad value');
      return calls.map((call) => `${call}!`);
    },
  };
}

test('calls of one turn travel together, those that come later wait for a place', async () => {
  const { batches, run, answerAll } = createDatabase();
  const send = gather({ run, keyOf: (call: string) => call });
  const outcomes = [send('a'), send('b')];
  await turn();
  outcomes.push(send('c'));
  await turn();
  outcomes.push(send('d'), send('e'));
  await turn();
  expect(batches).toEqual([['a', 'b'], ['c']]);
  answerAll();
  await turn();
  await turn();
  expect(batches).toEqual([['a', 'b'], ['c'], ['d', 'e']]);
  answerAll();
  expect(await Promise.all(outcomes)).toEqual(['a!', 'b!', 'c!', 'd!', 'e!']);
});

test('two calls about the same thing never share a batch, and neither do too many or too large ones', async () => {
  const { batches, run, answerAll } = createDatabase();
  const bytesOf = (call: string) => call.length;
  const send = gather({ run, keyOf: (call: string) => call[0] ?? '', bytesOf, maxCalls: 2, maxBytes: 5 });
  const outcomes = ['a', 'a2', 'bbbbbb', 'c', 'd'].map((call) => send(call));
  for (let round = 0; round < 6; round++) {
    await turn();
    answerAll();
  }
  await Promise.all(outcomes);
  expect(batches).toEqual([['a', 'c'], ['a2', 'd'], ['bbbbbb']]);
});

test('a call whose values are refused is refused alone', async () => {
  const { run, answerAll } = createDatabase(['c']);
  const send = gather({ run, keyOf: (call: string) => call });
  const outcomes = Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map((call) => send(call)));
  for (let round = 0; round < 10; round++) {
    await turn();
    answerAll();
  }
  expect((await outcomes).map(({ status }) => status)).toEqual([
    'fulfilled',
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
  ]);
});

test('when the database fails, all who were sent hear of it, and the next ones are sent', async () => {
  let isDown = true;
  const run = async (calls: readonly string[]) => {
    if (isDown) throw new Error('connection lost');
    return calls;
  };
  const send = gather({ run, keyOf: (call: string) => call });
  const outcomes = await Promise.allSettled([send('a'), send('b')]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  isDown = false;
  expect(await send('c')).toBe('c');
});

test('more than so many that wait are not taken', async () => {
  const { run, answerAll } = createDatabase();
  const send = gather({ run, keyOf: (call: string) => call, maxWaiting: 2 });
  const outcomes = [send('a'), send('b')];
  await expect(send('c')).rejects.toBeInstanceOf(StoreUnavailableError);
  await turn();
  answerAll();
  expect(await Promise.all(outcomes)).toEqual(['a!', 'b!']);
});

/** Until what was set off has happened: batches leave with `setImmediate`, in the order in which they were asked for. */
async function turn(): Promise<void> {
  for (let round = 0; round < 3; round++) await new Promise<void>((resolve) => setImmediate(resolve));
}
