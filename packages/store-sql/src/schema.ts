import type { MetricKind } from '@tracepost/contracts';
import type { RollupUnit } from '@tracepost/stores';
import type { Kysely } from 'kysely';
import { sessionSteps } from './session-store/schema.ts';

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
  started_at_ms: number | null;
  ended_at_ms: number | null;
  /** What a search for words looks through; null in rows that were written before there was one. */
  search_text: string | null;
  /** What the roll-ups have counted of it, as `toEndingText` gives it; null as long as it has not ended. */
  counted: string | null;
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

/** One row for each task that a worker, the recorder or a cancel has touched: who works on it and how it ended. */
export interface InboxTable {
  task_id: string;
  agent_id: string;
  state: 'running' | 'waiting' | 'ended';
  /** As the message says that runs, or the next one that may: what older copies are told by. */
  attempt: number;
  /** Of the attempt that was begun last: crashes count, which no message tells. 0: none was. */
  attempt_number: number;
  crashes: number;
  /** What the last claim said of its attempt, as JSON; null where nobody has claimed it. */
  beginning: string | null;
  /** Attempts that were taken over, as JSON objects with a comma after each. */
  lost: string;
  /** What is told of attempts that were tried again, as JSON objects with a comma after each. */
  failed: string;
  copy: string;
  worker_id: string;
  /** Grows with each claim; whoever holds a lower one has lost it. 0: nobody has claimed it yet. */
  generation: number;
  /** Of the last claim: only there so that the statement that claims can see it. */
  is_redelivered: 0 | 1;
  expires_at_ms: number;
  is_cancel_requested: 0 | 1;
  /** The event that ended it, as JSON. */
  ending: string | null;
  begun_at_ms: number;
  changed_at_ms: number;
  /** When the payload goes; later, when the row does. */
  purge_at_ms: number;
  /** Of the payload, as JSON. */
  properties: string | null;
  body: Uint8Array | null;
}

export interface EffectsTable {
  tenant_id: string;
  scope: string;
  effect_key: string;
  task_id: string;
  begun_at_ms: number;
  is_done: 0 | 1;
  /** As JSON. */
  result: string | null;
}

export interface IdempotencyKeysTable {
  tenant_id: string;
  agent_id: string;
  idempotency_key: string;
  body_hash: string;
  task_id: string;
  trace_id: string;
  claimed_at_ms: number;
  /** As JSON; null: not answered yet. */
  answer: string | null;
}

export interface DeadLettersTable {
  queue: string;
  task_id: string;
  dead_at_ms: number;
  bytes: number;
  /** The letter without its body, as JSON. */
  letter: string;
  body: Uint8Array;
  /** Removed ones stay as an empty row, so that the recorder, told twice of one, does not bring it back. */
  removed_at_ms: number | null;
}

export interface AuditTable {
  audit_id: string;
  at_ms: number;
  action: string;
  task_id: string;
  /** The entry, whole, as JSON. */
  entry: string;
}

/** Times in microseconds, so that what is merged again and again stays exact. */
export interface TraceSummariesTable {
  trace_id: string;
  /** Grows by one with each write, so that of two writers at once the later one sees that it was not alone. */
  version: number;
  started_us: number;
  ended_us: number;
  has_error: 0 | 1;
  seen_at_ms: number;
  /** As JSON. */
  root: string;
  /** What the trace is found by, a line each. */
  terms: string;
  /** Samples of the ids of its spans, and of those that failed. */
  spans: string;
  errors: string;
}

/** Which trace a task stands in: the one question that looking through the traces would answer too slowly. */
export interface TraceTasksTable {
  task_id: string;
  trace_id: string;
}

export interface RecordedEventsTable {
  event_id: string;
  at_ms: number;
  recorded_at_ms: number;
  type: string;
  source: string;
  correlation_id: string | null;
  /** The event, whole, as JSON. */
  event: string;
}

/** One for each combination of attribute values of a recorded metric. */
export interface RecordedSeriesTable {
  /** A hash of all the others. */
  series_id: string;
  name: string;
  kind: MetricKind;
  unit: string;
  /** As JSON, by key. */
  attributes: string;
  /** The keys alone, as JSON: what a catalogue needs of thousands of series. */
  attribute_keys: string;
}

