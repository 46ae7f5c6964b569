import type { Kysely } from 'kysely';

/** Times are epoch milliseconds, so that both databases sort and bucket them with the same arithmetic. */
export interface TasksTable {
  task_id: string;
  /** Grows by one with each write, so that of two writers at once the later one sees that it was not alone. */
  version: number;
  agent_id: string;
  tenant_id: string;
  notification_type: string;
  status: string;
  source: string | null;
  session_id: string | null;
  correlation_id: string | null;
  trace_id: string | null;
  parent_task_id: string | null;
  accepted_at_ms: number;
  ended_at_ms: number | null;
  /** The task record, whole, as JSON; the columns are copies of it to search by. */
  record: string;
}

export interface AnnouncementsTable {
  agent_id: string;
  worker_id: string;
  at_ms: number;
  state: string;
  /** The announcement, whole, as JSON. */
  body: string;
}

export interface RecordTables {
  tasks: TasksTable;
  agent_announcements: AnnouncementsTable;
}

export type RecordDatabase = Kysely<RecordTables>;

/**
 * Steps of the schema, oldest first: only ever append, an applied step cannot change. JSON stands in text columns: it
 * comes back as it went in, while `jsonb` refuses NUL characters and loses the order of keys.
 */
export function recordSteps(dialect: 'postgres' | 'sqlite'): string[] {
  // Both databases sort ids by their bytes then; otherwise the order of Postgres depends on its locale.
  const text = dialect === 'postgres' ? 'text collate "C"' : 'text';
  return [
    `create table tasks (
       task_id ${text} primary key,
       version bigint not null,
       agent_id ${text} not null,
       tenant_id ${text} not null,
       notification_type ${text} not null,
       status ${text} not null,
       source ${text},
       session_id ${text},
       correlation_id ${text},
       trace_id ${text},
       parent_task_id ${text},
       accepted_at_ms bigint not null,
       ended_at_ms bigint,
       record text not null
     );
     create index tasks_by_acceptance on tasks (accepted_at_ms, task_id);
     create index tasks_by_agent on tasks (agent_id, accepted_at_ms, task_id);
     create index tasks_by_trace on tasks (trace_id) where trace_id is not null;
     create index tasks_by_correlation on tasks (correlation_id) where correlation_id is not null;
     create table agent_announcements (
       agent_id ${text} not null,
       worker_id ${text} not null,
       at_ms bigint not null,
       state ${text} not null,
       body text not null,
       primary key (agent_id, worker_id)
     );`,
  ];
}
