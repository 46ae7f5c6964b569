import { randomUUID } from 'node:crypto';
import { describeWithDocker, until, useRabbitMq } from '@tracepost/testing';
import { expect, test } from 'vitest';
import type { Broker, Delivery, OutgoingMessage, Topology } from '../src/broker.ts';
import { isReady, openClient } from './rabbitmq-harness.ts';

describeWithDocker('RabbitMQ, after a fault', () => {
  const server = useRabbitMq();

  test('a restart under traffic loses nothing that was confirmed, and publishing goes on within 5 s', async () => {
    await using client = await openClient(server());
    const { queue, topology } = named('traffic');
    await client.broker.declare(topology);
    const received = new Set<string>();
    await client.broker.consume({ queue, prefetch: 10, onDelivery: takeInto(received) });

    const confirmed = new Set<string>();
    const seen = new Set<string>();
    let stop = false;
    let lastConfirmedAt = 0;
    const traffic = (async () => {
      for (let id = 0; !stop; id++) {
        const outcome = await client.broker.publish(message(queue, String(id)));
        seen.add(outcome.status);
        if (outcome.status === 'confirmed') {
          confirmed.add(String(id));
          lastConfirmedAt = performance.now();
        }
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    })();
    await until(() => confirmed.size > 50);
    await server().restart();
    const portOpenAt = performance.now();
    await until(() => lastConfirmedAt > portOpenAt, { what: 'a confirm after the restart' });
    expect(lastConfirmedAt - portOpenAt).toBeLessThan(5_000);
    stop = true;
    await traffic;

    expect(seen).toContain('unreachable');
    await until(() => [...confirmed].every((id) => received.has(id)), { what: 'everything confirmed to arrive' });
  });

  test('connections that the operator closes come back with their consumers', async () => {
    await using client = await openClient(server());
    const { queue, topology } = named('closed');
    await client.broker.declare(topology);
    const received = new Set<string>();
    await client.broker.consume({ queue, prefetch: 10, onDelivery: takeInto(received) });
    await server().closeAllConnections();
    await until(() => client.broker.state !== 'ready');
    await isReady(client.broker);
    await confirms(client.broker, message(queue, 'after'));
    await until(() => received.has('after'));
  });

  test('rights that were revoked: not ready from the first message that is refused until they are back, however little is sent', async () => {
    await using client = await openClient(server());
    const { queue, topology } = named('revoked');
    await client.broker.declare(topology);
    const { username } = server();
    try {
      await server().ctl('set_permissions', username, '.*', '^amq\\.gen.*', '.*');
      await server().closeAllConnections();
      await until(() => client.broker.state !== 'ready');
      await isReady(client.broker);
      expect(await client.broker.publish(message(queue, 'refused'))).toMatchObject({ status: 'unconfirmed' });
      await until(() => client.broker.state !== 'ready');
      const seen = new Set<string>();
      const looking = setInterval(() => seen.add(`${client.broker.state}: ${client.broker.stateReason}`), 1);
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      clearInterval(looking);
      expect([...seen]).toEqual(['connecting: it refuses a right that is needed here (ACCESS_REFUSED)']);
    } finally {
      await server().ctl('set_permissions', username, '.*', '.*', '.*');
    }
    await until(() => client.broker.state === 'ready', { timeoutMs: 5_000, what: 'to be ready again' });
    await confirms(client.broker, message(queue, 'after'));
  });

  test('whoever works longer than the broker usually waits for an answer keeps the message', async () => {
    await using client = await openClient(server());
    const { queue, topology } = named('slow');
    await client.broker.declare(topology);
    const held: Delivery[] = [];
    await client.broker.consume({ queue, prefetch: 1, onDelivery: (delivery) => void held.push(delivery) });
    await client.broker.publish(message(queue, 'slow'));
    await until(() => held.length === 1);
    const [argument] = await server()
      .ctl('list_consumers', 'arguments')
      .then((text) => text.match(/x-consumer-timeout\D+(\d+)/)?.slice(1) ?? []);
    // Two hours in the line, two at work, and the waits in between.
    expect(Number(argument)).toBeGreaterThan(4 * 3_600_000);
    held[0]?.ack();
  });

  test('whoever holds a message is told when its connection breaks, and is not when it was settled before', async () => {
    await using client = await openClient(server());
    const { queue, topology } = named('lost');
    await client.broker.declare(topology);
    const held: Delivery[] = [];
    await client.broker.consume({ queue, prefetch: 2, onDelivery: (delivery) => void held.push(delivery) });
    for (const text of ['settled', 'held']) await client.broker.publish(message(queue, text));
    await until(() => held.length === 2);
    const [settled, lost] = held;
    const told: unknown[] = [];
    for (const delivery of held) delivery.lost.addEventListener('abort', () => told.push(delivery.lost.reason));
    settled?.ack();
    client.proxy.reset();
    // The acknowledgement may be lost with the connection; then the settled one comes again too.
    const again = await until(() => held.slice(2).find(({ message }) => message.messageId === 'held'));
    expect([settled, lost, again].map((delivery) => delivery?.lost.aborted)).toEqual([false, true, false]);
    expect(told).toEqual([expect.objectContaining({ code: 'messaging/delivery-lost' })]);
    expect(again).toMatchObject({ redelivered: true, deliveryCount: 1 });
  });

  test('a queue deleted while it is consumed is there again with its bindings and its consumer', async () => {
    await using client = await openClient(server());
    const { queue, exchange, topology } = named('deleted');
    await client.broker.declare(topology);
    const received = new Set<string>();
    const consumption = await client.broker.consume({ queue, prefetch: 10, onDelivery: takeInto(received) });
    const seen = new Set([consumption.isConsuming]);
    const looking = setInterval(() => seen.add(consumption.isConsuming), 1);
    await server().ctl('delete_queue', queue);
    const bound = { ...message(queue, 'after'), exchange, routingKey: 'task.weather' };
    await until(async () => (await client.broker.publish(bound)).status === 'confirmed', { timeoutMs: 5_000 });
    await until(() => received.has('after'));
    clearInterval(looking);
    expect(client.broker.state).toBe('ready');
    // It said so while nothing could reach it.
    expect(seen).toContain(false);
    expect(consumption.isConsuming).toBe(true);
  });

  test('a queue deleted where nobody consumes is there again after the first publish that finds it gone', async () => {
    await using client = await openClient(server());
    const { queue, topology } = named('unwatched');
    await client.broker.declare(topology);
    await server().ctl('delete_queue', queue);
    expect(await client.broker.publish(message(queue, 'lost'))).toEqual({ status: 'unroutable' });
    await until(async () => (await client.broker.publish(message(queue, 'after'))).status === 'confirmed', {
      timeoutMs: 5_000,
    });
  });

  test('a channel that a protocol error closed is replaced within a second, and consumers do not notice', async () => {
    await using client = await openClient(server());
    const { queue, topology } = named('protocol');
    await client.broker.declare(topology);
    const received = new Set<string>();
    await client.broker.consume({ queue, prefetch: 10, onDelivery: takeInto(received) });
    const outcome = await client.broker.publish({ ...message(queue, 'lost'), exchange: 'no such exchange' });
    expect(outcome).toMatchObject({ status: 'unconfirmed', reason: expect.stringContaining('NOT_FOUND') });
    const brokenAt = performance.now();
    await confirms(client.broker, message(queue, 'after'));
    expect(performance.now() - brokenAt).toBeLessThan(1_000);
    await until(() => received.has('after'));
  });

  test('an exchange deleted while running is there again after the publish that finds it gone', async () => {
    await using client = await openClient(server());
    const { queue, exchange, topology } = named('exchange');
    await client.broker.declare(topology);
    await server().ctl(
      'eval',
      `rabbit_exchange:delete(rabbit_misc:r(<<"/">>, exchange, <<"${exchange}">>), false, <<>>).`,
    );
    const bound = { ...message(queue, 'after'), exchange, routingKey: 'task.weather' };
    expect(await client.broker.publish(bound)).toMatchObject({ status: 'unconfirmed' });
    await until(async () => (await client.broker.publish(bound)).status === 'confirmed', { timeoutMs: 5_000 });
  });

  test('while the broker has a memory alarm publishes are answered at once, and go on after it', async () => {
    await using client = await openClient(server());
    const { queue, topology } = named('blocked');
    await client.broker.declare(topology);
    await server().ctl('set_vm_memory_high_watermark', '0.0000001');
    try {
      // The broker tells only those who publish.
      const first = client.broker.publish(message(queue, 'under way'));
      await until(() => client.broker.state === 'blocked');
      const begin = performance.now();
      expect(await client.broker.publish(message(queue, 'not sent'))).toMatchObject({
        status: 'unreachable',
        reason: expect.stringContaining('memory'),
      });
      expect(performance.now() - begin).toBeLessThan(100);
      expect(await client.broker.inspect(queue)).toMatchObject({ ready: 0 });
      await server().ctl('set_vm_memory_high_watermark', '0.6');
      expect(['confirmed', 'unconfirmed']).toContain((await first).status);
    } finally {
      await server().ctl('set_vm_memory_high_watermark', '0.6');
    }
    await isReady(client.broker);
    await confirms(client.broker, message(queue, 'after'));
    await until(async () => (await client.broker.inspect(queue))?.ready === 2);
  });

  test('a transient queue is there again, empty and bound, and its consumer goes on', async () => {
    await using client = await openClient(server());
    const live = `live-${randomUUID()}`;
    const { exchange } = named('live');
    await client.broker.declare({
      exchanges: [{ name: exchange, type: 'topic' }],
      queues: [{ kind: 'transient', name: live }],
      bindings: [{ queue: live, exchange, key: 'task.#' }],
    });
    const received = new Set<string>();
    await client.broker.consume({ queue: live, prefetch: 10, onDelivery: takeInto(received) });
    client.proxy.reset();
    await until(() => client.broker.state !== 'ready');
    await until(async () => {
      await client.broker.publish({ ...message('', 'after'), exchange, routingKey: 'task.weather' });
      return received.has('after');
    });
  });

  test('what was declared is there again before the broker is ready, also when nobody here uses it', async () => {
    await using client = await openClient(server(), { connectionName: 'lonely' });
    const live = `live-${randomUUID()}`;
    await client.broker.declare({ queues: [{ kind: 'transient', name: live }] });
    const connections = await server().ctl('list_connections', 'pid', 'client_properties');
    const consuming = connections.split('\n').find((line) => line.includes('lonely consuming'));
    await server().ctl('close_connection', consuming?.split('\t')[0] ?? '', 'asked for by a test');
    await until(() => client.broker.state !== 'ready');
    await isReady(client.broker);
    expect(await client.broker.inspect(live)).toMatchObject({ ready: 0, consumers: 0 });
  });

  test('a queue that somebody made anew with other arguments is told in the log, and the rest goes on', async () => {
    const lines: string[] = [];
    await using client = await openClient(server(), { onLine: (line) => lines.push(line) });
    const changed = named('changed');
    const kept = named('kept');
    await client.broker.declare(changed.topology);
    await client.broker.declare(kept.topology);
    client.proxy.cut();
    await using other = await openClient(server());
    await server().ctl('delete_queue', changed.queue);
    await other.broker.declare({ queues: [{ kind: 'durable', name: changed.queue, maxLength: 7 }] });
    client.proxy.restore();
    await isReady(client.broker);
    await confirms(client.broker, message(kept.queue, 'after'));
    expect(lines.filter((line) => line.includes('refuses to declare') && line.includes(changed.queue))).toHaveLength(1);
  });
});

function named(word: string): { queue: string; exchange: string; topology: Topology } {
  const queue = `${word}-${randomUUID()}`;
  const exchange = `x-${queue}`;
  return {
    queue,
    exchange,
    topology: {
      exchanges: [{ name: exchange, type: 'topic' }],
      queues: [{ kind: 'durable', name: queue }],
      bindings: [{ queue, exchange, key: 'task.#' }],
    },
  };
}

function message(queue: string, text: string): OutgoingMessage {
  return { exchange: '', routingKey: queue, mandatory: true, body: Buffer.from(text), headers: {}, messageId: text };
}

function takeInto(received: Set<string>): (delivery: Delivery) => void {
  return (delivery) => {
    received.add(delivery.message.body.toString('utf8'));
    delivery.ack();
  };
}

/** Tries until it is confirmed, as a publisher would that has kept its message. */
async function confirms(broker: Broker, sent: OutgoingMessage): Promise<void> {
  await until(async () => (await broker.publish(sent)).status === 'confirmed', { what: 'a confirm' });
}
