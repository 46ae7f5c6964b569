/** What questions about metrics need beside the points; see `rollUp` of the port. */
export const METRIC_QUESTION_TABLES = `
  -- What one series added in one whole hour (hours since the epoch), by shape.
  CREATE TABLE metric_hours (
    series INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    shape TEXT NOT NULL,
    tally TEXT NOT NULL,
    PRIMARY KEY (series, hour, shape)
  ) WITHOUT ROWID;

  -- One row: hours before this one are in metric_hours.
  CREATE TABLE metric_rolled (id INTEGER PRIMARY KEY CHECK (id = 1), through INTEGER NOT NULL);

  -- Hours of a metric that points have come to since. \`marks\` tells whether another has come while the hour was done again.
  CREATE TABLE metric_late (
    name TEXT NOT NULL,
    hour INTEGER NOT NULL,
    marks INTEGER NOT NULL,
    PRIMARY KEY (name, hour)
  ) WITHOUT ROWID;

  -- The metrics and attributes of each day (milliseconds of its beginning). The key is empty in the row of the metric itself.
  CREATE TABLE metric_catalog (
    name TEXT NOT NULL,
    day INTEGER NOT NULL,
    key TEXT NOT NULL,
    kind TEXT,
    unit TEXT,
    description TEXT,
    PRIMARY KEY (name, day, key)
  ) WITHOUT ROWID;
  CREATE INDEX metric_catalog_by_day ON metric_catalog (day);
`;
