import { createHash } from 'node:crypto';
import type { Logger } from '@tracepost/telemetry';
import type { LogEvent } from 'kysely';

const SLOW_MS = 200;
const LONGEST_TEXT = 500;

/** Tells of statements that took over 200 ms, by their text alone: values never leave the process. */
export function createStatementLog(logger: Logger, system: string): (event: LogEvent) => void {
  return ({ query, queryDurationMillis }) => {
    if (queryDurationMillis <= SLOW_MS) return;
    const statement = fingerprint(query.sql);
    logger.warn(
      {
        layer: 'store',
        action: `service:${system}:statement`,
        durationMs: Math.round(queryDurationMillis),
        fingerprint: createHash('sha256').update(statement).digest('hex').slice(0, 12),
        statement: statement.slice(0, LONGEST_TEXT),
      },
      'A statement was slow',
    );
  };
}

const PLACEHOLDERS = /\((?:\$\d+|\?)(?:, (?:\$\d+|\?))*\)(?:, \((?:\$\d+|\?)(?:, (?:\$\d+|\?))*\))*/g;

/** The same for every number of rows: a list of placeholders becomes three dots. */
export function fingerprint(statement: string): string {
  return statement.replace(PLACEHOLDERS, '(...)');
}
