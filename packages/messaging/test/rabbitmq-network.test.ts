import { randomUUID } from 'node:crypto';
import { describeWithDocker, startFaultProxy, until, useRabbitMq } from '@tracepost/testing';
import { expect, test } from 'vitest';
import { BrokerClosedError, type OutgoingMessage } from '../src/broker.ts';
import { createClient, isReady, openClient } from './rabbitmq-harness.ts';

describeWithDocker('RabbitMQ, over a bad network', () => {
  const server = useRabbitMq();

  test('what waits for a broker that is not there yet is done when it comes', async () => {
    await using client = await createClient(server());
    client.proxy.cut();
    const queue = randomUUID();
    await until(() => client.broker.state === 'unreachable');
    const declared = client.broker.declare({ queues: [{ kind: 'durable', name: queue }] });
    const received: string[] = [];
    const consuming = client.broker.consume({
      queue,
      prefetch: 1,
      onDelivery: (delivery) => {
        received.push(delivery.message.body.toString());
        delivery.ack();
      },
    });
    expect(await client.broker.publish(message(queue, 'too early'))).toMatchObject({ status: 'unreachable' });
    expect(await client.broker.inspect(queue)).toBeNull();
    client.proxy.restore();
    await declared;
    await consuming;
    await isReady(client.broker);
    expect(await client.broker.publish(message(queue, 'in time'))).toEqual({ status: 'confirmed' });
    await until(() => received.includes('in time'));
  });

  test('what still waits when the broker is closed is told so', async () => {
    await using client = await createClient(server());
    client.proxy.cut();
    const waiting = [
      client.broker.declare({ queues: [{ kind: 'durable', name: randomUUID() }] }),
      client.broker.consume({ queue: randomUUID(), prefetch: 1, onDelivery: () => {} }),
    ];
    const told = Promise.allSettled(waiting);
    await client.broker.close();
    for (const result of await told) {
      expect(result).toMatchObject({ status: 'rejected', reason: expect.any(BrokerClosedError) });
    }
  });

  test('whoever asks a closed broker is told so', async () => {
    await using client = await openClient(server());
    const queue = await declared(client);
    await client.broker.close();
    await expect(client.broker.declare({})).rejects.toBeInstanceOf(BrokerClosedError);
    const consuming = client.broker.consume({ queue, prefetch: 1, onDelivery: () => {} });
    await expect(consuming).rejects.toBeInstanceOf(BrokerClosedError);
  });

  test('without a confirm in time the outcome is unconfirmed, though the message may be stored', async () => {
    await using client = await openClient(server(), { confirmTimeoutMs: 300 });
    const queue = await declared(client);
    client.proxy.swallowAnswers();
    const begin = performance.now();
    const outcome = await client.broker.publish(message(queue, 'stored'));
    expect(outcome).toMatchObject({ status: 'unconfirmed', reason: expect.stringContaining('300 ms') });
    expect(performance.now() - begin).toBeLessThan(1_000);
    await using other = await openClient(server());
    await until(async () => (await other.broker.inspect(queue))?.ready === 1);
  });

  test('a connection that breaks answers at once everybody who waits for a confirm', async () => {
    await using client = await openClient(server());
    const queue = await declared(client);
    client.proxy.swallowAnswers();
    const waiting = [1, 2, 3].map((id) => client.broker.publish(message(queue, String(id))));
    await new Promise((resolve) => setImmediate(resolve));
    const begin = performance.now();
    client.proxy.cut();
    for (const outcome of await Promise.all(waiting)) expect(outcome).toMatchObject({ status: 'unconfirmed' });
    expect(performance.now() - begin).toBeLessThan(1_000);
  });

  test('past the limit of unconfirmed messages a publish is refused at once', async () => {
    await using client = await openClient(server(), { maxUnconfirmed: 3, confirmTimeoutMs: 300 });
    const queue = await declared(client);
    client.proxy.swallowAnswers();
    const publish = (): Promise<unknown> => client.broker.publish(message(queue, 'x'));
    const waiting = [publish(), publish(), publish()];
    expect(await publish()).toMatchObject({
      status: 'unreachable',
      reason: expect.stringContaining('not confirmed yet'),
    });
    await Promise.all(waiting);
    // Nobody waits any more, but the broker has still not spoken.
    expect(await publish()).toMatchObject({ status: 'unreachable' });
  });

  test('past the limit of unconfirmed bytes too, but one message always fits', async () => {
    await using client = await openClient(server(), { maxUnconfirmedBytes: 1_000 });
    const queue = await declared(client);
    expect(await client.broker.publish(message(queue, 'x'.repeat(5_000)))).toEqual({ status: 'confirmed' });
    client.proxy.swallowAnswers();
    void client.broker.publish(message(queue, 'x'.repeat(900)));
    expect(await client.broker.publish(message(queue, 'x'.repeat(200)))).toMatchObject({ status: 'unreachable' });
  });

  test('a network that swallows everything is noticed within 20 s', async () => {
    await using client = await openClient(server());
    const queue = await declared(client);
    const begin = performance.now();
    client.proxy.blackHole();
    await until(() => client.broker.state === 'unreachable', { timeoutMs: 25_000 });
    expect(performance.now() - begin).toBeLessThan(20_000);
    client.proxy.reset();
    client.proxy.restore();
    await isReady(client.broker);
    expect(await client.broker.publish(message(queue, 'after'))).toEqual({ status: 'confirmed' });
  }, 60_000);

  test('closing does not wait for a broker that is silent', async () => {
    await using client = await openClient(server(), { confirmTimeoutMs: 300 });
    const queue = await declared(client);
    await client.broker.consume({ queue, prefetch: 1, onDelivery: (delivery) => delivery.ack() });
    client.proxy.blackHole();
    const lost = client.broker.publish(message(queue, 'lost'));
    const begin = performance.now();
    await client.broker.close();
    expect(performance.now() - begin).toBeLessThan(8_000);
    expect(await lost).toMatchObject({ status: 'unconfirmed' });
    await until(() => client.proxy.connections === 0);
  });

  test('a message that cannot be encoded, or would go elsewhere, is refused alone', async () => {
    await using client = await openClient(server());
    const queue = await declared(client);
    const other = await declared(client);
    const publish = (content: Partial<OutgoingMessage>): Promise<unknown> =>
      client.broker.publish({ ...message(queue, 'x'), ...content });
    const [large, long, elsewhere, fine] = await Promise.all([
      publish({ headers: { baggage: 'x'.repeat(70_000) } }),
      publish({ messageId: 'x'.repeat(300) }),
      publish({ headers: { CC: other } }),
      publish({}),
    ]);
    expect(large).toMatchObject({ status: 'refused', reason: expect.stringContaining('cannot be sent') });
    expect(long).toMatchObject({ status: 'refused', reason: expect.stringContaining('cannot be sent') });
    expect(elsewhere).toMatchObject({ status: 'refused', reason: expect.stringContaining('CC') });
    expect(fine).toEqual({ status: 'confirmed' });
    expect(client.broker.state).toBe('ready');
    await until(async () => (await client.broker.inspect(queue))?.ready === 1);
    expect(await client.broker.inspect(other)).toMatchObject({ ready: 0 });
  });

  test("a publisher's own count of deliveries is not believed", async () => {
    await using client = await openClient(server());
    const queue = await declared(client);
    await client.broker.publish({ ...message(queue, 'x'), headers: { 'x-delivery-count': 99 } });
    const counts: number[] = [];
    await client.broker.consume({
      queue,
      prefetch: 1,
      onDelivery: (delivery) => {
        counts.push(delivery.deliveryCount);
        if (counts.length < 3) delivery.reject();
        else delivery.ack();
      },
    });
    await until(() => counts.length === 3);
    expect(counts).toEqual([0, 1, 2]);
  });

  test('a wrong password is told with its reason, and no password ever stands in a log or an outcome', async () => {
    const lines: string[] = [];
    await using proxy = await startFaultProxy({ port: server().port });
    await using client = await createClient(server(), {
      url: `amqp://somebody:in-the-url@127.0.0.1:${proxy.port}`,
      username: server().username,
      password: 'not the right one',
      onLine: (line) => lines.push(line),
    });
    await until(() => client.broker.state === 'unreachable');
    const outcome = await client.broker.publish(message('nowhere', 'x'));
    expect(outcome).toMatchObject({ status: 'unreachable', reason: expect.stringContaining('ACCESS') });
    await client.broker.close();
    const told = lines.join('\n') + JSON.stringify(outcome);
    expect(told).toContain('unreachable');
    expect(told).not.toMatch(/not the right one|in-the-url/);
  });
});

async function declared({ broker }: Awaited<ReturnType<typeof openClient>>): Promise<string> {
  const queue = randomUUID();
  await broker.declare({ queues: [{ kind: 'durable', name: queue }] });
  return queue;
}

function message(queue: string, text: string): OutgoingMessage {
  return { exchange: '', routingKey: queue, mandatory: true, body: Buffer.from(text), headers: {} };
}
