import { closeSync, openSync, readdirSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { SqliteUnavailableError, WriteFailedError } from '@tracepost/sqlite';
import { until } from '@tracepost/testing';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Outbox } from '../src/outbox/index.ts';
import { OutboxFile } from '../src/outbox/outbox-file.ts';
import { idsOf, isEmpty, message, send, useOutboxBench } from './outbox-harness.ts';

const bench = useOutboxBench();
afterEach(() => {
  vi.restoreAllMocks();
});

const FULL = 13;
const CORRUPT = 11;
const setAside = () => readdirSync(bench.folder).filter((name) => /^outbox\.db\.damaged-[\dTZ-]+$/.test(name));
const told = (level: string, words: string) =>
  bench.lines.some((line) => line.level === level && String(line.message).includes(words));

/** A closed outbox with so many messages of about 3 KB, some pages each. */
async function fill(count: number): Promise<void> {
  const outbox = await bench.open();
  bench.broker.become('unreachable');
  const sending = Array.from({ length: count }, (_, id) =>
    outbox.send(message(String(id), 'a', 3_000), { agentId: 'a' }),
  );
  await Promise.all(sending);
  await outbox.close();
}

function overwrite(offset: number, bytes: Buffer): void {
  const file = openSync(bench.path, 'r+');
  writeSync(file, bytes, 0, bytes.length, offset);
  closeSync(file);
}

const deliver = async (outbox: Outbox): Promise<(string | undefined)[]> => {
  bench.broker.become('ready');
  await isEmpty(outbox);
  return idsOf(await bench.takeAll());
};

describe('a disk that takes nothing', () => {
  test.each([
    ['is full', new WriteFailedError('database or disk is full', FULL), false],
    ['takes the thread with it', new SqliteUnavailableError('its thread has ended'), true],
  ])('and %s is told as unavailable, and used again when it works', async (_what, error, isUncertain) => {
    const outbox = await bench.open();
    bench.broker.become('unreachable');
    await send(outbox, '1');
    vi.spyOn(OutboxFile.prototype, 'insert').mockRejectedValueOnce(error);
    expect(await send(outbox, '2')).toMatchObject({ status: 'unavailable', isUncertain });
    expect(outbox.read()).toMatchObject({ messages: 1, fault: error.message });
    expect(told('error', 'cannot be written')).toBe(true);
    await until(() => outbox.read().fault === null, { what: 'the outbox to find out that writing works' });
    expect(await send(outbox, '3')).toEqual({ status: 'stored' });
    expect(await deliver(outbox)).toEqual(['1', '3']);
  });

  test('holds up nothing that the broker takes', async () => {
    const outbox = await bench.open();
    vi.spyOn(OutboxFile.prototype, 'insert').mockRejectedValue(new WriteFailedError('full', FULL));
    expect(await send(outbox, '1')).toEqual({ status: 'confirmed' });
    bench.broker.become('unreachable');
    expect(await send(outbox, '2')).toMatchObject({ status: 'unavailable', isUncertain: false });
    bench.broker.become('ready');
    expect(await send(outbox, '3')).toEqual({ status: 'confirmed' });
  });

  test('and does not let go of what was delivered: it goes later, and is not sent again meanwhile', async () => {
    const outbox = await bench.open();
    bench.broker.become('unreachable');
    await send(outbox, '1');
    vi.spyOn(OutboxFile.prototype, 'remove').mockRejectedValueOnce(new WriteFailedError('full', FULL));
    expect(await deliver(outbox)).toEqual(['1']);
    await outbox.close();
    const after = await bench.open();
    expect(after.read().messages).toBe(0);
  });
});

describe('a damaged file', () => {
  test('that is no database is set aside, told and counted; a new one takes its place', async () => {
    writeFileSync(bench.path, 'this is certainly not a database, however long one reads in it');
    const outbox = await bench.open();
    expect(outbox.read()).toMatchObject({ messages: 0, damaged: 1, fault: null });
    const [aside = ''] = setAside();
    expect(readFileSync(`${bench.folder}/${aside}`, 'utf8')).toContain('certainly not a database');
    expect(told('error', `${bench.folder}/${aside}`)).toBe(true);
    bench.broker.become('unreachable');
    expect(await send(outbox, '1')).toEqual({ status: 'stored' });
  });

  test('gives what can still be read of it, from both sides of the damage', async () => {
    await fill(100);
    // Pages of rows in the middle; the schema and the top of the tree stay.
    overwrite(Math.floor(statSync(bench.path).size / 2 / 4096) * 4096, Buffer.alloc(4096, 0xff));
    const outbox = await bench.open();
    expect(outbox.read().damaged).toBe(1);
    expect(setAside()).toHaveLength(1);
    const delivered = await deliver(outbox);
    expect(delivered.length).toBeGreaterThan(80);
    expect(delivered.length).toBeLessThan(100);
    expect(delivered).toContain('0');
    expect(delivered).toContain('99');
    expect(delivered).toEqual(delivered.toSorted((one, other) => Number(one) - Number(other)));
    expect(told('error', `${delivered.length} of its messages could be read`)).toBe(true);
  });

  test('with one bit turned over loses the one message that it stands in, and says so', async () => {
    await fill(20);
    const at = readFileSync(bench.path).indexOf('7 7 7 7 7 7');
    overwrite(at + 1, Buffer.from('8'));
    const outbox = await bench.open();
    expect(outbox.read()).toMatchObject({ messages: 20, damaged: 0 });
    const delivered = await deliver(outbox);
    expect(delivered).toHaveLength(19);
    expect(outbox.read().damaged).toBe(1);
    expect(told('error', 'is not what was written')).toBe(true);
  });

  test('that is found while it is in use is replaced, with all that can be read, and work goes on', async () => {
    const outbox = await bench.open();
    bench.broker.become('unreachable');
    for (const id of ['1', '2']) await send(outbox, id);
    vi.spyOn(OutboxFile.prototype, 'insert').mockRejectedValueOnce(new WriteFailedError('malformed', CORRUPT));
    vi.spyOn(OutboxFile.prototype, 'findDamage').mockResolvedValueOnce('page 7 is not what it should be');
    expect(await send(outbox, '3')).toMatchObject({ status: 'unavailable' });
    await until(() => outbox.read().damaged === 1);
    await until(async () => (await send(outbox, '4')).status === 'stored');
    expect(setAside()).toHaveLength(1);
    expect(await deliver(outbox)).toEqual(['1', '2', '4']);
  });

  test('that tears its log gives everything before the tear', async () => {
    const outbox = await bench.open();
    bench.broker.become('unreachable');
    await send(outbox, '1');
    const log = readFileSync(`${bench.path}-wal`);
    const whole = log.length;
    await send(outbox, '2');
    const torn = readFileSync(`${bench.path}-wal`).subarray(0, whole + 100);
    const main = readFileSync(bench.path);
    await outbox.close();
    writeFileSync(bench.path, main);
    writeFileSync(`${bench.path}-wal`, torn);
    const after = await bench.open();
    expect(after.read()).toMatchObject({ messages: 1, damaged: 0 });
  });
});
