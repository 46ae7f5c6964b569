import { connect } from 'amqplib';
import pg from 'pg';
import { AGENT_QUEUE_ARGUMENTS } from '../harness/queues.ts';
import { sayReady } from './ready.ts';

// By hand, the steps that make work happen once: note the task, tell that it began, do nothing, note its end, tell it, acknowledge.
const queue = process.env.BENCH_QUEUE ?? 'bare.bench';
const database = new pg.Pool({ connectionString: process.env.BENCH_POSTGRES_URL ?? '', max: 10 });
await database.query('create table if not exists bare_inbox (task_id text primary key, body bytea, ending text)');
const connection = await connect(process.env.BENCH_AMQP_URL ?? '', { noDelay: true });
const channel = await connection.createChannel();
const events = await connection.createConfirmChannel();
await channel.assertQueue(queue, { durable: true, arguments: AGENT_QUEUE_ARGUMENTS });
await events.assertExchange('events', 'topic', { durable: true });
const tell = (kind: string, taskId: string) =>
  new Promise<void>((resolve, reject) => {
    const body = Buffer.from(JSON.stringify({ kind, taskId, at: new Date().toISOString() }));
    events.publish(
      'events',
      `task.${process.env.BENCH_QUEUE ?? 'bare'}.${kind}`,
      body,
      { persistent: true },
      (error) => (error ? reject(error) : resolve()),
    );
  });

// As many at a time as our default: ten at work, twenty in hand.
let free = 10;
const waiting: (() => void)[] = [];
await channel.prefetch(20);
await channel.consume(queue, async (message) => {
  if (!message) return;
  if (free > 0) free--;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  const { id } = JSON.parse(message.content.toString()) as { id: string };
  await database.query('insert into bare_inbox (task_id, body) values ($1, $2) on conflict do nothing', [
    id,
    message.content,
  ]);
  void tell('started', id);
  await database.query('update bare_inbox set ending = $2 where task_id = $1', [id, '{"status":"succeeded"}']);
  await tell('succeeded', id);
  channel.ack(message);
  const next = waiting.shift();
  if (next) next();
  else free++;
});
sayReady({});
