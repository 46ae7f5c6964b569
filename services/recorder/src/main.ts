import { createHealthServer, createPingCheck, type ReadyCheck, runService } from '@tracepost/config';
import { describeState } from '@tracepost/messaging';
import { createRabbitMqBroker } from '@tracepost/messaging/rabbitmq';
import { openFileArtifactStore } from '@tracepost/store-files';
import { openPostgresRecordStore, openPostgresSessionStore } from '@tracepost/store-sql';
import { createTelemetry, observeDependencies, observeProcess, SERVICE_NAMES } from '@tracepost/telemetry';
import { stop as stopTelemetry } from '@tracepost/telemetry/start';
import { readRecorderConfig } from './config.ts';
import { createRecorder, type Recorder } from './recorder.ts';
import { createRetention } from './retention.ts';

/** Eight seconds for what is in hand, the rest for the connections. */
const STOP_WITHIN_MS = 14_000;
const DAY_MS = 86_400_000;

/** The recorder of the full stack: RabbitMQ in, Postgres out. Waits for both, and says so in its readiness. */
await runService(
  async ({ onStop, stopping }) => {
    const config = readRecorderConfig();
    const telemetry = createTelemetry({ serviceName: SERVICE_NAMES.recorder, terminalLevel: config.logLevel });
    onStop(stopTelemetry);
    onStop(observeProcess(telemetry));

    const broker = createRabbitMqBroker({
      url: config.rabbitmqUrl,
      username: config.rabbitmqUser,
      password: config.rabbitmqPassword,
      connectionName: SERVICE_NAMES.recorder,
      telemetry,
    });
    onStop(() => broker.close());
    let recorder: Recorder | undefined;
    const checks: Record<string, ReadyCheck> = {
      broker: () => ({ isReady: broker.state === 'ready', message: `the broker is ${describeState(broker)}` }),
      records: () => recorder?.state ?? { isReady: false, message: 'waiting for Postgres' },
    };
    const health = createHealthServer({ port: config.healthPort, checks });
    onStop(() => health.close());
    await health.start();

    const database = {
      host: config.postgresHost,
      port: config.postgresPort,
      database: config.postgresDatabase,
      user: config.postgresUser,
      password: config.postgresPassword,
      waitMs: config.postgresWaitMs,
      signal: stopping,
      telemetry,
    };
    const records = await openPostgresRecordStore(database);
    onStop(() => records.close());
    // Only to be purged: whoever takes sessions writes them.
    const sessions = await openPostgresSessionStore(database);
    onStop(() => sessions.close());
    const dependencies = { broker: () => broker.state === 'ready', records: () => records.ping() };
    onStop(observeDependencies(telemetry, dependencies));
    // Asked beside the work: with nothing to record nobody would find out that nothing can be.
    const postgres = createPingCheck({ what: 'Postgres', ping: () => records.ping() });
    onStop(() => postgres.close());
    const recording = createRecorder({
      broker,
      records,
      inbox: records.inbox,
      deadLetters: records.deadLetters,
      telemetry,
    });
    recorder = recording;
    checks.postgres = postgres.check;
    const artifacts = await openFileArtifactStore({ folder: config.artifactsFolder, telemetry });
    onStop(() => artifacts.close());
    const retention = createRetention({
      stores: records,
      keep: config,
      others: {
        artifacts: (nowMs) => artifacts.purge(nowMs, config.taskDays * DAY_MS),
        sessions: (nowMs) => sessions.purge(nowMs, config.sessionDays * DAY_MS),
      },
      telemetry,
    });
    onStop(() => retention.close());
    onStop(() => recording.close());
    await recording.start();
    retention.start();
    telemetry.logger.info({ layer: 'queue', phase: 'start', result: 'success' }, 'Recording');
  },
  { stopWithinMs: STOP_WITHIN_MS },
);
