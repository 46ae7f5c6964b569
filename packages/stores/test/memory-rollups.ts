import type { TaskEvent } from '@tracepost/contracts';
import { sumOf } from '../src/contract/rolled-up.ts';
import {
  endingOfTask,
  type RecordStore,
  ROLLUP_UNIT_MS,
  ROLLUP_UNITS,
  type RolledUp,
  type RollupStore,
  type RollupUnit,
  readWindow,
  type TaskEnding,
} from '../src/index.ts';
import type { MemoryData } from './memory-record-store.ts';

/** What was counted outlives the records; each unit forgets what began before its time. */
export interface RollupData {
  readonly counted: Map<string, TaskEnding>;
  readonly forgottenBefore: Record<RollupUnit, number>;
}

export function rollupData(): RollupData {
  const never = Number.NEGATIVE_INFINITY;
  return { counted: new Map(), forgottenBefore: { minute: never, hour: never, day: never } };
}

/** Counts the tasks again that a batch was about. */
export function countingRecords(records: RecordStore, { tasks, counted }: MemoryData & RollupData): RecordStore {
  return {
    ...records,
    async applyTaskEvents(events: readonly TaskEvent[]) {
      await records.applyTaskEvents(events);
      for (const { task } of events) {
        const record = tasks.get(task.taskId);
        const ending = record ? endingOfTask(record) : null;
        if (ending) counted.set(task.taskId, ending);
      }
    },
  };
}

export function memoryRollups({ tasks, counted, forgottenBefore }: MemoryData & RollupData): RollupStore {
  const startOf = ({ endedAtMs }: TaskEnding, unit: RollupUnit) => endedAtMs - (endedAtMs % ROLLUP_UNIT_MS[unit]);
  const list: RollupStore['listRollups'] = async ({ agentId, tenantId, fromMs, toMs, unit }) => {
    const rows = [...counted.values()].filter(
      (ending) =>
        ending.agentId === agentId &&
        (tenantId === undefined || ending.tenantId === tenantId) &&
        startOf(ending, unit) >= Math.max(fromMs, forgottenBefore[unit]) &&
        startOf(ending, unit) < toMs,
    );
    return [...Map.groupBy(rows, (ending) => JSON.stringify([startOf(ending, unit), ending.tenantId])).values()]
      .map((group): RolledUp => {
        const first = group[0] as TaskEnding;
        return { ...sumOf(group), tenantId: first.tenantId, startMs: startOf(first, unit) };
      })
      .sort((a, b) => a.startMs - b.startMs || (a.tenantId < b.tenantId ? -1 : 1));
  };
  return {
    listRollups: list,
    readWindow: ({ fromMs, toMs, ...query }) =>
      readWindow(
        { fromMs, toMs },
        {
          readRollups: async (stretches) => {
            const rows = stretches.map(async (stretch) =>
              (await list({ ...query, ...stretch })).map((row) => ({ ...row, unit: stretch.unit })),
            );
            return (await Promise.all(rows)).flat();
          },
          readEndings: async (range) =>
            [...tasks.values()]
              .map(endingOfTask)
              .filter((ending) => ending !== null)
              .filter(
                ({ agentId, tenantId, endedAtMs }) =>
                  agentId === query.agentId &&
                  (query.tenantId === undefined || tenantId === query.tenantId) &&
                  endedAtMs >= range.fromMs &&
                  endedAtMs < range.toMs,
              ),
        },
      ),
    async purge(nowMs, { minutesMs, hoursMs }) {
      let gone = 0;
      for (const unit of ROLLUP_UNITS) {
        const before = nowMs - (unit === 'minute' ? minutesMs : hoursMs) + 1;
        const starts = [...counted.values()].map((ending) => startOf(ending, unit));
        gone += new Set(starts.filter((start) => start >= forgottenBefore[unit] && start < before)).size;
        forgottenBefore[unit] = Math.max(forgottenBefore[unit], before);
      }
      return gone;
    },
  };
}
