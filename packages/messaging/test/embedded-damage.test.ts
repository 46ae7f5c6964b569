import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CannotOpenError, type Sqlite } from '@tracepost/sqlite';
import { createTelemetry } from '@tracepost/telemetry';
import { LEAF_PAGES, leavesOf, overwritePage, until } from '@tracepost/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Broker, Delivery, Topology } from '../src/broker.ts';
import { openEmbeddedBroker } from '../src/embedded/index.ts';
import { mendQueueFile } from '../src/embedded/mend.ts';
import { openParts } from './embedded-harness.ts';
import { JOBS, publish, textOf } from './jobs.ts';

const telemetry = createTelemetry({ serviceName: 'test' });
let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tracepost-damage-'));
  path = join(folder, 'queue.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a queue file of which a part was flipped', () => {
  const TEXTS = Array.from({ length: 300 }, (_, index) => `${index} `.padEnd(500, 'x'));
  const fill = async (broker: Broker): Promise<void> => {
    await broker.declare(JOBS);
    for (const outcome of await Promise.all(TEXTS.map((text) => publish(broker, text)))) {
      expect(outcome).toEqual({ status: 'confirmed' });
    }
  };

  test('is refused at the start, with its name and what to do; rescued it has all that can be read, and the lost are told', async () => {
    const broker = await openEmbeddedBroker({ path, telemetry });
    await fill(broker);
    await broker.close();
    flipOneOf(leavesOf(path, 'content'));
    await expect(openEmbeddedBroker({ path, telemetry })).rejects.toThrow(`The database ${path} is damaged (`);
    await expect(openEmbeddedBroker({ path, telemetry })).rejects.toThrow('TRACEPOST_RESCUE_DAMAGED=1');

    const lines: string[] = [];
    const listening = createTelemetry({
      serviceName: 'test',
      write: (line) => lines.push(line),
      terminalLevel: 'error',
    });
    await using rescued = await openEmbeddedBroker({ path, telemetry: listening, rescueDamaged: true });
    await until(() =>
      lines.some((line) => line.includes(`The database ${path} was damaged; it lies in ${path}.damaged-`)),
    );
    const taken: string[] = [];
    const onDelivery = (delivery: Delivery): void => {
      taken.push(textOf(delivery));
      delivery.ack();
    };
    const consumption = await rescued.consume({ queue: 'jobs', prefetch: 10, onDelivery });
    await until(async () => {
      const state = await rescued.inspect('jobs');
      return state?.ready === 0 && state.unacknowledged === 0;
    });
    await consumption.close();
    expect(taken.length).toBeGreaterThan(TEXTS.length - 20);
    expect(taken.length).toBeLessThan(TEXTS.length);
    expect(TEXTS.filter((text) => taken.includes(text))).toEqual(taken);
    await until(() => lines.some((line) => line.includes('messages of jobs were lost')));
    expect(await rescued.inspect('jobs')).toMatchObject({ ready: 0 });
    expect(await publish(rescued, 'after')).toEqual({ status: 'confirmed' });
  });

  test('while it is open takes and gives nothing any more, and says why, instead of trying for ever', async () => {
    await using parts = await openParts(path, { memoryLimitBytes: 0 });
    const { broker } = parts;
    await fill(broker);
    const session = await parts.database.acquire();
    // What is in the log or in memory is not read from the file.
    await session.execute('PRAGMA wal_checkpoint(TRUNCATE)');
    const { rows } = await session.execute(LEAF_PAGES, ['content']);
    await session.execute('PRAGMA shrink_memory');
    await session.release();
    flipOneOf(rows.map(({ pageno }) => Number(pageno)));
    const states: string[] = [];
    broker.onStateChange((state) => states.push(state));
    const seen: string[] = [];
    const onDelivery = (delivery: Delivery): void => {
      seen.push(textOf(delivery));
      delivery.ack();
    };
    await broker.consume({ queue: 'jobs', prefetch: 10, onDelivery });
    await until(() => broker.state === 'unreachable', { timeoutMs: 5_000, what: 'the damage to be met' });
    // Longer than until it tries again.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(states).toEqual(['unreachable']);
    expect(broker.stateReason).toContain(`The database ${path} is damaged (`);
    expect(await publish(broker, 'x')).toMatchObject({ status: 'unreachable', reason: expect.stringContaining(path) });
    // What lies before the damage was delivered, and nothing of it is garbled.
    expect(seen.length).toBeGreaterThan(10);
    expect(seen.length).toBeLessThan(TEXTS.length);
    expect(seen).toEqual(TEXTS.slice(0, seen.length));
  });
});

