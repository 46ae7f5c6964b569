import { agentTopology, consumeNotifications } from '@tracepost/messaging';
import { createRabbitMqBroker } from '@tracepost/messaging/rabbitmq';
import { createTelemetry, SERVICE_NAMES } from '@tracepost/telemetry';
import { AGENT_ID } from '../harness/queues.ts';
import { countdown } from './countdown.ts';
import { sayReady } from './ready.ts';

// Our consumer layer alone: envelope read, trace continued, process span, metrics, a deadline for the work, ack.
const telemetry = createTelemetry({ serviceName: SERVICE_NAMES.agents });
const broker = createRabbitMqBroker({
  url: process.env.BENCH_AMQP_HOST_URL ?? '',
  username: process.env.BENCH_AMQP_USER ?? '',
  password: process.env.BENCH_AMQP_PASSWORD ?? '',
  connectionName: 'bench',
  telemetry,
});
await broker.declare(agentTopology(AGENT_ID));
const DEADLINE_MS = 60_000;

countdown(async (count, onDone) => {
  const consumption = await consumeNotifications({
    broker,
    telemetry,
    agentId: AGENT_ID,
    workerId: 'bench',
    prefetch: 100,
    capacity: 100,
    work: async () => {
      const deadline = setTimeout(() => {}, DEADLINE_MS);
      count();
      clearTimeout(deadline);
      return { status: 'done' };
    },
  });
  await onDone;
  await consumption.close();
});
sayReady({});
