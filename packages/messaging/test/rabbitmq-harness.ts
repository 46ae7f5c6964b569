import { createTelemetry } from '@tracepost/telemetry';
import { type FaultProxy, type RabbitMqServer, startFaultProxy, until } from '@tracepost/testing';
import type { Broker } from '../src/broker.ts';
import type { BrokerHarness } from '../src/contract/index.ts';
import { createRabbitMqBroker, type RabbitMqOptions } from '../src/rabbitmq/index.ts';

/** A broker object on a server that others use too; a crash takes away its wire. */
export async function rabbitMqHarness(server: RabbitMqServer): Promise<BrokerHarness> {
  let current = await openClient(server);
  const gone: Promise<unknown>[] = [];
  return {
    patienceMs: 10_000,
    broker: () => current.broker,
    async crash() {
      const { broker, proxy } = current;
      proxy.cut();
      gone.push(broker.close());
      current = await openClient(server);
    },
    async restart() {
      await server.restart();
      await isReady(current.broker);
    },
    async [Symbol.asyncDispose]() {
      // Without its wire it has nothing to give back, and no reason to wait for handlers that hold on.
      current.proxy.cut();
      await Promise.all([...gone, current.broker.close()]);
      await current.proxy.close();
    },
  };
}

export interface Client {
  readonly broker: Broker;
  readonly proxy: FaultProxy;
}

export async function openClient(server: RabbitMqServer, options: Partial<RabbitMqOptions> = {}): Promise<Client> {
  const proxy = await startFaultProxy({ port: server.port });
  const broker = createRabbitMqBroker({
    url: `amqp://127.0.0.1:${proxy.port}`,
    username: server.username,
    password: server.password,
    connectionName: 'test',
    telemetry: createTelemetry({ serviceName: 'test' }),
    ...options,
  });
  await isReady(broker);
  return { broker, proxy };
}

export async function isReady(broker: Broker): Promise<void> {
  await until(() => broker.state === 'ready', { timeoutMs: 30_000, what: 'the broker to be ready' });
}
