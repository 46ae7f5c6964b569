import { connect, createServer } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type { NotifyAccepted, TaskRecord } from '@tracepost/contracts';
import type { PublishOutcome } from '@tracepost/messaging';
import { until } from '@tracepost/testing';
import { expect, test } from 'vitest';
import { OpenPortRefusedError, PortTakenError } from '../src/index.ts';
import { FORECAST, openWorld } from './helpers/open-world.ts';
import { HOST, rawRequest } from './helpers/send-raw.ts';

test('a taken port is told in one sentence that names the port and its variable', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as { port: number };
  const failure = await openWorld({ config: { port } }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(PortTakenError);
  expect((failure as Error).message).toMatch(new RegExp(`^Port ${port} .*TRACEPOST_PORT\\.$`));
  await new Promise((resolve) => other.close(resolve));
});

test.each([['0.0.0.0'], ['::'], ['192.168.1.5'], ['example.com'], ['127.0.0.1.example.com']])(
  'on %s it refuses to start without keys',
  async (host) => {
    const failure = await openWorld({ config: { host } }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(OpenPortRefusedError);
    expect((failure as Error).message).toContain('TRACEPOST_LOCAL_ONLY=1');
  },
);

test('on all addresses it starts when whatever publishes the port does so on loopback only', async () => {
  await using world = await openWorld({ config: { host: '0.0.0.0', localOnly: true }, isAnnounced: false });
  expect((await fetch(`http://127.0.0.1:${world.port}/health/live`)).status).toBe(200);
});

test('closing twice is safe, and closing before listening too', async () => {
  const world = await openWorld({ isAnnounced: false });
  await Promise.all([world.gateway.close(), world.gateway.close()]);
  await world[Symbol.asyncDispose]();
});

test('an idle gateway stops in a moment, though clients keep their connections', async () => {
  await using world = await openWorld();
  await world.get('/health');
  const silent = connect(world.port, '127.0.0.1');
  await new Promise((resolve) => silent.once('connect', resolve));
  const started = performance.now();
  await world.gateway.close();
  expect(performance.now() - started).toBeLessThan(1_000);
  silent.destroy();
});

test('a stopping gateway wakes those who wait, ends what is under way, and turns the next away', async () => {
  const confirm = Promise.withResolvers<PublishOutcome>();
  let isSlow = false;
  let held = 0;
  await using world = await openWorld({
    replace: ({ broker }) => {
      const real = broker.publish.bind(broker);
      broker.publish = (message) => {
        if (!isSlow || message.exchange !== 'agents') return real(message);
        held++;
        return confirm.promise;
      };
      return {};
    },
  });
  const task = await world.accept();
  const waiting = world.get<TaskRecord>(task.links.task, { prefer: 'wait=60' });
  isSlow = true;
  const underWay = world.notify<NotifyAccepted>(FORECAST);
  // A connection in use: it has a request that is not answered yet, so that it survives the first moment of the stop.
  const socket = connect(world.port, '127.0.0.1');
  let heard = '';
  socket.on('data', (data) => {
    heard += data.toString();
  });
  const body = JSON.stringify(FORECAST);
  socket.write(
    rawRequest(
      'POST /api/v1/agents/weather/notify HTTP/1.1',
      [HOST, 'Content-Type: application/json', `Content-Length: ${body.length}`],
      body,
    ),
  );
  await until(() => held === 2, { what: 'both notifications to reach the broker' });

  const closed = world.gateway.close();
  expect((await waiting).body.status).toBe('accepted');
  await new Promise((resolve) => socket.write(rawRequest('GET /api/v1/agents HTTP/1.1', [HOST]), resolve));
  // Written, it lies with the gateway, which is in this process: within a few turns it has read it, and not sooner may the connection end.
  for (let turn = 0; turn < 5; turn++) await setImmediate();
  confirm.resolve({ status: 'confirmed' });
  expect((await underWay).status).toBe(202);
  const started = performance.now();
  await closed;
  expect(performance.now() - started).toBeLessThan(2_000);
  expect(heard).toMatch(/^HTTP\/1\.1 202 /);
  expect(heard).toMatch(/HTTP\/1\.1 503 .*"code":"STOPPING"/s);
  await expect(fetch(`${world.url}/health/live`)).rejects.toThrow();
});

test('it starts listening while broker and stores are away, and says so', async () => {
  const away = () => Promise.reject(new Error('away'));
  await using world = await openWorld({
    isAnnounced: false,
    replace: ({ broker, records, traces, logs, metrics }) => ({
      broker: new Proxy(broker, {
        get(target, name) {
          if (name === 'state') return 'unreachable';
          if (name === 'declare' || name === 'consume') return () => new Promise(() => undefined);
          const member = Reflect.get(target, name);
          return typeof member === 'function' ? member.bind(target) : member;
        },
      }),
      records: { ...records, ping: away, listAnnouncements: away, countTasks: away },
      traces: { ...traces, ping: away },
      logs: { ...logs, ping: () => new Promise<void>(() => undefined) },
      metrics: { ...metrics, ping: away, readPoints: away },
    }),
  });
  const ready = await until(async () => {
    const answer = await world.get<{ failing: { name: string }[] }>('/health/ready');
    return answer.status === 503 && answer.body;
  });
  expect(ready.failing.map((check) => check.name)).toContain('broker');
  expect((await world.get('/health/live')).status).toBe(200);
  const started = performance.now();
  const status = await world.get<{ status: string; checks: { name: string; status: string }[] }>('/api/v1/status');
  expect(performance.now() - started).toBeLessThan(500);
  expect(status.body.status).toBe('unhealthy');
  const unhealthy = status.body.checks.filter((check) => check.status === 'unhealthy').map((check) => check.name);
  expect(unhealthy).toEqual(expect.arrayContaining(['broker', 'records', 'traces', 'logs', 'metrics']));
});
