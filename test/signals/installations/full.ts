import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRabbitMqBroker } from '@tracepost/messaging/rabbitmq';
import { createTelemetry } from '@tracepost/telemetry';
import {
  type FaultProxy,
  startFaultProxy,
  startInfluxDb,
  startJaeger,
  startPostgres,
  startRabbitMq,
} from '@tracepost/testing';
import { createClient } from '../../end-to-end/client.ts';
import { freePorts } from '../../end-to-end/free-ports.ts';
import { publishRecordedTasks } from '../vectors/recorded-tasks.ts';
import { type Collector, startCollector } from './collector.ts';
import type { Installation } from './installation.ts';
import { type RunningProcess, startProcess } from './processes.ts';

const INGEST_TOKEN = 'token-of-the-collector';

export interface FullInstallation extends Installation {
  /** Everything on its way to Jaeger, spans in and questions. */
  readonly wayToJaeger: readonly FaultProxy[];
  readonly wayToInfluxDb: readonly FaultProxy[];
  /** One more collector in front of the same stores, with queues of this size. */
  startCollector(options: { readonly queueBytes: number }): Promise<Collector>;
}

/**
 * Every service of the full set in a process of its own, on real servers and behind the real collector with the product's file. Faster
 * up than docker compose, which test/end-to-end runs, and its ways to the stores can be cut.
 */
export async function startFull({ atMs }: { readonly atMs: number }): Promise<FullInstallation> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  const owned = async <T extends AsyncDisposable>(starting: Promise<T>): Promise<T> => {
    const started = await starting;
    closers.push(async () => started[Symbol.asyncDispose]());
    return started;
  };
  try {
    const folder = await mkdtemp(join(tmpdir(), 'tracepost-signals-'));
    closers.push(() => rm(folder, { recursive: true, force: true }));
    const servers = await Promise.allSettled([
      owned(startRabbitMq()),
      owned(startPostgres()),
      owned(startInfluxDb()),
      owned(startJaeger()),
    ]);
    const failed = servers.find((server) => server.status === 'rejected');
    if (failed) throw failed.reason;
    const [rabbitMq, postgres, influxDb, jaeger] = servers.map((server) => (server as { value: unknown }).value) as [
      Awaited<ReturnType<typeof startRabbitMq>>,
      Awaited<ReturnType<typeof startPostgres>>,
      Awaited<ReturnType<typeof startInfluxDb>>,
      Awaited<ReturnType<typeof startJaeger>>,
    ];
    const behindProxy = (url: string) => owned(startFaultProxy({ port: Number(new URL(url).port) }));
    const influxProxy = await behindProxy(influxDb.url);
    const spansProxy = await behindProxy(jaeger.otlpGrpcUrl);
    const queryProxy = await behindProxy(jaeger.url);

    const [gatewayPort, agentsHealth, recorderHealth, analystPort, analystHealth] = (await freePorts(5)) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const toJaegerAndAnalyst = { jaegerPort: spansProxy.port, analystPort, ingestToken: INGEST_TOKEN };
    const collector = await owned(startCollector(toJaegerAndAnalyst));
    const secrets = {
      RABBITMQ_PASSWORD: rabbitMq.password,
      POSTGRES_PASSWORD: postgres.password,
      INFLUXDB_TOKEN: influxDb.token,
      INGEST_TOKEN,
    };
    for (const [name, secret] of Object.entries(secrets)) await writeFile(join(folder, name), secret);
    const url = `http://127.0.0.1:${gatewayPort}`;
    const common = {
      TRACEPOST_TELEMETRY: 'otlp',
      TRACEPOST_LOG_LEVEL: 'error',
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://${collector.otlpGrpcAddress}`,
      ...Object.fromEntries(Object.keys(secrets).map((name) => [`TRACEPOST_${name}_FILE`, join(folder, name)])),
      TRACEPOST_RABBITMQ_URL: rabbitMq.url,
      TRACEPOST_RABBITMQ_USER: rabbitMq.username,
      TRACEPOST_RABBITMQ_MANAGEMENT_URL: rabbitMq.managementUrl,
      TRACEPOST_POSTGRES_HOST: postgres.host,
      TRACEPOST_POSTGRES_PORT: String(postgres.port),
      TRACEPOST_POSTGRES_DATABASE: postgres.database,
      TRACEPOST_POSTGRES_USER: postgres.user,
      TRACEPOST_INFLUXDB_URL: `http://127.0.0.1:${influxProxy.port}`,
      TRACEPOST_INFLUXDB_ORG: influxDb.org,
      TRACEPOST_INFLUXDB_METRICS_BUCKET: influxDb.metricsBucket,
      TRACEPOST_INFLUXDB_LOGS_BUCKET: influxDb.logsBucket,
      TRACEPOST_INFLUXDB_ROLLUPS_BUCKET: influxDb.rollUpsBucket,
      TRACEPOST_JAEGER_URL: `http://127.0.0.1:${queryProxy.port}`,
      TRACEPOST_ARTIFACTS_DIR: join(folder, 'artifacts'),
      TRACEPOST_OUTBOX_DIR: join(folder, 'outbox'),
      TRACEPOST_WEATHER_PROVIDER: 'simulated',
      TRACEPOST_AGENTS: 'weather',
    };
    const start = async (service: string, readyUrl: string, env: Record<string, string>): Promise<RunningProcess> => {
      const running = await startProcess({
        folder: `services/${service}`,
        args: ['--import', '@tracepost/telemetry/start', 'src/main.ts'],
        readyUrl,
        env: { ...common, TRACEPOST_SERVICE_NAME: `tracepost-${service}`, ...env },
      });
      closers.push(() => running.stop());
      return running;
    };
    const health = (port: number): [string, Record<string, string>] => [
      `http://127.0.0.1:${port}/health/ready`,
      { TRACEPOST_HEALTH_PORT: String(port) },
    ];
    await Promise.all([
      start('analyst', `http://127.0.0.1:${analystHealth}/health/ready`, {
        TRACEPOST_HEALTH_PORT: String(analystHealth),
        TRACEPOST_INGEST_PORT: String(analystPort),
      }),
      start('recorder', ...health(recorderHealth)),
    ]);
    await Promise.all([
      start('gateway', `${url}/health/live`, { TRACEPOST_PORT: String(gatewayPort) }),
      start('agents', ...health(agentsHealth)),
    ]);
    const telemetry = createTelemetry({ serviceName: 'test', terminalLevel: 'silent' });
    const broker = createRabbitMqBroker({ ...rabbitMq, connectionName: 'test', telemetry });
    await publishRecordedTasks(broker, atMs);
    await broker.close();

    return {
      name: 'full',
      client: createClient(url),
      otlpHttpUrl: collector.otlpHttpUrl,
      otlpGrpcAddress: collector.otlpGrpcAddress,
      wayToJaeger: [spansProxy, queryProxy],
      wayToInfluxDb: [influxProxy],
      startCollector: ({ queueBytes }) => startCollector({ ...toJaegerAndAnalyst, queueBytes }),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
