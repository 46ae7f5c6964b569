// The bare gateway again, as CommonJS so that the official instrumentations can patch what it loads.
if (process.env.BENCH_STOCK === 'instrumented') require('./stock-telemetry.cjs');
const { randomUUID } = require('node:crypto');
const { connect } = require('amqplib');
const Fastify = require('fastify');

const queue = 'bare.bench';

async function main() {
  const connection = await connect(process.env.BENCH_AMQP_URL, { noDelay: true });
  const channel = await connection.createConfirmChannel();
  const args = {
    'x-queue-type': 'quorum',
    'x-max-length': 100_000,
    'x-overflow': 'reject-publish',
    'x-delivery-limit': 5,
  };
  await channel.assertQueue(queue, { durable: true, arguments: args });
  const app = Fastify();
  app.post('/api/v1/agents/:agentId/notify', (request, reply) => {
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
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  process.send({ url: `${url}/api/v1/agents/bench/notify` });
  process.once('SIGTERM', () => process.exit(0));
}

main();
