import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { describeWithDocker, type RabbitMqServer, until, useRabbitMq } from '@tracepost/testing';
import { type ChannelModel, connect } from 'amqplib';
import { expect, test } from 'vitest';
import type { Broker, Delivery } from '../src/broker.ts';
import { consumeNotifications, deadLetterQueueName, type ReceivedNotification } from '../src/index.ts';
import { describeNotifications, type ForeignMessage, telemetry } from './notifications.ts';
import { type Client, openClient, rabbitMqHarness } from './rabbitmq-harness.ts';

describeWithDocker('with a real RabbitMQ', () => {
  const server = useRabbitMq();
  describeNotifications('RabbitMQ', async () => ({
    ...(await rabbitMqHarness(server())),
    publishForeign: (message) => publishForeign(server(), message),
  }));

  test.each([
    ['many, as large as the protocol lets anybody send', manyHeaders(120 * 1024)],
    // Deeper than the stack of the client library; much deeper, and the broker itself needs seconds to read it.
    ['deep within themselves', deepHeaders(6_000)],
  ])(
    'a message whose headers are %s is kept aside, and a good one after it is worked on',
    async (_how, headers) => {
      await using client = await openClient(server());
      const { agentId, queue, received } = await work(client);
      await publishRaw(server(), queue, headers, body('flood'));
      await publishForeign(server(), { queue, body: body('good') });
      const has = (id: string): boolean => received.some(({ notification }) => notification.taskId === id);
      await until(() => has('good'), { timeoutMs: 20_000 });
      expect(has('flood')).toBe(false);
      const letter = await takeLetter(client.broker, agentId);
      expect(letter.message.headers['x-dead-reason']).toMatch(/^(too_large|unknown_version): .*headers/);
      // Nobody lost their connection over it.
      expect(received.map(({ crashes }) => crashes)).toEqual([0]);
    },
    60_000,
  );

  test('headers of a megabyte cost whoever sends them its connection, and nobody else anything', async () => {
    await using client = await openClient(server());
    const { queue, received } = await work(client);
    const why = await publishTooLarge(server(), queue, manyHeaders(MIB));
    // No frame is larger than what broker and client have agreed on: 128 KiB.
    expect(why).toContain('FRAME_ERROR');
    await publishForeign(server(), { queue, body: body('good') });
    await until(() => received.length > 0, { timeoutMs: 20_000 });
    expect(received).toMatchObject([{ notification: { taskId: 'good' }, crashes: 0 }]);
    expect(client.broker.state).toBe('ready');
  }, 60_000);

  test('headers of a megabyte that came in by another door are delivered, and the message is kept aside with its reason', async () => {
    await using client = await openClient(server());
    const { queue, received, agentId } = await work(client);
    const states: string[] = [];
    client.broker.onStateChange((state) => states.push(state));
    // The management API, AMQP 1.0 and streams know no frame of AMQP 0-9-1, and deliver what they were given.
    const headers = Object.fromEntries(Array.from({ length: 1_024 }, (_, index) => [`h${index}`, 'x'.repeat(1_024)]));
    expect(await publishByManagement(server(), { queue, headers, payload: body('flood') })).toEqual({ routed: true });
    await publishForeign(server(), { queue, body: body('good') });
    await until(() => received.length > 0, { timeoutMs: 20_000 });
    expect(received).toMatchObject([{ notification: { taskId: 'good' }, crashes: 0 }]);
    const letter = await takeLetter(client.broker, agentId);
    expect(letter.message.headers['x-dead-reason']).toMatch(/^too_large: the headers have more than \d+ characters/);
    expect(letter.message.body).toEqual(body('flood'));
    // Who takes dead letters is not hit by it a second time.
    expect(JSON.stringify(letter.message.headers).length).toBeLessThan(64 * 1024);
    expect(states).toEqual([]);
  }, 60_000);
});

const MIB = 1024 ** 2;

/** Takes the first dead letter of an agent. */
async function takeLetter(broker: Broker, agentId: string): Promise<Delivery> {
  const { promise, resolve } = Promise.withResolvers<Delivery>();
  await broker.consume({
    queue: deadLetterQueueName(agentId),
    prefetch: 1,
    onDelivery(delivery) {
      delivery.ack();
      resolve(delivery);
    },
  });
  return promise;
}

