import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTelemetry } from '@tracepost/telemetry';
import { until } from '@tracepost/testing';
import { expect, test } from 'vitest';
import { openEmbeddedBroker } from '../src/embedded/index.ts';
import { openOutbox } from '../src/outbox/index.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** The nightly form kills 200 times. */
const KILLS = Number(process.env.TRACEPOST_TEST_KILLS ?? 4);
const telemetry = createTelemetry({ serviceName: 'test' });

test('nothing that was taken is missing, whenever the process is killed, and each agent has it in order', {
  timeout: 60_000 + KILLS * 10_000,
}, async () => {
  const folder = temporaryFolder();
  const taken: string[] = [];
  for (let kill = 0; kill < KILLS; kill += 1) {
    taken.push(...(await runUntilKilled(folder, `life${kill}`, 1 + Math.floor(Math.random() * 400))));
  }
  expect(taken.length).toBeGreaterThan(KILLS);

  await using broker = await openEmbeddedBroker({ path: join(folder, 'queue.db'), telemetry });
  await using outbox = await openOutbox({ path: join(folder, 'outbox.db'), broker, telemetry });
  await until(() => outbox.read().messages === 0, { timeoutMs: 20_000, what: 'the outbox to be empty' });
  for (const agentId of ['a', 'b']) {
    const ids: string[] = [];
    const { ready = 0 } = (await broker.inspect(`agent.${agentId}`)) ?? {};
    await using stack = new AsyncDisposableStack();
    const consumption = await broker.consume({
      queue: `agent.${agentId}`,
      prefetch: 500,
      onDelivery(delivery) {
        ids.push(delivery.message.messageId ?? '');
        delivery.ack();
      },
    });
    stack.defer(() => consumption.close());
    await until(() => ids.length >= ready, { timeoutMs: 20_000, what: `${ready} messages` });
    const mine = taken.filter((id) => id.includes(`-${agentId}-`));
    const first = [...new Set(ids)];
    expect(mine.filter((id) => !first.includes(id))).toEqual([]);
    // Some come twice; the first of each are in order.
    expect(first).toEqual(first.toSorted((one, other) => placeOf(one) - placeOf(other)));
  }
});

/** life3-a-17 */
function placeOf(id: string): number {
  const [life = '', , number = ''] = id.split('-');
  return Number(life.slice(4)) * 1_000_000 + Number(number);
}

async function runUntilKilled(folder: string, prefix: string, lineCount: number): Promise<string[]> {
  const facts = join(folder, `${prefix}.txt`);
  const output = openSync(facts, 'a');
  const script = fileURLToPath(new URL('./outbox-child.ts', import.meta.url));
  const child = spawn(process.execPath, [script, folder, prefix], { stdio: ['ignore', output, 'inherit'] });
  closeSync(output);
  const exited = once(child, 'exit');
  try {
    const lines = (): string[] => readFileSync(facts, 'utf8').split('\n').slice(0, -1);
    await until(() => lines().length >= lineCount, { timeoutMs: 20_000, everyMs: 2, what: `${lineCount} lines` });
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
  return readFileSync(facts, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => line.replace('taken ', ''));
}
