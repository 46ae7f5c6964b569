import { afterAll, beforeAll, describe, test } from 'vitest';

/** One promise of a port. Runs against any adapter; throws when the promise is broken. */
export interface Property<Subject> {
  readonly title: string;
  /** Where many random cases ask a real server. */
  readonly timeoutMs?: number;
  run(subject: Subject): Promise<void>;
}

/** What a suite runs against, and how to be rid of it. */
export interface Harness<Subject> {
  readonly subject: Subject;
  close(): Promise<void>;
}

/** One test per property, all on one harness: properties use ids of their own and do not see each other. */
export function describeProperties<Subject>(
  title: string,
  properties: readonly Property<Subject>[],
  createHarness: () => Promise<Harness<Subject>>,
): void {
  describe(title, () => {
    let harness: Harness<Subject> | undefined;
    beforeAll(async () => {
      harness = await createHarness();
    });
    afterAll(async () => {
      await harness?.close();
    });
    for (const property of properties) {
      test(
        property.title,
        async () => {
          if (!harness) throw new Error('the harness was not made');
          await property.run(harness.subject);
        },
        property.timeoutMs,
      );
    }
  });
}
