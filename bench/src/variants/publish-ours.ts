import { randomUUID } from 'node:crypto';
import { agentTopology, createNotificationPublisher } from '@tracepost/messaging';
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
const publisher = createNotificationPublisher({ broker, telemetry });

pipeline(async () => {
  const outcome = await publisher.publish(notification(randomUUID()));
  return outcome.status === 'confirmed';
});