/** What the values of one series in one minute come to, or, once they are old, in one hour. */
export interface RecordedPointsTable {
  series_id: string;
  start_ms: number;
  span_ms: number;
  count: number;
  sum: number;
  min: number;
  max: number;
  last: number;
  last_at_ms: number;
  last_event_id: string;
  sketch: Uint8Array;
}

/** The tasks of an agent that ended within a minute, an hour or a day. Sums may outgrow any integer of a database: as decimal texts. */
export interface RollupsTable {
  agent_id: string;
  tenant_id: string;
  unit: RollupUnit;
  start_ms: number;
  succeeded: number;
  failed: number;
  timed_out: number;
  dead: number;
  cancelled: number;
  /** Of which an attempt began. */
  started: number;
  unpriced: number;
  response_us: string;
  queue_wait_us: string;
  run_us: string;
  cost_picodollars: string;
  /** A sketch of response times in milliseconds. */
  response_times: Uint8Array;
}

export interface RecordTables {
  tasks: TasksTable;
  agent_announcements: AnnouncementsTable;
  inbox: InboxTable;
  effects: EffectsTable;
  idempotency_keys: IdempotencyKeysTable;
  dead_letters: DeadLettersTable;
  audit: AuditTable;
  rollups: RollupsTable;
  recorded_events: RecordedEventsTable;
  recorded_series: RecordedSeriesTable;
  recorded_points: RecordedPointsTable;
  trace_summaries: TraceSummariesTable;
  trace_tasks: TraceTasksTable;
}

export type RecordDatabase = Kysely<RecordTables>;

/**
 * Steps of the schema, oldest first: only ever append, an applied step cannot change. JSON stands in text columns: it
 * comes back as it went in, while `jsonb` refuses NUL characters and loses the order of keys.
 */
