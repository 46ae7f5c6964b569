import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { describeWithDocker, type RabbitMqServer, until, useRabbitMq } from '@tracepost/testing';
import { type ChannelModel, connect } from 'amqplib';
import { expect, test } from 'vitest';
import type { Delivery } from '../src/broker.ts';
import { consumeNotifications, deadLetterQueueName, type ReceivedNotification } from '../src/index.ts';
import { describeNotifications, type ForeignMessage, telemetry } from './notifications.ts';
import { openClient, rabbitMqHarness } from './rabbitmq-harness.ts';

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
      const agentId = `flooded-${randomUUID()}`;
      const queue = `agent.${agentId}`;
      const received: ReceivedNotification[] = [];
      await consumeNotifications({
        broker: client.broker,
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
      const body = (id: string): Buffer => Buffer.from(JSON.stringify({ id, type: 't', data: {} }));
      await publishRaw(server(), queue, headers, body('flood'));
      await publishForeign(server(), { queue, body: body('good') });
      const has = (id: string): boolean => received.some(({ notification }) => notification.taskId === id);
      await until(() => has('good'), { timeoutMs: 20_000 });
      expect(has('flood')).toBe(false);
      const letters: Delivery[] = [];
      await client.broker.consume({
        queue: deadLetterQueueName(agentId),
        prefetch: 1,
        onDelivery(delivery) {
          letters.push(delivery);
          delivery.ack();
        },
      });
      await until(() => letters.length > 0);
      expect(letters[0]?.message.headers['x-dead-reason']).toMatch(/^(too_large|unknown_version): .*headers/);
      // Nobody lost their connection over it.
      expect(received.map(({ crashes }) => crashes)).toEqual([0]);
    },
    60_000,
  );
});

/** By the bare client library. */
async function publishForeign(server: RabbitMqServer, { queue, body, ...options }: ForeignMessage): Promise<void> {
  const connection = await connectTo(server);
  const channel = await connection.createConfirmChannel();
  channel.sendToQueue(queue, body, { persistent: true, ...options });
  await channel.waitForConfirms();
  await connection.close();
}

/** Frame by frame, since the client library has limits of its own. `headers` are encoded already. */
async function publishRaw(server: RabbitMqServer, queue: string, headers: Buffer, body: Buffer): Promise<void> {
  const connection = await connectTo(server);
  const channel = await connection.createChannel();
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
  // Answered after all that was sent before it on this channel.
  await channel.checkQueue(queue);
  await connection.close();
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
