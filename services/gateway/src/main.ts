import { createRabbitMqBroker } from '@tracepost/messaging/rabbitmq';
import { openFileArtifactStore } from '@tracepost/store-files';
import { createInfluxStores } from '@tracepost/store-influx';
import { createJaegerTraceReader } from '@tracepost/store-jaeger';
import { openPostgresRecordStore } from '@tracepost/store-sql';
import { createTelemetry, observeProcess, SERVICE_NAMES } from '@tracepost/telemetry';
import { stop as stopTelemetry } from '@tracepost/telemetry/start';
import { createGateway } from './app.ts';
import { readFullStackConfig } from './config.ts';
import { createLateRecordStore } from './late-record-store.ts';

/** The gateway of the full stack. It listens at once; what it needs may come later, and status says what is missing. */
const config = readFullStackConfig();
const telemetry = createTelemetry({ serviceName: SERVICE_NAMES.gateway, terminalLevel: config.logLevel });
const stopObserving = observeProcess(telemetry);

const broker = createRabbitMqBroker({
  url: config.rabbitmqUrl,
  username: config.rabbitmqUser,
  password: config.rabbitmqPassword,
  connectionName: SERVICE_NAMES.gateway,
  telemetry,
});
const records = createLateRecordStore({
  logger: telemetry.logger,
  open: () =>
    openPostgresRecordStore({
      host: config.postgresHost,
      port: config.postgresPort,
      database: config.postgresDatabase,
      user: config.postgresUser,
      password: config.postgresPassword,
      telemetry,
    }),
});
const influx = createInfluxStores({
  url: config.influxdbUrl,
  org: config.influxdbOrg,
  token: config.influxdbToken,
  metricsBucket: config.influxdbMetricsBucket,
  logsBucket: config.influxdbLogsBucket,
  telemetry,
});
const traces = createJaegerTraceReader({ url: config.jaegerUrl, telemetry });
const artifacts = await openFileArtifactStore({ folder: config.artifactsFolder, telemetry });
const gateway = createGateway({
  config: { ...config, storageFolder: config.artifactsFolder },
  broker,
  records,
  traces,
  logs: influx.logs,
  metrics: influx.metrics,
  artifacts,
  telemetry,
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());

try {
  const { url } = await gateway.listen();
  telemetry.logger.info({ layer: 'gateway', phase: 'start', result: 'success' }, `listening at ${url}`);
} catch (error) {
  process.exitCode = 1;
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  await stop();
}

/** In the order in which work flows: no new requests, then what was accepted is told, then the connections, then telemetry. */
async function stop(): Promise<void> {
  await gateway.close();
  await broker.close();
  await Promise.all([records.close(), influx.close(), traces.close(), artifacts.close()]);
  stopObserving();
  await stopTelemetry();
}
