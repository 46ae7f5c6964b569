import { join } from 'node:path';
import { runService } from '@tracepost/config';
import { openOutbox } from '@tracepost/messaging/outbox';
import { createRabbitMqBroker } from '@tracepost/messaging/rabbitmq';
import { openFileArtifactStore } from '@tracepost/store-files';
import { createInfluxStores } from '@tracepost/store-influx';
import { createJaegerTraceReader } from '@tracepost/store-jaeger';
import { openPostgresRecordStore, openPostgresSessionStore } from '@tracepost/store-sql';
import { createTelemetry, observeProcess, SERVICE_NAMES } from '@tracepost/telemetry';
import { reporting, stop as stopTelemetry } from '@tracepost/telemetry/start';
import { createGateway } from './app.ts';
import { readFullStackConfig } from './config.ts';
import { createLateRecordStore } from './late-record-store.ts';

/** Eight seconds for those who are being served, the rest for what they left. */
const STOP_WITHIN_MS = 14_000;

/**
 * The gateway of the full stack. It listens at once; what it needs may come later, and status says what is missing. It stops in
 * the order in which work flows: no new requests, then what was accepted is told, then the connections, then telemetry.
 */
await runService(
  async ({ onStop }) => {
    const config = readFullStackConfig();
    const telemetry = createTelemetry({ serviceName: SERVICE_NAMES.gateway, terminalLevel: config.logLevel });
    onStop(stopTelemetry);
    onStop(observeProcess(telemetry));

    const artifacts = await openFileArtifactStore({ folder: config.artifactsFolder, telemetry });
    const traces = createJaegerTraceReader({ url: config.jaegerUrl, telemetry });
    const influx = createInfluxStores({
      url: config.influxdbUrl,
      org: config.influxdbOrg,
      token: config.influxdbToken,
      metricsBucket: config.influxdbMetricsBucket,
      logsBucket: config.influxdbLogsBucket,
      rollUpsBucket: config.influxdbRollUpsBucket,
      telemetry,
    });
    const database = {
      host: config.postgresHost,
      port: config.postgresPort,
      database: config.postgresDatabase,
      user: config.postgresUser,
      password: config.postgresPassword,
      telemetry,
    };
    const records = createLateRecordStore({
      logger: telemetry.logger,
      open: () => openPostgresRecordStore({ ...database, maxKeys: config.maxKeys }),
    });
    const broker = createRabbitMqBroker({
      url: config.rabbitmqUrl,
      username: config.rabbitmqUser,
      password: config.rabbitmqPassword,
      managementUrl: config.rabbitmqManagementUrl,
      connectionName: SERVICE_NAMES.gateway,
      telemetry,
    });
    onStop(() => Promise.all([records.close(), influx.close(), traces.close(), artifacts.close()]));
    onStop(() => broker.close());
    const outbox = await openOutbox({
      path: join(config.outboxFolder, 'outbox.db'),
      broker,
      telemetry,
      maxMessages: config.outboxMessages,
      maxBytes: config.outboxMib * 1024 * 1024,
    });
    // Between the two: what was accepted may still go out, and what does not is safe.
    onStop(() => outbox.close());

    const gateway = createGateway({
      config: { ...config, storageFolder: config.artifactsFolder },
      broker,
      outbox,
      records,
      keys: records.keys,
      inbox: records.inbox,
      deadLetters: records.deadLetters,
      audit: records.audit,
      rollups: records.rollups,
      traceSummaries: records.traceSummaries,
      recordedEvents: records.events,
      traces,
      logs: influx.logs,
      metrics: influx.metrics,
      recordedMetrics: records.recordedMetrics,
      openSessions: () => openPostgresSessionStore(database),
      artifacts,
      telemetry,
      reporting,
    });
    onStop(() => gateway.close());
    const { url } = await gateway.listen();
    telemetry.logger.info({ layer: 'gateway', phase: 'start', result: 'success' }, `listening at ${url}`);
  },
  { stopWithinMs: STOP_WITHIN_MS },
);
