import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTelemetry } from '@tracepost/telemetry';
import { LEAF_PAGES, leavesOf, overwritePage, until } from '@tracepost/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Broker, Delivery } from '../src/broker.ts';
import { openEmbeddedBroker } from '../src/embedded/index.ts';
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
    await until(async () => (await rescued.inspect('jobs'))?.ready === 0);
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
    await broker.consume({ queue: 'jobs', prefetch: 300, onDelivery });
    await until(() => broker.state === 'unreachable', { timeoutMs: 5_000, what: 'the damage to be met' });
    // Longer than until it tries again.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(states).toEqual(['unreachable']);
    expect(broker.stateReason).toContain(`The database ${path} is damaged (`);
    expect(await publish(broker, 'x')).toMatchObject({ status: 'unreachable', reason: expect.stringContaining(path) });
    // Nothing that was delivered is garbled.
    expect(seen.filter((text) => !TEXTS.includes(text))).toEqual([]);
  });
});

function flipOneOf(pages: readonly number[]): void {
  overwritePage(path, pages[Math.floor(pages.length / 2)] as number);
}
