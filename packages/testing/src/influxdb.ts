import { LOOPBACK, type RunningContainer, startContainer } from './container.ts';
import { useServer } from './use-server.ts';

const ORG = 'tracepost';
const TOKEN = 'token-of-the-tests';

export interface InfluxDbServer extends AsyncDisposable {
  readonly url: string;
  readonly org: string;
  /** An operator's token: may do everything. */
  readonly token: string;
  readonly metricsBucket: string;
  readonly logsBucket: string;
  readonly rollUpsBucket: string;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** An InfluxDB that is set up, with buckets for metrics, for their roll-ups, and for logs. */
export async function startInfluxDb(): Promise<InfluxDbServer> {
  const container = await startContainer({
    image: 'influxdb:2.7.12',
    ports: [8086],
    environment: {
      DOCKER_INFLUXDB_INIT_MODE: 'setup',
      DOCKER_INFLUXDB_INIT_USERNAME: 'tester',
      DOCKER_INFLUXDB_INIT_PASSWORD: 'secret of the tests',
      DOCKER_INFLUXDB_INIT_ORG: ORG,
      DOCKER_INFLUXDB_INIT_BUCKET: 'metrics',
      DOCKER_INFLUXDB_INIT_ADMIN_TOKEN: TOKEN,
    },
    waitFor: (wait) =>
      wait.forHttp('/api/v2/buckets?name=metrics', 8086).withHeaders({ authorization: `Token ${TOKEN}` }),
    prepare: async (started) => {
      await createBucket(urlOf(started), 'logs');
      await createBucket(urlOf(started), 'rollups');
    },
  });
  return {
    url: urlOf(container),
    org: ORG,
    token: TOKEN,
    metricsBucket: 'metrics',
    logsBucket: 'logs',
    rollUpsBucket: 'rollups',
    restart: () => container.started.restart({ timeout: 10 }),
    stop: container.stop,
    [Symbol.asyncDispose]: container.stop,
  };
}

/** One InfluxDB for all tests of the surrounding suite. */
export function useInfluxDb(): () => InfluxDbServer {
  return useServer(startInfluxDb);
}

function urlOf(container: RunningContainer): string {
  return `http://${LOOPBACK}:${container.port(8086)}`;
}

async function createBucket(url: string, name: string): Promise<void> {
  const headers = { authorization: `Token ${TOKEN}`, 'content-type': 'application/json' };
  const answer = await fetch(`${url}/api/v2/orgs?org=${ORG}`, { headers });
  const { orgs } = (await answer.json()) as { orgs: { id: string }[] };
  const body = JSON.stringify({ orgID: orgs[0]?.id, name, retentionRules: [] });
  const created = await fetch(`${url}/api/v2/buckets`, { method: 'POST', headers, body });
  if (!created.ok) throw new Error(`InfluxDB made no bucket ${name}: ${created.status} ${await created.text()}`);
}
