import { randomUUID } from 'node:crypto';
import { connect } from 'amqplib';
import Fastify from 'fastify';
import { AGENT_QUEUE_ARGUMENTS } from '../harness/queues.ts';
import { sayReady } from './ready.ts';

// What somebody would write without Tracepost and without telemetry: Fastify, amqplib, a confirm, 202.
const queue = 'bare.bench';
const connection = await connect(process.env.BENCH_AMQP_URL ?? '', { noDelay: true });
const channel = await connection.createConfirmChannel();
await channel.assertQueue(queue, { durable: true, arguments: AGENT_QUEUE_ARGUMENTS });

const app = Fastify();
app.post<{ Params: { agentId: string }; Body: { payload: unknown } }>(
  '/api/v1/agents/:agentId/notify',
  (request, reply) => {
    const taskId = randomUUID();
    const body = Buffer.from(JSON.stringify({ id: taskId, data: request.body.payload }));
    channel.publish(
      '',
      queue,
      body,
      { persistent: true, mandatory: true, messageId: taskId, contentType: 'application/json' },
      (error) => {
        if (error) reply.code(503).send({ error: 'refused' });
        else reply.code(202).send({ taskId, status: 'accepted' });
      },
    );
  },
);
const url = await app.listen({ host: '127.0.0.1', port: 0 });
sayReady({ url: `${url}/api/v1/agents/bench/notify` });
