import { connect } from 'amqplib';
import { AGENT_QUEUE_ARGUMENTS } from '../harness/queues.ts';
import { countdown } from './countdown.ts';
import { sayReady } from './ready.ts';

// amqplib alone: prefetch 100, take, acknowledge.
const queue = 'bare.bench';
const connection = await connect(process.env.BENCH_AMQP_URL ?? '', { noDelay: true });
const channel = await connection.createChannel();
await channel.assertQueue(queue, { durable: true, arguments: AGENT_QUEUE_ARGUMENTS });
await channel.prefetch(100);

countdown(async (count, onDone) => {
  const { consumerTag } = await channel.consume(queue, (message) => {
    if (!message) return;
    channel.ack(message);
    count();
  });
  await onDone;
  await channel.cancel(consumerTag);
});
sayReady({});
