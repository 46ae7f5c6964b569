import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTelemetry } from '@tracepost/telemetry';
import { until } from '@tracepost/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Delivery } from '../src/broker.ts';
import { openEmbeddedBroker } from '../src/embedded/index.ts';

/** The long form: TRACEPOST_TEST_KILLS=200. The seed says after how many lines each of them comes. */
const KILLS = Number(process.env.TRACEPOST_TEST_KILLS ?? 20);
const SEED = Number(process.env.TRACEPOST_TEST_SEED ?? 1);
/** Half of the openings are faster on a machine that does much else. */
const OPENS_WITHIN_MS = 2_000;
const telemetry = createTelemetry({ serviceName: 'test' });
let folder = '';
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tracepost-crash-'));
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

test('nothing confirmed is missing, whenever the process is killed', { timeout: 30_000 + KILLS * 10_000 }, async () => {
  const path = join(folder, 'queue.db');
  const confirmed = new Set<string>();
  const delivered = new Set<string>();
  const openedMs: number[] = [];
  for (let kill = 0; kill < KILLS; kill += 1) {
    const lines = await runUntilKilled(path, `life${kill}`, linesUntil(kill));
    for (const line of lines) {
      const [fact, id = ''] = line.split(' ');
      if (fact === 'confirmed') confirmed.add(id);
      if (fact === 'delivered') delivered.add(id);
      if (fact === 'opened') openedMs.push(Number(id));
    }
  }
  expect(openedMs).toHaveLength(KILLS);
  expect(openedMs.toSorted((a, b) => a - b)[Math.floor(KILLS / 2)]).toBeLessThan(OPENS_WITHIN_MS);
  const found = await takeEverything(path);
  const missing = [...confirmed].filter((id) => !found.has(id) && !delivered.has(id));
  expect(missing).toEqual([]);
  for (const [id, { message }] of found) {
    const size = 100 + ((Number(id.split('-')[2]) * 37) % 4_000);
    expect(message.body.equals(Buffer.alloc(size, id)), id).toBe(true);
  }
  const keptInOrder = [...found.keys()].filter((id) => id.startsWith('life0-0-') && Number(id.split('-')[2]) % 3 !== 0);
  expect(keptInOrder).toEqual(keptInOrder.toSorted((a, b) => Number(a.split('-')[2]) - Number(b.split('-')[2])));
  expect(confirmed.size).toBeGreaterThan(KILLS);
});

test('a message that kills its process is counted, and parked when it does it again', async () => {
  const path = join(folder, 'queue.db');
  await using before = await openEmbeddedBroker({ path, telemetry });
  await before.declare({
    queues: [
      { kind: 'durable', name: 'dead' },
      { kind: 'durable', name: 'poisoned', deliveryLimit: 1, deadLetterQueue: 'dead' },
    ],
  });
  await before.close();
  for (const left of [1, 0]) {
    const [, signal] = await once(start('./embedded-suicide.ts', [path]), 'exit');
    expect(signal).toBe('SIGKILL');
    await using after = await openEmbeddedBroker({ path, telemetry });
    await until(async () => (await after.inspect('dead'))?.ready === 1 - left, { timeoutMs: 5_000, what: 'the count' });
    expect(await after.inspect('poisoned')).toMatchObject({ ready: left, consumers: 0 });
    if (left === 0) continue;
    const again = Promise.withResolvers<Delivery>();
    const consumption = await after.consume({ queue: 'poisoned', prefetch: 1, onDelivery: again.resolve });
    expect(await again.promise).toMatchObject({ redelivered: true, deliveryCount: 1 });
    await consumption.close({ deadlineMs: 0 });
  }
});

/** The same number for the same seed. At least one, so that every life gets so far as to open. */
function linesUntil(kill: number): number {
  return 1 + (createHash('sha256').update(`${SEED} ${kill}`).digest().readUInt32BE() % 2_000);
}

/** What the process has said before it died, killed soon after so many lines. */
async function runUntilKilled(path: string, prefix: string, lineCount: number): Promise<string[]> {
  const facts = join(folder, `${prefix}.txt`);
  const output = openSync(facts, 'a');
  const child = start('./embedded-child.ts', [path, prefix], output);
  closeSync(output);
  const exited = once(child, 'exit');
  const lines = (): string[] => readFileSync(facts, 'utf8').split('\n').slice(0, -1);
  await until(() => lines().length >= lineCount, { timeoutMs: 20_000, everyMs: 2, what: `${lineCount} lines` });
  child.kill('SIGKILL');
  await exited;
  return lines();
}

function start(script: string, args: readonly string[], output: number | 'ignore' = 'ignore'): ChildProcess {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', output, 'inherit'] });
  children.push(child);
  return child;
}

async function takeEverything(path: string): Promise<ReadonlyMap<string, Delivery>> {
  await using broker = await openEmbeddedBroker({ path, telemetry });
  const found = new Map<string, Delivery>();
  const onDelivery = (delivery: Delivery): void => {
    found.set(String(delivery.message.messageId), delivery);
    delivery.ack();
  };
  const waiting = await Promise.all(['kept', 'taken'].map((queue) => broker.inspect(queue)));
  const count = waiting.reduce((sum, state) => sum + (state?.ready ?? 0), 0);
  for (const queue of ['kept', 'taken']) await broker.consume({ queue, prefetch: 500, onDelivery });
  await until(() => found.size === count, { timeoutMs: 10_000, what: `${count} messages that were left` });
  return found;
}
