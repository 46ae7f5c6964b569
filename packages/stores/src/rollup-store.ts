import type { Rollup } from './windows/rollup.ts';

export const ROLLUP_UNITS = ['minute', 'hour', 'day'] as const;
/** Of UTC. */
export type RollupUnit = (typeof ROLLUP_UNITS)[number];

export const ROLLUP_UNIT_MS: Readonly<Record<RollupUnit, number>> = Object.freeze({
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
});

/**
 * How the tasks of each agent ended, by the minute, hour and day in which they did. A record store keeps it in the
 * transaction in which a task ends (or turns out to have ended otherwise), so that it is what adding up all records would
 * give, whatever came late, twice or out of order and whoever was killed in the middle.
 */
export interface RollupStore {
  /**
   * The tasks that ended from `fromMs` on and before `toMs`. Edges finer than a minute come from the records themselves. Where
   * those are forgotten, or the minutes of an hour, the stretch that is told is wider, by the rest of that minute or hour.
   */
  readWindow(query: WindowQuery): Promise<Window>;
  /** The minutes, hours or days that begin from `fromMs` on and before `toMs` and in which tasks ended, oldest first; at most 10,000. */
  listRollups(query: WindowQuery & { readonly unit: RollupUnit }): Promise<RolledUp[]>;
  /** Forgets minutes and longer stretches that began so long ago, some thousands at a time; how many. */
  purge(nowMs: number, olderThan: { readonly minutesMs: number; readonly hoursMs: number }): Promise<number>;
}

export interface WindowQuery {
  readonly agentId: string;
  /** All tenants when none is given. */
  readonly tenantId?: string;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Window extends Rollup {
  /** What was really counted. */
  readonly fromMs: number;
  readonly toMs: number;
}

export interface RolledUp extends Rollup {
  readonly tenantId: string;
  readonly startMs: number;
}
