import { readdirSync } from 'node:fs';
import { until } from '@tracepost/testing';
import { describe, expect, test } from 'vitest';
import { idsOf, isEmpty, message, send, useOutboxBench } from './outbox-harness.ts';

const bench = useOutboxBench();

describe('while all is well', () => {
  test('a message goes to the broker as it is, and nothing is kept', async () => {
    const outbox = await bench.open();
    expect(await send(outbox, '1')).toEqual({ status: 'confirmed' });
    expect(outbox.read()).toMatchObject({ messages: 0, bytes: 0, oldestMs: 0, fault: null, damaged: 0 });
    const [taken] = await bench.takeAll();
    expect(taken?.headers).not.toHaveProperty('x-copy');
  });

  test.each(['refused', 'unroutable'] as const)('what the broker says no to is %s, and not kept', async (mood) => {
    const outbox = await bench.open();
    bench.broker.mood = mood;
    expect(await send(outbox, '1')).toMatchObject({ status: mood });
    expect(outbox.read().messages).toBe(0);
  });
});

describe('a broker that is away', () => {
  test.each(['unreachable', 'blocked'] as const)(
    '(%s) is made up for: stored at once, delivered whole and in order',
    async (state) => {
      const outbox = await bench.open();
      bench.broker.become(state);
      const begin = performance.now();
      for (const id of ['1', '2', '3']) expect(await send(outbox, id)).toEqual({ status: 'stored' });
      expect(performance.now() - begin).toBeLessThan(1_000);
      expect(outbox.read()).toMatchObject({ messages: 3 });
      expect(bench.broker.seen).toEqual([]);
      bench.broker.become('ready');
      await isEmpty(outbox);
      const taken = await bench.takeAll();
      expect(idsOf(taken)).toEqual(['1', '2', '3']);
      const { mandatory: _, headers, ...rest } = message('1');
      expect(taken[0]).toMatchObject({ ...rest, headers });
      expect(taken[0]?.headers['x-copy']).toMatch(/^[0-9a-f]{16}$/);
    },
  );

  test('new messages of an agent wait behind its older ones, those of another agent do not', async () => {
    const outbox = await bench.open();
    bench.broker.become('unreachable');
    await send(outbox, '1');
    bench.broker.moods.set('agent.a', 'refused');
    bench.broker.become('ready');
    await until(() => bench.broker.seen.length > 0);
    expect(await send(outbox, '2')).toEqual({ status: 'stored' });
    expect(await send(outbox, '3', 'b')).toEqual({ status: 'confirmed' });
    bench.broker.moods.clear();
    await isEmpty(outbox);
    expect(idsOf(await bench.takeAll())).toEqual(['1', '2']);
    expect(await send(outbox, '4')).toEqual({ status: 'confirmed' });
  });

  test('thousands that come while older ones go out keep their order', async () => {
    const outbox = await bench.open();
    bench.broker.become('unreachable');
    const sending: Promise<unknown>[] = [];
    for (let id = 0; id < 2_000; id += 1) {
      if (id === 1_000) await Promise.all(sending);
      if (id === 1_000) bench.broker.become('ready');
      sending.push(send(outbox, String(id)));
      if (id > 1_000 && id % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(sending);
    await isEmpty(outbox);
    expect(idsOf(await bench.takeAll())).toEqual(Array.from({ length: 2_000 }, (_, id) => String(id)));
  });
});

describe('a confirm that does not come', () => {
  test('leads to the same message once more, as another copy', async () => {
    const outbox = await bench.open();
    bench.broker.mood = 'stored, unconfirmed';
    expect(await send(outbox, '1')).toEqual({ status: 'stored' });
    await until(() => bench.broker.seen.length >= 2);
    bench.broker.mood = 'well';
    await isEmpty(outbox);
    const taken = await bench.takeAll();
    expect(new Set(idsOf(taken))).toEqual(new Set(['1']));
    const copies = taken.map(({ headers }) => headers['x-copy']);
    expect(new Set(copies).size).toBe(taken.length);
    expect(copies[0]).toBeUndefined();
  });

  test('one that failed later than its successor was stored still goes out before it', async () => {
    const outbox = await bench.open();
    bench.broker.confirmTimeoutMs = 150;
    bench.broker.mood = 'unconfirmed';
    const first = send(outbox, '1');
    bench.broker.become('blocked');
    const second = await send(outbox, '2');
    expect(second).toEqual({ status: 'stored' });
    expect(await first).toEqual({ status: 'stored' });
    bench.broker.mood = 'well';
    bench.broker.become('ready');
    await isEmpty(outbox);
    expect(idsOf(await bench.takeAll())).toEqual(['1', '2']);
  });

  test('while it is silent, one message at a time asks whether it is back', async () => {
    const outbox = await bench.open();
    bench.broker.become('unreachable');
    for (let id = 0; id < 20; id += 1) await send(outbox, String(id));
    bench.broker.mood = 'unconfirmed';
    bench.broker.become('ready');
    await until(() => bench.broker.seen.length >= 3);
    expect(new Set(bench.broker.seen.map(({ messageId }) => messageId))).toEqual(new Set(['0']));
  });
});

test('a missing queue is declared again, and what waits for it arrives', async () => {
  const outbox = await bench.open();
  bench.broker.become('unreachable');
  await outbox.send(message('1', 'new'), { agentId: 'new' });
  bench.broker.become('ready');
  await isEmpty(outbox);
  expect(idsOf(await bench.takeAll('new'))).toEqual(['1']);
});

describe('limits', () => {
  test('past the number of messages it says so, and takes more when some have gone', async () => {
    const outbox = await bench.open({ maxMessages: 2 });
    bench.broker.become('unreachable');
    await send(outbox, '1');
    await send(outbox, '2');
    expect(await send(outbox, '3')).toMatchObject({ status: 'full', isUncertain: false });
    bench.broker.become('ready');
    await isEmpty(outbox);
    expect(await send(outbox, '4')).toEqual({ status: 'confirmed' });
    expect(idsOf(await bench.takeAll())).toEqual(['1', '2', '4']);
  });

  test('past the bytes too, and a limit that is met by many at once holds', async () => {
    const outbox = await bench.open({ maxBytes: 10_000 });
    bench.broker.become('unreachable');
    const sending = Array.from({ length: 10 }, (_, id) =>
      outbox.send(message(String(id), 'a', 2_000), { agentId: 'a' }),
    );
    const stored = (await Promise.all(sending)).filter(({ status }) => status === 'stored');
    expect(stored).toHaveLength(4);
    expect(outbox.read().bytes).toBeLessThanOrEqual(10_000);
  });

  test('a message that was sent and cannot be stored is told as uncertain', async () => {
    const outbox = await bench.open({ maxMessages: 0 });
    bench.broker.mood = 'unconfirmed';
    expect(await send(outbox, '1')).toMatchObject({ status: 'full', isUncertain: true });
  });
});

describe('another life', () => {
  test('finds what waits, in order, and sends it before anything newer', async () => {
    const before = await bench.open();
    bench.broker.become('unreachable');
    for (const id of ['1', '2', '3']) await send(before, id);
    await before.close();
    expect(await send(before, '9')).toMatchObject({ status: 'unavailable', isUncertain: false });

    const after = await bench.open();
    expect(after.read()).toMatchObject({ messages: 3 });
    expect(after.read().bytes).toBe(before.read().bytes);
    expect(after.read().oldestMs).toBeGreaterThan(0);
    expect(await send(after, '4')).toEqual({ status: 'stored' });
    bench.broker.become('ready');
    await isEmpty(after);
    expect(idsOf(await bench.takeAll())).toEqual(['1', '2', '3', '4']);
  });

  test('does not send again what was confirmed', async () => {
    const before = await bench.open();
    bench.broker.become('unreachable');
    await send(before, '1');
    bench.broker.become('ready');
    await isEmpty(before);
    await before.close();
    const after = await bench.open();
    expect(after.read().messages).toBe(0);
    expect(await bench.takeAll()).toHaveLength(1);
  });

  test('closing does not wait for a broker that is silent', async () => {
    const outbox = await bench.open();
    bench.broker.become('unreachable');
    await send(outbox, '1');
    bench.broker.confirmTimeoutMs = 60_000;
    bench.broker.mood = 'unconfirmed';
    bench.broker.become('ready');
    await until(() => bench.broker.seen.length > 0);
    const begin = performance.now();
    await outbox.close();
    expect(performance.now() - begin).toBeLessThan(3_000);
    expect((await bench.open()).read().messages).toBe(1);
  });

  test('is refused the file while it is in use, and harms nothing', async () => {
    const outbox = await bench.open();
    await expect(bench.open()).rejects.toThrow(
      `The database ${bench.path} cannot be opened: somebody else has it open.`,
    );
    bench.broker.become('unreachable');
    expect(await send(outbox, '1')).toEqual({ status: 'stored' });
    expect(readdirSync(bench.folder).filter((name) => name.includes('damaged'))).toEqual([]);
  });
});
