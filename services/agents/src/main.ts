import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { createAgentHost } from '@tracepost/agent-kit';
import { createHealthServer } from '@tracepost/config';
import { createRabbitMqBroker } from '@tracepost/messaging/rabbitmq';
import { openFileArtifactStore } from '@tracepost/store-files';
import { createTelemetry, observeProcess, SERVICE_NAMES } from '@tracepost/telemetry';
import { stop as stopTelemetry } from '@tracepost/telemetry/start';
import { readAgentsConfig } from './config.ts';
import { createAgents } from './create-agents.ts';

/** The agents of the full stack: RabbitMQ, artifacts on a shared folder, telemetry to the collector. */
const config = readAgentsConfig();
const telemetry = createTelemetry({ serviceName: SERVICE_NAMES.agents, terminalLevel: config.logLevel });
const stopObserving = observeProcess(telemetry);
const broker = createRabbitMqBroker({
  url: config.rabbitmqUrl,
  username: config.rabbitmqUser,
  password: config.rabbitmqPassword,
  connectionName: SERVICE_NAMES.agents,
  telemetry,
});
const artifacts = await openFileArtifactStore({ folder: config.artifactsFolder, telemetry });
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

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());
await health.start();
await host.start();
telemetry.logger.info({ layer: 'agent', phase: 'start', result: 'success' }, `hosting ${config.agents.join(', ')}`);

async function stop(): Promise<void> {
  await host.close();
  await broker.close();
  await artifacts.close();
  await health.close();
  stopObserving();
  await stopTelemetry();
}
