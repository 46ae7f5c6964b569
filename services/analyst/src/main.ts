import { createHealthServer, createPingCheck, runService } from '@tracepost/config';
import { BrokerClosedError } from '@tracepost/messaging';
import { createRabbitMqBroker } from '@tracepost/messaging/rabbitmq';
import { createOtlpReceiver } from '@tracepost/otlp-receiver';
import { createInfluxStores } from '@tracepost/store-influx';
import { openPostgresRecordStore, openPostgresSessionStore } from '@tracepost/store-sql';
import { createTelemetry, observeDependencies, observeProcess, SERVICE_NAMES } from '@tracepost/telemetry';
import { stop as stopTelemetry } from '@tracepost/telemetry/start';
import { readAnalystConfig } from './config.ts';
import { createAnalyst } from './create-analyst.ts';
import { openLate } from './open-late.ts';
import { createEventTaker } from './recording/event-taker.ts';
import { createRollUps } from './roll-ups.ts';
import { createSeenBefore } from './seen-before.ts';
import { seriesLimits } from './series/series-settings.ts';
import { openSessionDesk } from './sessions/session-desk.ts';
import { createSessionExporter } from './sessions/session-exporter.ts';

const MINUTE_MS = 60_000;

/**
 * The analyst of the full stack: OTLP from the collector in, metrics and logs to InfluxDB, summaries of traces to Postgres. Its own
 * telemetry takes the way of everybody's, over the collector back to itself; it is metrics and few log lines, so that this circle does
 * not grow. Whoever sends keeps what is not taken any more: nothing is lost by stopping.
 */
await runService(async ({ onStop }) => {
  const config = readAnalystConfig();
  const telemetry = createTelemetry({ serviceName: SERVICE_NAMES.analyst, terminalLevel: config.logLevel });
  onStop(stopTelemetry);
  onStop(observeProcess(telemetry));

  const stores = createInfluxStores({
    url: config.influxUrl,
    org: config.influxOrg,
    token: config.influxToken,
    metricsBucket: config.metricsBucket,
    logsBucket: config.logsBucket,
    rollUpsBucket: config.rollUpsBucket,
    telemetry,
  });
  onStop(() => stores.close());
  // Not waited for: while Postgres is away, metrics and logs go on.
  const database = {
    host: config.postgresHost,
    port: config.postgresPort,
    database: config.postgresDatabase,
    user: config.postgresUser,
    password: config.postgresPassword,
    telemetry,
  };
  const records = openLate({
    what: 'The database of the records',
    logger: telemetry.logger,
    open: () => openPostgresRecordStore(database),
  });
  onStop(() => records.close());
  onStop(
    observeDependencies(telemetry, {
      metrics: () => stores.metrics.ping(),
      logs: () => stores.logs.ping(),
      records: () => records.get().ping(),
    }),
  );
  const analyst = createAnalyst({
    // Jaeger has its copy of the spans from the collector; here they are summed up, to be found by.
    traces: null,
    traceSummaries: { addSpans: async (spans, nowMs) => records.get().traceSummaries.addSpans(spans, nowMs) },
    logs: stores.logs,
    metrics: stores.metrics,
    telemetry,
    seriesLimits: seriesLimits(config),
    // The collector sends again what it was not told of in time.
    seen: createSeenBefore(),
    openSessionDesk: () =>
      openSessionDesk({
        openStore: () => openPostgresSessionStore(database),
        ownPrices: config.ownPrices,
        telemetry,
      }),
  });
  onStop(() => analyst.close());
  const sessions = openLate({
    what: 'The database of the sessions',
    logger: telemetry.logger,
    open: () => openPostgresSessionStore(database),
  });
  onStop(() => sessions.close());
  const sessionExporter = createSessionExporter({
    sessions: () => sessions.get(),
    points: stores.sessions,
    quietMs: config.sessionQuietMinutes * MINUTE_MS,
    telemetry,
  });
  onStop(() => sessionExporter.close());
  const rollUps = createRollUps({ metrics: stores.metrics, telemetry });
  onStop(() => rollUps.close());
  const receiver = createOtlpReceiver({
    host: config.ingestHost,
    httpPort: config.ingestPort,
    // The collector speaks HTTP here, because it tries again by itself then.
    grpcPort: null,
    token: config.ingestToken,
    sink: analyst.sink,
    telemetry,
  });
  onStop(() => receiver.close());

  const broker = createRabbitMqBroker({
    url: config.rabbitmqUrl,
    username: config.rabbitmqUser,
    password: config.rabbitmqPassword,
    connectionName: SERVICE_NAMES.analyst,
    telemetry,
  });
  onStop(() => broker.close());
  const taker = createEventTaker({
    broker,
    records: {
      ping: async () => records.get().ping(),
      events: { record: async (entries) => records.get().events.record(entries) },
    },
    telemetry,
  });
  onStop(() => taker.close());

  // Asked beside the work: with nothing to store nobody would find out that nothing can be.
  const pings = {
    metrics: createPingCheck({ what: 'the store of metrics', ping: () => stores.metrics.ping() }),
    logs: createPingCheck({ what: 'the store of logs', ping: () => stores.logs.ping() }),
    records: createPingCheck({ what: 'Postgres', ping: async () => records.get().ping() }),
  };
  for (const ping of Object.values(pings)) onStop(() => ping.close());
  const health = createHealthServer({
    port: config.healthPort,
    checks: {
      stores: () => {
        const failing = [...analyst.stores.failing()].map(([signal, reason]) => `${signal}: ${reason}`);
        return { isReady: failing.length === 0, message: failing.join(', ') || 'taking what comes' };
      },
      metrics: pings.metrics.check,
      logs: pings.logs.check,
      records: pings.records.check,
      events: () => taker.state,
    },
  });
  onStop(() => health.close());
  const { httpUrl } = await receiver.start();
  await health.start();
  rollUps.start();
  sessionExporter.start();
  // Telemetry is taken meanwhile: a broker that is away keeps nobody else waiting.
  void taker.start().catch((error: unknown) => {
    if (error instanceof BrokerClosedError) return;
    telemetry.logger.error({ layer: 'queue', result: 'error', error }, 'Recorded events cannot be taken');
  });
  telemetry.logger.info({ layer: 'ingest', phase: 'start', result: 'success' }, `taking telemetry at ${httpUrl}`);
});
