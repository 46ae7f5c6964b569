import { createSketch, type Sketch } from '@tracepost/analysis';
import { ENDINGS, type Ending, type TaskEnding } from './task-ending.ts';

/** Sums of whole numbers: the same in whatever order the tasks came. */
export interface RollupTotals {
  readonly tasks: Readonly<Record<Ending, number>>;
  /** Of which an attempt began: those that have a queue wait. */
  readonly startedTasks: number;
  readonly unpricedTasks: number;
  readonly responseUs: bigint;
  readonly queueWaitUs: bigint;
  readonly runUs: bigint;
  readonly costPicodollars: bigint;
}

/** The tasks of an agent that ended within some stretch of time, added up. */
export interface Rollup {
  readonly totals: RollupTotals;
  /** Their response times, in milliseconds. */
  readonly responseTimes: Sketch;
}

export function emptyRollup(): Rollup {
  return { totals: NOTHING, responseTimes: createSketch() };
}

const NOTHING: RollupTotals = Object.freeze({
  tasks: Object.freeze({ succeeded: 0, failed: 0, timed_out: 0, dead: 0, cancelled: 0 }),
  startedTasks: 0,
  unpricedTasks: 0,
  responseUs: 0n,
  queueWaitUs: 0n,
  runUs: 0n,
  costPicodollars: 0n,
});

export function countTasks({ totals }: Rollup): number {
  return ENDINGS.reduce((sum, status) => sum + totals.tasks[status], 0);
}

/** With one more task. The sketch of the roll-up is changed, its totals are new. */
export function withEnding({ totals, responseTimes }: Rollup, ending: TaskEnding): Rollup {
  responseTimes.add(ending.responseMs);
  return { totals: addTotals(totals, totalsOf(ending), 1), responseTimes };
}

/**
 * Without a task that it counts. The roll-up as it was when it cannot be one of its own: what it says of the others must
 * not become wrong, and a count never falls below zero.
 */
export function withoutEnding(rollup: Rollup, ending: TaskEnding): Rollup {
  const { totals, responseTimes } = rollup;
  if (totals.tasks[ending.status] === 0 || !responseTimes.remove(ending.responseMs)) return rollup;
  return { totals: addTotals(totals, totalsOf(ending), -1), responseTimes };
}

/** Of both stretches. The sketch of the first one is changed. */
export function mergeRollups(rollup: Rollup, other: Rollup): Rollup {
  rollup.responseTimes.merge(other.responseTimes);
  return { totals: addTotals(rollup.totals, other.totals, 1), responseTimes: rollup.responseTimes };
}

function totalsOf(ending: TaskEnding): RollupTotals {
  return {
    tasks: { ...NOTHING.tasks, [ending.status]: 1 },
    startedTasks: ending.queueWaitUs === null ? 0 : 1,
    unpricedTasks: ending.isUnpriced ? 1 : 0,
    responseUs: 1_000n * BigInt(ending.responseMs),
    queueWaitUs: BigInt(ending.queueWaitUs ?? 0),
    runUs: BigInt(ending.runUs),
    costPicodollars: ending.costPicodollars,
  };
}

function addTotals(a: RollupTotals, b: RollupTotals, sign: 1 | -1): RollupTotals {
  const bigSign = BigInt(sign);
  const tasks = { ...a.tasks };
  for (const status of ENDINGS) tasks[status] += sign * b.tasks[status];
  return {
    tasks,
    startedTasks: a.startedTasks + sign * b.startedTasks,
    unpricedTasks: a.unpricedTasks + sign * b.unpricedTasks,
    responseUs: a.responseUs + bigSign * b.responseUs,
    queueWaitUs: a.queueWaitUs + bigSign * b.queueWaitUs,
    runUs: a.runUs + bigSign * b.runUs,
    costPicodollars: a.costPicodollars + bigSign * b.costPicodollars,
  };
}
