import { randomUUID } from 'node:crypto';
import { LOOPBACK, startContainer } from './container.ts';
import { useServer } from './use-server.ts';

const USER = 'tester';
const PASSWORD = 'secret of the tests';

export interface PostgresServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** An empty database beside the first one, so that suites on one server do not meet; gives its name. */
  createDatabase(): Promise<string>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startPostgres(): Promise<PostgresServer> {
  const container = await startContainer({
    image: 'postgres:18',
    ports: [5432],
    environment: { POSTGRES_USER: USER, POSTGRES_PASSWORD: PASSWORD, POSTGRES_DB: 'tracepost' },
    // Over the network: the server that only runs the initial scripts listens on a socket file.
    waitFor: (wait) => wait.forSuccessfulCommand('pg_isready -h 127.0.0.1'),
  });
  return {
    host: LOOPBACK,
    port: container.port(5432),
    database: 'tracepost',
    user: USER,
    password: PASSWORD,
    async createDatabase() {
      const name = `test_${randomUUID().replaceAll('-', '')}`;
      await container.exec(['createdb', '-U', USER, name]);
      return name;
    },
    restart: () => container.started.restart({ timeout: 10 }),
    stop: container.stop,
    [Symbol.asyncDispose]: container.stop,
  };
}

/** One Postgres for all tests of the surrounding suite. */
export function usePostgres(): () => PostgresServer {
  return useServer(startPostgres);
}
