/**
 * Steps of the schema; only ever append.
 *
 * Ids of traces are random, and an index in their order touches a page of its own for nearly every span: measured,
 * inserts cost four times as much, growing with the table. So ids are indexed behind their first byte (`prefix`) and the
 * time: inserts then go to the ends of 256 runs, which stay in the cache, and finding a trace reads one of the runs,
 * 1/256 of a covering index. The same index keeps a span that is written twice from being there twice.
 */
export const SCHEMA: readonly string[] = [
  `
  CREATE TABLE origins (
    id INTEGER PRIMARY KEY,
    service TEXT NOT NULL,
    resource TEXT NOT NULL,
    scope_name TEXT NOT NULL,
    scope_version TEXT NOT NULL
  );

  CREATE TABLE spans (
    id INTEGER PRIMARY KEY,
    prefix INTEGER NOT NULL,
    trace_id BLOB NOT NULL,
    span_id BLOB NOT NULL,
    parent_span_id BLOB,
    origin INTEGER NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    start_ns INTEGER NOT NULL,
    end_ns INTEGER NOT NULL,
    status_code TEXT NOT NULL,
    status_message TEXT NOT NULL,
    attributes TEXT NOT NULL,
    events TEXT NOT NULL,
    links TEXT NOT NULL
  );
  CREATE UNIQUE INDEX spans_by_trace ON spans (prefix, start_ns, trace_id, span_id);

  CREATE TABLE logs (
    id INTEGER PRIMARY KEY,
    time_ns INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL,
    level TEXT NOT NULL,
    origin INTEGER NOT NULL,
    prefix INTEGER,
    trace_id BLOB,
    span_id BLOB,
    task_id TEXT,
    agent_id TEXT,
    correlation_id TEXT,
    message TEXT NOT NULL,
    attributes TEXT NOT NULL
  );
  CREATE UNIQUE INDEX logs_by_time ON logs (time_ns, fingerprint);
  CREATE INDEX logs_by_trace ON logs (prefix, time_ns, trace_id) WHERE trace_id IS NOT NULL;
  -- Our task ids begin with their time (UUIDv7), so this one grows at its end by itself.
  CREATE INDEX logs_by_task ON logs (task_id, time_ns) WHERE task_id IS NOT NULL;

  CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    service TEXT NOT NULL,
    tags TEXT NOT NULL
  );
  CREATE INDEX series_by_name ON series (name);

  CREATE TABLE metric_points (
    series INTEGER NOT NULL,
    time_ns INTEGER NOT NULL,
    fields TEXT NOT NULL,
    PRIMARY KEY (series, time_ns)
  ) WITHOUT ROWID;
  `,
];
