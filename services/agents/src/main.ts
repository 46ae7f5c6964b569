import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { type AgentHost, createAgentHost } from '@tracepost/agent-kit';
import { createHealthServer, createPingCheck, type ReadyCheck, runService } from '@tracepost/config';
import { describeState } from '@tracepost/messaging';
import { createRabbitMqBroker } from '@tracepost/messaging/rabbitmq';
import { openPostgresRecordStore } from '@tracepost/store-sql';
import { createTelemetry, observeDependencies, observeProcess, SERVICE_NAMES } from '@tracepost/telemetry';
import { openThreadChannel, stop as stopTelemetry } from '@tracepost/telemetry/start';
import { readAgentsConfig } from './config.ts';
import { startAgentRunners } from './start-agent-runners.ts';

/** The agents of the full stack: RabbitMQ, the inbox in Postgres, artifacts on a shared folder, telemetry to the collector. */
await runService(
  async ({ onStop, stopping }) => {
    const config = readAgentsConfig();
    const telemetry = createTelemetry({ serviceName: SERVICE_NAMES.agents, terminalLevel: config.logLevel });
    onStop(stopTelemetry);
    onStop(observeProcess(telemetry));

    const broker = createRabbitMqBroker({
      url: config.rabbitmqUrl,
      username: config.rabbitmqUser,
      password: config.rabbitmqPassword,
      connectionName: SERVICE_NAMES.agents,
      telemetry,
    });
    onStop(() => broker.close());
    let host: AgentHost | undefined;
    const checks: Record<string, ReadyCheck> = {
      agents: () => ({ isReady: host?.isReady === true, message: host?.isReady ? 'consuming' : 'not consuming' }),
      inbox: () => ({ isReady: false, message: 'waiting for Postgres' }),
      broker: () => ({ isReady: broker.state === 'ready', message: `the broker is ${describeState(broker)}` }),
    };
    const health = createHealthServer({ port: config.healthPort, checks });
    onStop(() => health.close());
    await health.start();

    const stores = await openPostgresRecordStore({
      host: config.postgresHost,
      port: config.postgresPort,
      database: config.postgresDatabase,
      user: config.postgresUser,
      password: config.postgresPassword,
      waitMs: config.postgresWaitMs,
      signal: stopping,
      telemetry,
    });
    onStop(() => stores.close());
    const dependencies = { broker: () => broker.state === 'ready', records: () => stores.ping() };
    onStop(observeDependencies(telemetry, dependencies));
    // No attempt begins that is not claimed there: without it every message goes back.
    const inbox = createPingCheck({ what: 'Postgres', ping: () => stores.ping() });
    onStop(() => inbox.close());
    checks.inbox = inbox.check;
    const runners = await startAgentRunners({
      settings: config,
      artifactsFolder: config.artifactsFolder,
      sessions: {
        kind: 'postgres',
        host: config.postgresHost,
        port: config.postgresPort,
        database: config.postgresDatabase,
        user: config.postgresUser,
        password: config.postgresPassword,
      },
      telemetry,
      terminalLevel: config.logLevel,
      openChannel: openThreadChannel,
    });
    const hosting = createAgentHost({
      runners,
      broker,
      inbox: stores.inbox,
      telemetry,
      workerId: `${hostname()}-${randomUUID().slice(0, 8)}`,
    });
    host = hosting;
    onStop(() => hosting.close());
    await hosting.start();
    telemetry.logger.info({ layer: 'agent', phase: 'start', result: 'success' }, 'consuming');
  },
  // Running tasks get their eight seconds before the rest stops.
  { stopWithinMs: 14_000 },
);