export function recordSteps(dialect: 'postgres' | 'sqlite'): string[] {
  // Both databases sort ids by their bytes then; otherwise the order of Postgres depends on its locale.
  const text = dialect === 'postgres' ? 'text collate "C"' : 'text';
  const bytes = dialect === 'postgres' ? 'bytea' : 'blob';
  // Whole numbers of any size; given and read as text in both.
  const sum = dialect === 'postgres' ? 'numeric' : 'text';
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
    // What changes with each claim and ending stands in no index, so that Postgres need not touch one (heap-only tuples).
    `create table inbox (
       task_id ${text} primary key,
       agent_id ${text} not null,
       state ${text} not null,
       attempt integer not null,
       copy ${text} not null,
       worker_id ${text} not null,
       generation integer not null,
       is_redelivered smallint not null,
       expires_at_ms bigint not null,
       is_cancel_requested smallint not null,
       ending text,
       begun_at_ms bigint not null,
       changed_at_ms bigint not null,
       purge_at_ms bigint not null,
       properties text,
       body ${bytes}
     );
     create index inbox_by_purge on inbox (purge_at_ms);
     create table effects (
       tenant_id ${text} not null,
       scope ${text} not null,
       effect_key ${text} not null,
       task_id ${text} not null,
       begun_at_ms bigint not null,
       is_done smallint not null,
       result text,
       primary key (tenant_id, scope, effect_key)
     );
     create index effects_by_begin on effects (begun_at_ms);`,
    `create table idempotency_keys (
       tenant_id ${text} not null,
       agent_id ${text} not null,
       idempotency_key ${text} not null,
       body_hash ${text} not null,
       task_id ${text} not null,
       trace_id ${text} not null,
       claimed_at_ms bigint not null,
       answer text,
       primary key (tenant_id, agent_id, idempotency_key)
     );
     create index idempotency_keys_by_claim on idempotency_keys (claimed_at_ms);
     create table dead_letters (
       queue ${text} not null,
       task_id ${text} not null,
       dead_at_ms bigint not null,
       bytes integer not null,
       letter text not null,
       body ${bytes} not null,
       removed_at_ms bigint,
       primary key (queue, task_id)
     );
     create index dead_letters_by_queue on dead_letters (queue, dead_at_ms, task_id) where removed_at_ms is null;
     create index dead_letters_by_time on dead_letters (dead_at_ms);
     create table audit (
       audit_id ${text} primary key,
       at_ms bigint not null,
       action ${text} not null,
       task_id ${text} not null,
       entry text not null
     );
     create index audit_by_time on audit (at_ms, audit_id);
     create index audit_by_task on audit (task_id, at_ms, audit_id);`,
    // Most tasks succeed, and most of those are written once, when they have: they stay out of the index by status.
    `alter table tasks add column started_at_ms bigint;
     alter table tasks add column search_text text;
     create index tasks_by_start on tasks (started_at_ms, agent_id) where started_at_ms is not null;
     create index tasks_by_session on tasks (session_id, accepted_at_ms, task_id) where session_id is not null;
     create index tasks_by_parent on tasks (parent_task_id, accepted_at_ms, task_id) where parent_task_id is not null;
     create index tasks_by_status on tasks (status, accepted_at_ms, task_id, agent_id) where status <> 'succeeded';`,
    `alter table inbox add column attempt_number integer not null default 0;
     alter table inbox add column crashes integer not null default 0;
     update inbox set attempt_number = attempt;`,
    // The index holds all that the edges of a window need: no record is read for them.
    `alter table tasks add column counted text;
     create index tasks_by_end on tasks (agent_id, ended_at_ms, tenant_id, counted) where counted is not null;
     create table rollups (
       agent_id ${text} not null,
       tenant_id ${text} not null,
       unit ${text} not null,
       start_ms bigint not null,
       succeeded bigint not null,
       failed bigint not null,
       timed_out bigint not null,
       dead bigint not null,
       cancelled bigint not null,
       started bigint not null,
       unpriced bigint not null,
       response_us ${sum} not null,
       queue_wait_us ${sum} not null,
       run_us ${sum} not null,
       cost_picodollars ${sum} not null,
       response_times ${bytes} not null,
       primary key (agent_id, unit, start_ms, tenant_id)
     );
     create index rollups_by_time on rollups (unit, start_ms);`,
    `create table trace_summaries (
       trace_id ${text} primary key,
       version bigint not null,
       started_us bigint not null,
       ended_us bigint not null,
       has_error smallint not null,
       seen_at_ms bigint not null,
       root text not null,
       terms text not null,
       spans text not null,
       errors text not null
     );
     create index trace_summaries_by_start on trace_summaries (started_us, trace_id);
     create table trace_tasks (
       task_id ${text} not null,
       trace_id ${text} not null,
       primary key (task_id, trace_id)
     )${dialect === 'sqlite' ? ' without rowid' : ''};`,
    // Forgotten by when they were recorded: the id of one that names an old time is remembered as long as any other.
    `create table recorded_events (
       event_id ${text} primary key,
       at_ms bigint not null,
       recorded_at_ms bigint not null,
       type ${text} not null,
       source ${text} not null,
       correlation_id ${text},
       event text not null
     );
     create index recorded_events_by_time on recorded_events (at_ms, event_id);
     create index recorded_events_by_type on recorded_events (type, at_ms, event_id);
     create index recorded_events_by_source on recorded_events (source, at_ms, event_id);
     create index recorded_events_by_correlation on recorded_events (correlation_id, at_ms, event_id) where correlation_id is not null;
     create index recorded_events_by_recording on recorded_events (recorded_at_ms);
     create table recorded_series (
       series_id ${text} primary key,
       name ${text} not null,
       kind ${text} not null,
       unit ${text} not null,
       attributes text not null,
       attribute_keys text not null
     );
     create index recorded_series_by_name on recorded_series (name);
     create table recorded_points (
       series_id ${text} not null,
       start_ms bigint not null,
       span_ms bigint not null,
       count bigint not null,
       sum double precision not null,
       min double precision not null,
       max double precision not null,
       last double precision not null,
       last_at_ms bigint not null,
       last_event_id ${text} not null,
       sketch ${bytes} not null,
       primary key (series_id, start_ms, span_ms)
     );
     create index recorded_points_by_time on recorded_points (span_ms, start_ms);`,
    // The sessions of an embedded installation stand in a file of their own. Steps that they are given later have their place below:
    // here they would move those that follow.
    ...(dialect === 'postgres' ? sessionSteps('postgres').slice(0, 1) : []),
    `alter table inbox add column beginning text;
     alter table inbox add column lost text not null default '';`,
    `alter table inbox add column failed text not null default '';`,
  ];
}
