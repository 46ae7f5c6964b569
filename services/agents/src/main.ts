import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { createAgentHost } from '@tracepost/agent-kit';
import { createHealthServer, runService } from '@tracepost/config';
import { createRabbitMqBroker } from '@tracepost/messaging/rabbitmq';
import { openFileArtifactStore } from '@tracepost/store-files';
import { createTelemetry, observeProcess, SERVICE_NAMES } from '@tracepost/telemetry';
import { stop as stopTelemetry } from '@tracepost/telemetry/start';
import { readAgentsConfig } from './config.ts';
import { createAgents } from './create-agents.ts';

/** The agents of the full stack: RabbitMQ, artifacts on a shared folder, telemetry to the collector. */
await runService(
  async ({ onStop }) => {
    const config = readAgentsConfig();
    const telemetry = createTelemetry({ serviceName: SERVICE_NAMES.agents, terminalLevel: config.logLevel });
    onStop(stopTelemetry);
    onStop(observeProcess(telemetry));

    const artifacts = await openFileArtifactStore({ folder: config.artifactsFolder, telemetry });
    onStop(() => artifacts.close());
    const broker = createRabbitMqBroker({
      url: config.rabbitmqUrl,
      username: config.rabbitmqUser,
      password: config.rabbitmqPassword,
      connectionName: SERVICE_NAMES.agents,
      telemetry,
    });
    onStop(() => broker.close());
    const host = createAgentHost({
      agents: await createAgents(config, telemetry),
      broker,
      artifacts,
      telemetry,
      workerId: `${hostname()}-${randomUUID().slice(0, 8)}`,
    });
    const health = createHealthServer({
      port: config.healthPort,
      checks: {
        agents: () => ({ isReady: host.isReady, message: host.isReady ? 'consuming' : 'not consuming yet' }),
        broker: () => ({ isReady: broker.state === 'ready', message: `the broker is ${broker.state}` }),
      },
    });
    onStop(() => health.close());
    onStop(() => host.close());
    await health.start();
    await host.start();
    telemetry.logger.info({ layer: 'agent', phase: 'start', result: 'success' }, 'consuming');
  },
  // Running tasks get their eight seconds before the rest stops.
  { stopWithinMs: 14_000 },
);
