import { randomUUID } from 'node:crypto';
import { agentTopology, createNotificationPublisher } from '@tracepost/messaging';
import { createRabbitMqBroker } from '@tracepost/messaging/rabbitmq';
import { createTelemetry, SERVICE_NAMES } from '@tracepost/telemetry';
import { AGENT_ID, NOTIFICATION_TYPE } from '../harness/queues.ts';
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
const data = { text: 'x'.repeat(640) };

pipeline(async () => {
  const outcome = await publisher.publish({
    agentId: AGENT_ID,
    taskId: randomUUID(),
    notificationType: NOTIFICATION_TYPE,
    data,
    source: 'bench',
    correlationId: 'bench',
    sessionId: null,
    tenantId: 'default',
    priority: 'normal',
    timeoutMs: null,
    budget: null,
    parentTaskId: null,
    depth: 0,
  });
  return outcome.status === 'confirmed';
});
