import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agentTopology, type Broker, createEventPublisher, eventsTopology } from '@tracepost/messaging';
import { type Outbox, openOutbox } from '@tracepost/messaging/outbox';
import { createRabbitMqBroker } from '@tracepost/messaging/rabbitmq';
import { createTelemetry } from '@tracepost/telemetry';
import { type FaultProxy, type RabbitMqServer, startFaultProxy, until } from '@tracepost/testing';
import { openWorld, WEATHER, type World } from './open-world.ts';
import { takeAll } from './take-all.ts';

export interface RabbitGateway extends AsyncDisposable {
  readonly world: World;
  /** Between the gateway and the broker. */
  readonly proxy: FaultProxy;
  /** The gateway's own. */
  readonly broker: Broker;
  readonly outbox: Outbox;
  /** Somebody else at the same broker, whose wire is whole. */
  readonly other: Broker;
  readonly agentId: string;
  /** Status, and how long the answer took. */
  notify(headers?: Record<string, string>): Promise<{ status: number; taskId: string; code: string; ms: number }>;
}

/** A gateway on RabbitMQ with an outbox, that knows one agent with a queue of its own. */
export async function openRabbitGateway(
  server: RabbitMqServer,
  { agentId, confirmTimeoutMs = 5_000 }: { readonly agentId: string; readonly confirmTimeoutMs?: number },
): Promise<RabbitGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'tracepost-outbox-'));
  const proxy = await startFaultProxy({ port: server.port });
  const other = connectTo(server, server.port);
  const broker = connectTo(server, proxy.port, confirmTimeoutMs);
  const telemetry = createTelemetry({ serviceName: 'tracepost-gateway' });
  const outbox = await openOutbox({ path: join(folder, 'outbox.db'), broker, telemetry });
  const world = await openWorld({ isAnnounced: false, replace: () => ({ broker, outbox }) });
  await announce(other, world.url, agentId);
  // The gateway has declared the queue too, and nobody waits for that any more, once it has used it.
  await until(async () => (await notify(world.url, agentId)).status === 202 && outbox.read().messages === 0, {
    timeoutMs: 20_000,
    what: 'the gateway to use the broker',
  });
  await takeAll(other, `agent.${agentId}`);
  return {
    world,
    proxy,
    broker,
    outbox,
    other,
    agentId,
    notify: (headers = {}) => notify(world.url, agentId, headers),
    async [Symbol.asyncDispose]() {
      proxy.restore();
      await world[Symbol.asyncDispose]();
      await outbox.close();
      proxy.cut();
      await Promise.all([broker.close(), other.close()]);
      await proxy.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function connectTo({ username, password }: RabbitMqServer, port: number, confirmTimeoutMs = 5_000): Broker {
  return createRabbitMqBroker({
    url: `amqp://127.0.0.1:${port}`,
    username,
    password,
    connectionName: 'test',
    telemetry: createTelemetry({ serviceName: 'test' }),
    confirmTimeoutMs,
  });
}

/** Declares the agent's queue and announces it until the gateway has heard of it. */
export async function announce(broker: Broker, url: string, agentId: string): Promise<void> {
  await broker.declare(eventsTopology());
  await broker.declare(agentTopology(agentId));
  const events = createEventPublisher({ broker });
  await until(
    async () => {
      await events.publishAnnouncement({ ...WEATHER, agentId, at: new Date().toISOString() });
      return (await fetch(`${url}/api/v1/agents/${agentId}`)).status === 200;
    },
    { timeoutMs: 20_000, everyMs: 100, what: 'the gateway to know the agent' },
  );
}

export async function notify(url: string, agentId: string, headers: Record<string, string> = {}) {
  const begin = performance.now();
  const answer = await fetch(`${url}/api/v1/agents/${agentId}/notify`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ notificationType: 'weather.forecast', payload: { location: 'Lisbon' } }),
  });
  const { taskId = '', code = '' } = (await answer.json()) as { taskId?: string; code?: string };
  return { status: answer.status, taskId, code, ms: performance.now() - begin };
}
