import { describe, expect, test } from 'vitest';
import { breakHarness, type CreateBrokerHarness } from './harness.ts';
import { brokerProperties } from './properties.ts';

/** Holds one adapter to every promise of the `Broker` port. */
export function describeBrokerContract(name: string, createHarness: CreateBrokerHarness): void {
  describe(`${name} keeps the contract of a broker`, () => {
    for (const { title, run } of brokerProperties) {
      test(title, async () => {
        await using harness = await createHarness();
        await run(harness);
      });
    }
  });
}

/** A promise that no broker could break says nothing: runs each on brokers that break exactly it. */
export function describeBrokenBrokers(name: string, createHarness: CreateBrokerHarness): void {
  describe(`the contract sees through ${name}`, () => {
    for (const { title, run, broken } of brokerProperties) {
      for (const [how, breakBroker] of Object.entries(broken)) {
        test(`that ${how}, against: ${title}`, async () => {
          await using harness = await createHarness();
          await expect(run(breakHarness(harness, breakBroker, 1_500))).rejects.toThrow();
        });
      }
    }
  });
}
