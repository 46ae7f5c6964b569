/**
 * An entry is one message in one queue; its content is stored apart, so that rebuilding the index reads small rows only,
 * marking a delivery never rewrites a body, and queues that share a message share its body.
 */
export const SCHEMA: readonly string[] = [
  `
  CREATE TABLE exchange (name TEXT PRIMARY KEY, type TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE queue (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, arguments TEXT NOT NULL);
  CREATE TABLE binding (
    queue TEXT NOT NULL, exchange TEXT NOT NULL, key TEXT NOT NULL,
    PRIMARY KEY (queue, exchange, key)
  ) WITHOUT ROWID;
  CREATE TABLE content (id INTEGER PRIMARY KEY, properties TEXT NOT NULL, body BLOB NOT NULL);
  CREATE TABLE entry (
    id INTEGER PRIMARY KEY,  -- also the order within a queue and priority
    queue INTEGER NOT NULL,
    content INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    state INTEGER NOT NULL   -- 0 never delivered, 1 in the hands of a consumer, 2 given back
  );
  CREATE TABLE probe (id INTEGER PRIMARY KEY, filler BLOB NOT NULL);
  `,
  // Milliseconds since the epoch; null where messages may wait for ever.
  'ALTER TABLE entry ADD COLUMN due_at INTEGER',
];
