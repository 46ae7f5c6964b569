import { connect } from 'amqplib';
import { AGENT_QUEUE_ARGUMENTS } from '../harness/queues.ts';
import { pipeline } from './pipeline.ts';

// amqplib alone: mandatory, persistent, confirmed, as many in flight.
const queue = 'bare.bench';
const connection = await connect(process.env.BENCH_AMQP_URL ?? '');
const channel = await connection.createConfirmChannel();
await channel.assertQueue(queue, { durable: true, arguments: AGENT_QUEUE_ARGUMENTS });
const body = Buffer.alloc(1024, 'x');

pipeline(
  () =>
    new Promise((resolve) => {
      channel.publish(
        '',
        queue,
        body,
        { persistent: true, mandatory: true, contentType: 'application/json' },
        (error) => resolve(!error),
      );
    }),
);