describe('a queue file that was rescued', { timeout: 60_000 }, () => {
  const textsFor = (queue: string, count: number, length = 500): string[] =>
    Array.from({ length: count }, (_, index) => `${index} for ${queue} `.padEnd(length, 'x'));
  const durable = (...names: string[]): Topology => ({ queues: names.map((name) => ({ kind: 'durable', name })) });
  const send = async (broker: Broker, queue: string, texts: readonly string[]): Promise<void> => {
    const outcomes = await Promise.all(texts.map((text) => publish(broker, text, { routingKey: queue })));
    expect(outcomes.filter(({ status }) => status !== 'confirmed')).toEqual([]);
  };
  /** All that waits in a queue, in the order of their delivery. */
  const takeAll = async (broker: Broker, queue: string): Promise<string[]> => {
    const taken: string[] = [];
    const onDelivery = (delivery: Delivery): void => {
      taken.push(textOf(delivery));
      delivery.ack();
    };
    const consumption = await broker.consume({ queue, prefetch: 50, onDelivery });
    await until(async () => {
      const state = await broker.inspect(queue);
      return state?.ready === 0 && state.unacknowledged === 0;
    });
    await consumption.close();
    return taken;
  };
  let lines: string[];
  let listening: ReturnType<typeof createTelemetry>;
  beforeEach(() => {
    lines = [];
    listening = createTelemetry({ serviceName: 'test', write: (line) => lines.push(line), terminalLevel: 'warn' });
  });
  const open = (rescueDamaged = false): Promise<Broker> =>
    openEmbeddedBroker({ path, telemetry: listening, rescueDamaged });
  const said = (words: string): string[] => lines.filter((line) => line.includes(words));
  const rowsIn = (page: number): number => {
    const file = new DatabaseSync(path, { readOnly: true });
    const row = file.prepare('SELECT ncell FROM dbstat WHERE pageno = ?').get(page);
    file.close();
    return Number(row?.ncell);
  };

  test('without its newest contents gives nobody what was sent to another, and says once what is lost', async () => {
    const texts = textsFor('a', 300);
    {
      await using broker = await open();
      await broker.declare(durable('a'));
      await send(broker, 'a', texts);
    }
    const page = leavesOf(path, 'content').at(-1) as number;
    const lost = rowsIn(page);
    overwritePage(path, page);
    {
      await using broker = await open(true);
      expect(await broker.inspect('a')).toMatchObject({ ready: texts.length - lost });
      expect(said(`${lost} messages of a were lost`)).toHaveLength(1);
      await broker.declare(durable('b'));
      await send(broker, 'b', textsFor('b', 5));
      expect(await takeAll(broker, 'a')).toEqual(texts.slice(0, texts.length - lost));
    }
    await using broker = await open();
    expect(await takeAll(broker, 'b')).toEqual(textsFor('b', 5));
    expect(said('were lost')).toHaveLength(1);
  });

  test('without the names of its queues gives each what was sent to it, in whatever order they are declared', async () => {
    const events: Topology = {
      exchanges: [{ name: 'events', type: 'topic' }],
      queues: [{ kind: 'durable', name: 'recorder' }],
      bindings: [{ queue: 'recorder', exchange: 'events', key: 'task.#' }],
    };
    const later = { kind: 'durable', name: 'later', messageTtlMs: 300, deadLetterQueue: 'a' } as const;
    {
      await using broker = await open();
      await broker.declare(durable('a', 'c'));
      await broker.declare(events);
      await broker.declare({ queues: [later] });
      await send(broker, 'a', textsFor('a', 20));
      await send(broker, 'c', textsFor('c', 20));
      await publish(broker, 'it began', { exchange: 'events', routingKey: 'task.x.started' });
      await send(broker, 'later', ['once more']);
    }
    overwritePage(path, leavesOf(path, 'queue')[0] as number);
    {
      await using broker = await open(true);
      // What is declared by nobody yet takes nothing, instead of confirming what goes nowhere.
      const event = { exchange: 'events', routingKey: 'task.y.started' };
      expect(await publish(broker, 'early', event)).toEqual({ status: 'unroutable' });
      for (const name of ['b', 'c', 'a']) await broker.declare(durable(name));
      await broker.declare(events);
      expect(await broker.inspect('b')).toMatchObject({ ready: 0 });
      expect(await broker.inspect('a')).toMatchObject({ ready: 20 });
      expect(await takeAll(broker, 'recorder')).toEqual(['it began']);
    }
    await using broker = await open();
    expect(await takeAll(broker, 'b')).toEqual([]);
    expect(await takeAll(broker, 'c')).toEqual(textsFor('c', 20));
    await broker.declare({ queues: [later] });
    await until(async () => (await broker.inspect('a'))?.ready === 21, { timeoutMs: 5_000, what: 'the last to move' });
    expect(await takeAll(broker, 'a')).toEqual([...textsFor('a', 20), 'once more']);
    expect(said('were lost')).toEqual([]);
  });

  test('without the places of messages sends them again to where they were sent, once', async () => {
    {
      await using broker = await open();
      await broker.declare(durable('a', 'c'));
      await send(broker, 'a', textsFor('a', 300));
      await send(broker, 'c', textsFor('c', 300));
    }
    const [page] = leavesOf(path, 'entry').slice(1) as [number];
    const displaced = rowsIn(page);
    overwritePage(path, page);
    {
      await using broker = await open(true);
      const told = said('have lost their places').map((line) => Number(/(\d+) messages/.exec(line)?.[1]));
      expect(told.reduce((sum, count) => sum + count, 0)).toBe(displaced);
      expect((await takeAll(broker, 'a')).sort()).toEqual(textsFor('a', 300).sort());
    }
    await using broker = await open();
    expect((await takeAll(broker, 'c')).sort()).toEqual(textsFor('c', 300).sort());
    expect(said('were lost')).toEqual([]);
  });

  test('that is large is refused in one sentence where its damage is met, and what that says helps', async () => {
    const texts = textsFor('a', 5_000, 4_000);
    {
      await using broker = await open();
      await broker.declare(durable('a'));
      for (let from = 0; from < texts.length; from += 500) await send(broker, 'a', texts.slice(from, from + 500));
    }
    expect(statSync(path).size).toBeGreaterThan(16 * 1024 ** 2);
    overwritePage(path, leavesOf(path, 'entry')[2] as number);
    const refused = open();
    await expect(refused).rejects.toBeInstanceOf(CannotOpenError);
    await expect(refused).rejects.toThrow(`The database ${path} is damaged (`);
    await expect(refused).rejects.toThrow('TRACEPOST_RESCUE_DAMAGED=1');
    await using broker = await open(true);
    expect((await takeAll(broker, 'a')).sort()).toEqual(texts.sort());
  });

  test('by a process that knew less is mended as well', async () => {
    {
      await using parts = await openParts(path);
      await parts.broker.declare(durable('gone', 'a'));
      await send(parts.broker, 'gone', ['to nobody known']);
      await send(parts.broker, 'a', ['to a']);
      await parts.database.write([
        { sql: "DELETE FROM queue WHERE name = 'gone'" },
        { sql: "UPDATE content SET properties = json_set(properties, '$.exchange', 'unknown') WHERE id = 1" },
      ]);
    }
    {
      await using broker = await open();
      expect(said('1 messages of a queue that nobody knows any more were lost')).toHaveLength(1);
      await broker.declare(durable('b'));
      await broker.declare(durable('c'));
    }
    await using broker = await open();
    expect(await takeAll(broker, 'a')).toEqual(['to a']);
    expect(await takeAll(broker, 'b')).toEqual([]);
    expect(await takeAll(broker, 'c')).toEqual([]);
    expect(said('were lost')).toHaveLength(1);
  });

  test('and is mended by a process that dies at it is mended by the next one, wherever it died', async () => {
    for (let writes = 0, isMended = false; !isMended; writes += 1) {
      rmSync(path, { force: true });
      {
        await using parts = await openParts(path);
        await parts.broker.declare(durable('a', 'b', 'c'));
        await send(parts.broker, 'a', ['to a']);
        await send(parts.broker, 'b', ['to b']);
        // Who they were for cannot be said of a queue in which both would be.
        await parts.database.write([{ sql: 'DELETE FROM queue' }, { sql: 'UPDATE entry SET queue = 1' }]);
        isMended = await mendQueueFile(dyingAfter(parts.database, writes)).then(
          () => true,
          () => false,
        );
      }
      await using broker = await open();
      await broker.declare(durable('c', 'b', 'a'));
      for (const name of ['a', 'b']) expect(await takeAll(broker, name), `after ${writes}`).toEqual([`to ${name}`]);
      expect(await takeAll(broker, 'c')).toEqual([]);
    }
  });
});

