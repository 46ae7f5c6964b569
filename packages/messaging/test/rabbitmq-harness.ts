import { createTelemetry } from '@tracepost/telemetry';
import { type FaultProxy, type RabbitMqServer, startFaultProxy, until } from '@tracepost/testing';
import type { Broker } from '../src/broker.ts';
import type { BrokerHarness } from '../src/contract/index.ts';
import { createRabbitMqBroker, type RabbitMqOptions } from '../src/rabbitmq/index.ts';

/** A broker object on a server that others use too; a crash takes away its wire. */
export async function rabbitMqHarness(server: RabbitMqServer): Promise<BrokerHarness> {
  const open = () => openClient(server, { managementUrl: server.managementUrl });
  let current = await open();
  const gone: PromiseLike<unknown>[] = [];
  return {
    patienceMs: 10_000,
    broker: () => current.broker,
    async crash() {
      gone.push(current[Symbol.asyncDispose]());
      current = await open();
    },
    async restart() {
      await server.restart();
      await isReady(current.broker);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...gone, current[Symbol.asyncDispose]()]);
    },
  };
}

export interface Client extends AsyncDisposable {
  readonly broker: Broker;
  readonly proxy: FaultProxy;
}

export type ClientOptions = Partial<RabbitMqOptions> & { readonly onLine?: (line: string) => void };

/** A broker behind a proxy of its own, that is ready. */
export async function openClient(server: RabbitMqServer, options: ClientOptions = {}): Promise<Client> {
  const client = await createClient(server, options);
  await isReady(client.broker);
  return client;
}

export async function createClient(
  server: RabbitMqServer,
  { onLine: write, ...options }: ClientOptions = {},
): Promise<Client> {
  const proxy = await startFaultProxy({ port: server.port });
  const broker = createRabbitMqBroker({
    url: `amqp://127.0.0.1:${proxy.port}`,
    username: server.username,
    password: server.password,
    connectionName: 'test',
    telemetry: createTelemetry({ serviceName: 'test', ...(write ? { write, terminalLevel: 'debug' as const } : {}) }),
    ...options,
  });
  return {
    broker,
    proxy,
    async [Symbol.asyncDispose]() {
      // Without its wire it has nothing to give back, and no reason to wait for handlers that hold on.
      proxy.cut();
      await broker.close();
      await proxy.close();
    },
  };
}

export async function isReady(broker: Broker): Promise<void> {
  await until(() => broker.state === 'ready', { timeoutMs: 30_000, what: 'the broker to be ready' });
}
