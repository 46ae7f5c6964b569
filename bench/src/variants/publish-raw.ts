import { buildNotificationMessage } from '@tracepost/messaging';
import { connect, type Options } from 'amqplib';
import { AGENT_QUEUE_ARGUMENTS, notification } from '../harness/queues.ts';
import { pipeline } from './pipeline.ts';

// amqplib alone: mandatory, persistent, confirmed, as many in flight. Either the very message that our publisher sends
// (the same body, properties and headers, made once), or a kilobyte of nothing without headers. With `noDelay`, as ours: else
// Nagle's algorithm would hold back every second segment, and amqplib would lose for a reason that is not its own.
const queue = 'bare.bench';
const exchange = 'bare';
const connection = await connect(process.env.BENCH_AMQP_URL ?? '', { noDelay: true });
const channel = await connection.createConfirmChannel();
await channel.assertQueue(queue, { durable: true, arguments: AGENT_QUEUE_ARGUMENTS });
await channel.assertExchange(exchange, 'direct', { durable: true });
await channel.bindQueue(queue, exchange, queue);

const same = buildNotificationMessage(notification('01a1fe5b-38ef-76c0-8d22-ed2c19205556'), {
  now: Date.now(),
  traceHeaders: { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' },
});
const { messageId, type, appId, correlationId, timestamp, priority, contentType, headers } = same;
const isSame = process.env.BENCH_MESSAGE === 'same';
const body = isSame ? same.body : Buffer.alloc(1024, 'x');
const options: Options.Publish = (
  isSame
    ? { messageId, type, appId, correlationId, timestamp, priority, contentType, headers }
    : { contentType: 'application/json' }
) as Options.Publish;

pipeline(
  () =>
    new Promise((resolve) => {
      channel.publish(exchange, queue, body, { ...options, persistent: true, mandatory: true }, (error) =>
        resolve(!error),
      );
    }),
);
