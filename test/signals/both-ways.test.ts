import { describeWithDocker, until } from '@tracepost/testing';
import { afterAll, beforeAll } from 'vitest';
import { describeEqualAnswers } from './equal-answers.ts';
import { startEmbedded } from './installations/embedded.ts';
import { type FullInstallation, startFull } from './installations/full.ts';
import type { Installation } from './installations/installation.ts';
import { RECORDED_AGENT, TASKS } from './vectors/recorded-tasks.ts';

const DAY_MS = 86_400_000;
/** Yesterday at nine: within what every store keeps, and the same through the whole run. */
const atMs = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS + 9 * 3_600_000;

describeWithDocker('both ways of running', () => {
  let embedded: Installation;
  let full: FullInstallation;

  // One set for all suites of this file: it takes half a minute to come up.
  beforeAll(async () => {
    const starting = await Promise.allSettled([
      startEmbedded({ atMs }).then((started) => {
        embedded = started;
      }),
      startFull({ atMs }).then((started) => {
        full = started;
      }),
    ]);
    for (const part of starting) if (part.status === 'rejected') throw part.reason;
    for (const installation of [embedded, full]) await untilRecorded(installation);
  }, 240_000);
  afterAll(async () => {
    await Promise.all([embedded?.[Symbol.asyncDispose](), full?.[Symbol.asyncDispose]()]);
  }, 120_000);

  describeEqualAnswers({ atMs, embedded: () => embedded, full: () => full });
});

/** What the vectors tell is there, and nothing is still on its way up. */
async function untilRecorded({ name, client }: Installation): Promise<void> {
  const paths = [`/api/v1/tasks/${TASKS.partial}`, `/api/v1/queues/agent.${RECORDED_AGENT}/dead-letters/${TASKS.dead}`];
  for (const path of paths)
    await until(async () => (await client.call(path)).status === 200, {
      timeoutMs: 60_000,
      everyMs: 100,
      what: `${path} (${name})`,
    });
  await until(async () => (await client.call('/health')).json<{ status: string }>().status === 'healthy', {
    timeoutMs: 60_000,
    everyMs: 200,
    what: `everything to be healthy (${name})`,
  });
}
