import { randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agentTopology, createNotificationPublisher } from '@tracepost/messaging';
import { openOutbox } from '@tracepost/messaging/outbox';
import { createRabbitMqBroker } from '@tracepost/messaging/rabbitmq';
import { createTelemetry, SERVICE_NAMES } from '@tracepost/telemetry';
import { AGENT_ID, notification } from '../harness/queues.ts';
import { pipeline } from './pipeline.ts';

// Our publisher whole: envelope, PRODUCER span, trace headers, metrics, confirm.
const telemetry = createTelemetry({ serviceName: SERVICE_NAMES.gateway });
const broker = createRabbitMqBroker({
  url: process.env.BENCH_AMQP_HOST_URL ?? '',
  username: process.env.BENCH_AMQP_USER ?? '',
  password: process.env.BENCH_AMQP_PASSWORD ?? '',
  connectionName: 'bench',
  telemetry,
});
await broker.declare(agentTopology(AGENT_ID));
const folder = await mkdtemp(join(tmpdir(), 'tracepost-bench-'));
const outbox = await openOutbox({ path: join(folder, 'outbox.db'), broker, telemetry });
const publisher = createNotificationPublisher({ broker, outbox, telemetry });

pipeline(async () => {
  const outcome = await publisher.publish(notification(randomUUID()));
  return outcome.status === 'confirmed';
});