function body(id: string): Buffer {
  return Buffer.from(JSON.stringify({ id, type: 't', data: {} }));
}

/** A worker of an agent of its own, and what it was given to work on. */
async function work({ broker }: Client) {
  const agentId = `flooded-${randomUUID()}`;
  const received: ReceivedNotification[] = [];
  await consumeNotifications({
    broker,
    telemetry,
    agentId,
    workerId: 'worker-1',
    prefetch: 10,
    capacity: 10,
    work: async (one) => {
      received.push(one);
      return { status: 'done' };
    },
  });
  return { agentId, queue: `agent.${agentId}`, received };
}

/** By the bare client library. */
async function publishForeign(server: RabbitMqServer, { queue, body, ...options }: ForeignMessage): Promise<void> {
  const connection = await connectTo(server);
  const channel = await connection.createConfirmChannel();
  channel.sendToQueue(queue, body, { persistent: true, ...options });
  await channel.waitForConfirms();
  await connection.close();
}

/** Why the broker ends the connection of whoever sends a frame that is larger than agreed. */
async function publishTooLarge(server: RabbitMqServer, queue: string, headers: Buffer): Promise<string> {
  const connection = await connectTo(server);
  const ended = new Promise<string>((resolve) => {
    connection.on('error', (error) => resolve(error.message));
    connection.on('close', (error) => resolve(String(error)));
  });
  const channel = await connection.createChannel();
  channel.on('error', () => {});
  writeFrames(connection, queue, headers, body('flood'));
  return ended;
}

async function publishByManagement(
  { managementUrl, username, password }: RabbitMqServer,
  { queue, headers, payload }: { queue: string; headers: Record<string, string>; payload: Buffer },
): Promise<unknown> {
  const key = Buffer.from(`${username}:${password}`).toString('base64');
  const answer = await fetch(`${managementUrl}/api/exchanges/%2F/amq.default/publish`, {
    method: 'POST',
    headers: { authorization: `Basic ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      properties: { delivery_mode: 2, headers },
      routing_key: queue,
      payload: payload.toString(),
      payload_encoding: 'string',
    }),
  });
  return answer.json();
}

/** Frame by frame, since the client library has limits of its own. `headers` are encoded already. */
async function publishRaw(server: RabbitMqServer, queue: string, headers: Buffer, body: Buffer): Promise<void> {
  const connection = await connectTo(server);
  const channel = await connection.createChannel();
  writeFrames(connection, queue, headers, body);
  // Answered after all that was sent before it on this channel.
  await channel.checkQueue(queue);
  await connection.close();
}

function writeFrames(connection: ChannelModel, queue: string, headers: Buffer, body: Buffer): void {
  const { stream } = connection.connection as unknown as { readonly stream: Socket };
  const publish = Buffer.concat([
    Buffer.from([0, 60, 0, 40, 0, 0, 0, queue.length]),
    Buffer.from(queue),
    Buffer.from([0]),
  ]);
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(body.length));
  const properties = Buffer.concat([Buffer.from([0, 60, 0, 0]), size, Buffer.from([0x20, 0]), longText(headers)]);
  stream.write(Buffer.concat([frame(1, publish), frame(2, properties), frame(3, body)]));
}

function connectTo({ username, password, host: hostname, port }: RabbitMqServer): Promise<ChannelModel> {
  return connect({ hostname, port, username, password });
}

function frame(type: number, payload: Buffer): Buffer {
  const head = Buffer.from([type, 0, 1, 0, 0, 0, 0]);
  head.writeUInt32BE(payload.length, 3);
  return Buffer.concat([head, payload, Buffer.from([0xce])]);
}

function longText(text: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text]);
}

function manyHeaders(bytes: number): Buffer {
  const each = 1_000;
  const count = Math.floor(bytes / (each + 11));
  return Buffer.concat(
    Array.from({ length: count }, (_, index) =>
      Buffer.concat([Buffer.from(`\x05h${String(index).padStart(4, '0')}S`), longText(Buffer.alloc(each, 'x'))]),
    ),
  );
}

/** A table in a table in a table. */
function deepHeaders(depth: number): Buffer {
  const all = Buffer.alloc(depth * 7);
  for (let level = 0; level < depth; level += 1) {
    all.write('\x01dF', level * 7, 'latin1');
    all.writeUInt32BE((depth - level - 1) * 7, level * 7 + 3);
  }
  return all;
}
