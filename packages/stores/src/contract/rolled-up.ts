import { createSketch } from '@tracepost/analysis';
import type { TaskEvent, TaskRecord } from '@tracepost/contracts';
import { ROLLUP_UNIT_MS, type RolledUp, type RollupUnit } from '../rollup-store.ts';
import { applyTaskEvent } from '../task-reducer.ts';
import type { Rollup } from '../windows/rollup.ts';
import { ENDINGS, endingOfTask, type TaskEnding } from '../windows/task-ending.ts';

/** A roll-up in a form in which two of them can be compared, the sketch by its bytes. */
export interface PlainRollup {
  readonly tenantId: string;
  readonly startMs: number;
  readonly totals: Rollup['totals'];
  readonly responseTimes: string;
}

export function plainRollup({ tenantId, startMs, totals, responseTimes }: RolledUp): PlainRollup {
  return { tenantId, startMs, totals, responseTimes: Buffer.from(responseTimes.toBytes()).toString('hex') };
}

/** How the tasks of these events ended, each told once: the events may come in any order and as often as they like. */
export function endingsOf(events: readonly TaskEvent[]): TaskEnding[] {
  const records = new Map<string, TaskRecord>();
  for (const event of events) {
    records.set(event.task.taskId, applyTaskEvent(records.get(event.task.taskId) ?? null, event));
  }
  return [...records.values()].map(endingOfTask).filter((ending) => ending !== null);
}

/** What the roll-ups of an agent have to be: computed at a stretch from all that happened, without a store. */
export function recompute(endings: readonly TaskEnding[], unit: RollupUnit): PlainRollup[] {
  const startOf = ({ endedAtMs }: TaskEnding) => endedAtMs - (endedAtMs % ROLLUP_UNIT_MS[unit]);
  const groups = Map.groupBy(endings, (ending) => JSON.stringify([startOf(ending), ending.tenantId]));
  return [...groups.values()]
    .map((group) => ({ ...sumOf(group), tenantId: group[0]?.tenantId ?? '', startMs: startOf(group[0] as TaskEnding) }))
    .sort((a, b) => a.startMs - b.startMs || (a.tenantId < b.tenantId ? -1 : 1))
    .map(plainRollup);
}

export function sumOf(endings: readonly TaskEnding[]): Rollup {
  const responseTimes = createSketch();
  for (const { responseMs } of endings) responseTimes.add(responseMs);
  const count = (is: (ending: TaskEnding) => boolean) => endings.filter(is).length;
  const sum = (of: (ending: TaskEnding) => number | bigint) =>
    endings.reduce((total, ending) => total + BigInt(of(ending)), 0n);
  const tasks = ENDINGS.map((status) => [status, count((ending) => ending.status === status)] as const);
  return {
    totals: {
      tasks: Object.fromEntries(tasks) as Rollup['totals']['tasks'],
      startedTasks: count(({ queueWaitUs }) => queueWaitUs !== null),
      unpricedTasks: count(({ isUnpriced }) => isUnpriced),
      responseUs: sum(({ responseMs }) => responseMs) * 1_000n,
      queueWaitUs: sum(({ queueWaitUs }) => queueWaitUs ?? 0),
      runUs: sum(({ runUs }) => runUs),
      costPicodollars: sum(({ costPicodollars }) => costPicodollars),
    },
    responseTimes,
  };
}
