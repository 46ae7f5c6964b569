import pg, { type ClientConfig } from 'pg';

export interface PostgresOptions {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

const CONNECT_TIMEOUT_MS = 5_000;
const INT8 = 20;

/** Every wait has an end: to connect, for a statement at the server, for an answer here, for a forgotten transaction. */
export function connectionOptions(options: PostgresOptions, statementTimeoutMs: number): ClientConfig {
  const { host, port, database, user, password } = options;
  return {
    host,
    port,
    database,
    user,
    password,
    application_name: 'tracepost',
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: statementTimeoutMs,
    // Later than the server's own, so that it only ends what no server answers any more.
    query_timeout: statementTimeoutMs + 2_000,
    idle_in_transaction_session_timeout: 2 * statementTimeoutMs,
    types: {
      // Milliseconds and counts stay far below 2^53; the driver would hand them over as texts.
      getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
        oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
    },
  };
}