/** Takes so many writes and none after that. */
function dyingAfter(database: Sqlite, writes: number): Sqlite {
  let left = writes;
  const write: Sqlite['write'] = async (unit) => {
    if (left === 0) throw new Error('it died');
    left -= 1;
    return database.write(unit);
  };
  return { read: (sql, params) => database.read(sql, params), write } as Partial<Sqlite> as Sqlite;
}

test('a message whose content is gone is told also where it waits for its time, and nobody takes it', async () => {
  const lines: string[] = [];
  const listening = createTelemetry({ serviceName: 'test', write: (line) => lines.push(line), terminalLevel: 'error' });
  const topology: Topology = {
    queues: [
      { kind: 'durable', name: 'jobs' },
      { kind: 'durable', name: 'later', messageTtlMs: 500, deadLetterQueue: 'jobs' },
    ],
  };
  {
    await using parts = await openParts(path);
    await parts.broker.declare(topology);
    for (const text of ['one', 'two', 'three']) await publish(parts.broker, text, { routingKey: 'later' });
    await parts.database.write([{ sql: "DELETE FROM content WHERE CAST(body AS TEXT) <> 'two'" }]);
  }
  await using broker = await openEmbeddedBroker({ path, telemetry: listening });
  // What becomes due at one time is told at one time.
  const told = (): number =>
    lines.reduce((sum, line) => sum + Number(/(\d) messages of later were lost/.exec(line)?.[1] ?? 0), 0);
  await until(async () => told() >= 2 && (await broker.inspect('jobs'))?.ready === 1, {
    timeoutMs: 5_000,
    what: 'the one that is left, and word of the others',
  });
  expect(told()).toBe(2);
  expect(await broker.inspect('later')).toMatchObject({ ready: 0 });
});

function flipOneOf(pages: readonly number[]): void {
  overwritePage(path, pages[Math.floor(pages.length / 2)] as number);
}
