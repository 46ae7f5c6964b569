import { readSketch } from '@tracepost/analysis';
import type { Rollup } from '@tracepost/stores';
import type { RollupsTable } from '../schema.ts';
import { toBuffer } from '../to-buffer.ts';

export type RollupKey = Pick<RollupsTable, 'agent_id' | 'tenant_id' | 'unit' | 'start_ms'>;

/** In the order in which rows are locked, so that two batches never wait for each other crosswise. */
export function textOfKey({ agent_id, unit, start_ms, tenant_id }: RollupKey): string {
  return JSON.stringify([agent_id, unit, start_ms, tenant_id]);
}

export function toRollupRow({ agent_id, tenant_id, unit, start_ms }: RollupKey, rollup: Rollup): RollupsTable {
  const { totals, responseTimes } = rollup;
  return {
    agent_id,
    tenant_id,
    unit,
    start_ms,
    succeeded: totals.tasks.succeeded,
    failed: totals.tasks.failed,
    timed_out: totals.tasks.timed_out,
    dead: totals.tasks.dead,
    cancelled: totals.tasks.cancelled,
    started: totals.startedTasks,
    unpriced: totals.unpricedTasks,
    response_us: String(totals.responseUs),
    queue_wait_us: String(totals.queueWaitUs),
    run_us: String(totals.runUs),
    cost_picodollars: String(totals.costPicodollars),
    response_times: toBuffer(responseTimes.toBytes()),
  };
}

export function fromRollupRow(row: RollupsTable): Rollup {
  return {
    totals: {
      tasks: {
        succeeded: row.succeeded,
        failed: row.failed,
        timed_out: row.timed_out,
        dead: row.dead,
        cancelled: row.cancelled,
      },
      startedTasks: row.started,
      unpricedTasks: row.unpriced,
      responseUs: BigInt(row.response_us),
      queueWaitUs: BigInt(row.queue_wait_us),
      runUs: BigInt(row.run_us),
      costPicodollars: BigInt(row.cost_picodollars),
    },
    responseTimes: readSketch(row.response_times),
  };
}
