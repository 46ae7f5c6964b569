import type { AgentTaskCounts } from '@tracepost/stores';
import { sql } from 'kysely';
import type { RecordDatabase } from './schema.ts';
import { epochMs } from './task-row.ts';

interface Counted {
  readonly agent_id: string;
  readonly what: string;
  readonly count: number;
  readonly oldest_ms: number | null;
}

/**
 * One statement, so that the numbers are of one moment. The agents come one after the other out of their index: to
 * look at every task for its agent would take longer with every day.
 */
export async function countByAgent(db: RecordDatabase, since: string): Promise<AgentTaskCounts[]> {
  const sinceMs = epochMs(since);
  const { rows } = await sql<Counted>`
    with recursive agents (agent_id) as (
      select min(agent_id) from tasks
      union all
      select (select min(tasks.agent_id) from tasks where tasks.agent_id > agents.agent_id)
      from agents where agents.agent_id is not null
    )
    select agent_id, 'known' as what, 0 as count, cast(null as bigint) as oldest_ms
    from agents where agent_id is not null
    union all
    select agent_id, status, count(*), min(accepted_at_ms)
    from tasks where status in ('accepted', 'running', 'retrying') and status <> 'succeeded'
    group by agent_id, status
    union all
    select agent_id, 'accepted since', count(*), null
    from tasks where accepted_at_ms >= ${sinceMs} group by agent_id
    union all
    select agent_id, 'started since', count(*), null
    from tasks where started_at_ms >= ${sinceMs} group by agent_id`.execute(db);
  const byAgent = [...Map.groupBy(rows, ({ agent_id }) => agent_id)];
  return byAgent.sort(([a], [b]) => (a < b ? -1 : 1)).map(([agentId, counted]) => toCounts(agentId, counted));
}

function toCounts(agentId: string, counted: readonly Counted[]): AgentTaskCounts {
  const row = (what: string) => counted.find((one) => one.what === what);
  const oldestMs = row('accepted')?.oldest_ms ?? null;
  return {
    agentId,
    oldestAcceptedAt: oldestMs === null ? null : new Date(oldestMs).toISOString(),
    running: row('running')?.count ?? 0,
    retrying: row('retrying')?.count ?? 0,
    acceptedSince: row('accepted since')?.count ?? 0,
    startedSince: row('started since')?.count ?? 0,
  };
}
