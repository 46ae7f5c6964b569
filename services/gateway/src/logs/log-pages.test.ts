import type { LogView } from '@tracepost/contracts';
import { InvalidCursorError, type LogStore, MAX_LOGS } from '@tracepost/stores';
import { expect, test } from 'vitest';
import { readLogPage } from './log-pages.ts';

const BEGIN = Date.UTC(2026, 10, 21, 9);

/** Lines at these milliseconds, as a store would answer with them. */
function givenStore(times: readonly number[]): LogStore['queryLogs'] {
  const lines = times.map(
    (ms, index) => ({ at: new Date(BEGIN + ms).toISOString(), message: `line ${index}` }) as LogView,
  );
  return async ({ from, to, limit, traceId }) => {
    const found = lines.filter(({ at }) => Date.parse(at) >= from.getTime() && Date.parse(at) < to.getTime());
    const order = traceId === undefined ? -1 : 1;
    return found.sort((a, b) => order * (Date.parse(a.at) - Date.parse(b.at))).slice(0, Math.min(limit, MAX_LOGS));
  };
}

async function readAll(queryLogs: LogStore['queryLogs'], limit: number, filters: { traceId?: string } = {}) {
  const messages: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await readLogPage(queryLogs, { ...filters, fromMs: BEGIN, toMs: BEGIN + 1_000, limit, cursor });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    messages.push(...page.items.map(({ message }) => message));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return messages;
}

const TIMES = [0, 1, 1, 1, 2, 5, 5, 5, 5, 5, 5, 9, 100, 999];

test('every line comes once, in order, however many share their millisecond', async () => {
  for (const filters of [{}, { traceId: 'a'.repeat(32) }]) {
    const whole = await readAll(givenStore(TIMES), 1_000, filters);
    expect(whole).toHaveLength(TIMES.length);
    for (let limit = 1; limit <= TIMES.length + 1; limit++)
      expect(await readAll(givenStore(TIMES), limit, filters)).toEqual(whole);
  }
});

test('lines that come while somebody pages move nothing', async () => {
  const first = await readLogPage(givenStore(TIMES), { fromMs: BEGIN, toMs: BEGIN + 1_000, limit: 4 });
  const more = givenStore([...TIMES, 500, 500, 999]);
  const second = await readLogPage(more, {
    fromMs: BEGIN + 50_000,
    toMs: BEGIN + 51_000,
    limit: 100,
    cursor: first.nextCursor ?? '',
  });
  const messages = [...first.items, ...second.items].map(({ message }) => message);
  expect(new Set(messages).size).toBe(TIMES.length);
  expect(second.nextCursor).toBeNull();
});

test('more lines in a millisecond than a store gives hold nobody up', async () => {
  const crowd = Array.from({ length: MAX_LOGS + 50 }, () => 5);
  const messages = await readAll(givenStore([1, ...crowd, 9]), 1_000);
  expect(messages.at(0)).toBe(`line ${crowd.length + 1}`);
  expect(messages.at(-1)).toBe('line 0');
  expect(messages.length).toBeGreaterThan(MAX_LOGS - 1_000);
});

test('a cursor that no page gave is told', async () => {
  for (const cursor of ['', 'x', Buffer.from('1/2').toString('base64url'), Buffer.from('1/2/-3').toString('base64url')])
    await expect(readLogPage(givenStore([]), { fromMs: 0, toMs: 1, limit: 1, cursor })).rejects.toThrow(
      InvalidCursorError,
    );
});
