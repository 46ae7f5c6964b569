import { setTimeout as sleep } from 'node:timers/promises';
import { isEnded } from '@tracepost/contracts';
import { expect, test } from 'vitest';
import { readTask, sendUntilAccepted } from './client.ts';
import { AGENT_ID, startEmbeddedFleet } from './fleet.ts';

const PATIENCE_MS = 20_000;

test('a message that kills the whole process ends as dead, and those that were beside it each time succeed', async () => {
  await using fleet = await startEmbeddedFleet();
  const to = { url: () => fleet.url, agentId: AGENT_ID, patienceMs: PATIENCE_MS };
  // Slow enough to be at work when it strikes.
  const kinds = ['effect', 'effect', 'kills', 'effect', 'effect'] as const;
  const told = await Promise.all(
    kinds.map((kind, index) =>
      sendUntilAccepted(to, { key: `poison-${index}`, kind, workMs: kind === 'kills' ? 300 : 1_000 }),
    ),
  );
  const endings = new Map<string, string>();
  for (const deadline = Date.now() + 150_000; endings.size < told.length && Date.now() < deadline; ) {
    // What a supervisor does.
    if (!fleet.gateway.isRunning) await fleet.gateway.start().catch(() => {});
    for (const { key, taskId } of told) {
      const task = await readTask(fleet.url, taskId ?? '');
      if (task && isEnded(task.status)) endings.set(key, task.status);
    }
    await sleep(200);
  }
  const wanted = kinds.map((kind, index) => [`poison-${index}`, kind === 'kills' ? 'dead' : 'succeeded']);
  expect([...endings].sort(), fleet.gateway.output).toEqual(wanted);
  for (const { key, kind } of told) expect([key, fleet.effects.countOf(key)]).toEqual([key, kind === 'kills' ? 0 : 1]);
}, 240_000);
