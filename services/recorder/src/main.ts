import { createHealthServer, type ReadyCheck } from '@tracepost/config';
import { createRabbitMqBroker } from '@tracepost/messaging/rabbitmq';
import { openPostgresRecordStore } from '@tracepost/store-sql';
import type { RecordStore } from '@tracepost/stores';
import { createTelemetry, observeProcess, SERVICE_NAMES } from '@tracepost/telemetry';
import { stop as stopTelemetry } from '@tracepost/telemetry/start';
import { readRecorderConfig } from './config.ts';
import { createRecorder, type Recorder } from './recorder.ts';

const STOP_WITHIN_MS = 10_000;

/** The recorder of the full stack: RabbitMQ in, Postgres out. Waits for both, and says so in its readiness. */
const config = readRecorderConfig();
const telemetry = createTelemetry({ serviceName: SERVICE_NAMES.recorder, terminalLevel: config.logLevel });
const stopObserving = observeProcess(telemetry);
const stopping = new AbortController();
let records: RecordStore | undefined;
let recorder: Recorder | undefined;

const broker = createRabbitMqBroker({
  url: config.rabbitmqUrl,
  username: config.rabbitmqUser,
  password: config.rabbitmqPassword,
  connectionName: SERVICE_NAMES.recorder,
  telemetry,
});
const checks: Record<string, ReadyCheck> = {
  broker: () => ({ isReady: broker.state === 'ready', message: `the broker is ${broker.state}` }),
  records: () => recorder?.state ?? { isReady: false, message: 'waiting for Postgres' },
};
const health = createHealthServer({ port: config.healthPort, checks });

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(0));
try {
  await health.start();
  records = await openPostgresRecordStore({
    host: config.postgresHost,
    port: config.postgresPort,
    database: config.postgresDatabase,
    user: config.postgresUser,
    password: config.postgresPassword,
    waitMs: config.postgresWaitMs,
    signal: stopping.signal,
    telemetry,
  });
  recorder = createRecorder({ broker, records, telemetry });
  await recorder.start();
  telemetry.logger.info({ layer: 'queue', phase: 'start', result: 'success' }, 'Recording');
} catch (error) {
  if (!stopping.signal.aborted) {
    telemetry.logger.error({ layer: 'store', phase: 'start', result: 'error', error }, 'The recorder cannot start');
    await stop(1);
  }
}

/** In the order in which work flows; whatever hangs is left behind at the deadline. */
async function stop(exitCode: number): Promise<void> {
  if (stopping.signal.aborted) return;
  stopping.abort();
  process.exitCode = exitCode;
  setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref();
  await recorder?.close();
  await broker.close();
  await records?.close();
  await health.close();
  stopObserving();
  await stopTelemetry();
}
