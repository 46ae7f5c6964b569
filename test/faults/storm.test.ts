import { describeWithDocker } from '@tracepost/testing';
import { describe, expect, test } from 'vitest';
import { type Fleet, startEmbeddedFleet, startFullFleet } from './fleet.ts';
import { runScenario, type Scenario } from './run-scenario.ts';
import { EMBEDDED_STORM, FULL_STORM } from './scenarios.ts';

const SEED = 1;
const TIMEOUT_MS = 15 * 60_000;

/** The short form of the faults: whatever happened, what the outside was told is what is true. */
async function weather(start: () => Promise<Fleet>, scenario: Scenario): Promise<void> {
  await using fleet = await start();
  const result = await runScenario(fleet, scenario, SEED);
  const { broken, ...told } = result;
  console.log(JSON.stringify(told));
  const lastWords =
    broken.length === 0
      ? ''
      : [...new Set([fleet.gateway, ...fleet.workers])]
          .map((one) => `${one.name}:\n${one.output.slice(-3_000)}`)
          .join('\n');
  expect(broken, lastWords).toEqual([]);
  // A client whose patience ended without a 202 was promised nothing; but such clients are few.
  expect(result.accepted).toBeGreaterThan(0.9 * scenario.messages);
}

describe('nothing is lost and nothing happens twice, embedded', () => {
  test(EMBEDDED_STORM.title, () => weather(startEmbeddedFleet, EMBEDDED_STORM), TIMEOUT_MS);
});

describeWithDocker('nothing is lost and nothing happens twice, on real servers', () => {
  test(FULL_STORM.title, () => weather(startFullFleet, FULL_STORM), TIMEOUT_MS);
});
