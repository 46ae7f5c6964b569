import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take minutes. One that began last would run alone while the other workers have nothing left to do. */
const LONGEST = ['test/signals/ledger.test.ts', 'test/end-to-end/compose.test.ts', 'test/faults/storm.test.ts'];

/** These first; all others in vitest's own order, larger files before smaller ones. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification): boolean => LONGEST.some((name) => moduleId.endsWith(`/${name}`));
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}
