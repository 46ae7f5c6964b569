import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFaultProxy } from './fault-proxy.ts';
import { until } from './until.ts';

let port = 0;
let received = '';
const echo = createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    received += bytes;
    socket.write(bytes);
  });
});
beforeAll(async () => {
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  port = (echo.address() as AddressInfo).port;
});
afterAll(() => {
  echo.close();
});

test('passes on in both directions', async () => {
  await using proxy = await startFaultProxy({ port });
  const client = await open(proxy.port);
  client.write('hello');
  await expect(once(client, 'data').then(String)).resolves.toBe('hello');
});

test('delivers all that a server has said, also to a client that is slower than the server is gone', async () => {
  const bytes = 20_000_000;
  const talker = createServer((socket) => socket.on('error', () => {}).end(Buffer.alloc(bytes)));
  talker.listen(0, '127.0.0.1');
  await once(talker, 'listening');
  await using proxy = await startFaultProxy({ port: (talker.address() as AddressInfo).port });
  const client = await open(proxy.port);
  let heard = 0;
  await sleep(100);
  client.on('data', (part) => {
    heard += part.length;
  });
  await once(client, 'close');
  expect(heard).toBe(bytes);
  talker.close();
});

test('a cut breaks what is open and refuses what comes, until it is restored', async () => {
  await using proxy = await startFaultProxy({ port });
  const client = await open(proxy.port);
  await until(() => proxy.connections === 1);
  proxy.cut();
  await until(() => client.destroyed);
  const refused = connect(proxy.port, '127.0.0.1').on('error', () => {});
  await until(() => refused.destroyed);
  proxy.restore();
  const again = await open(proxy.port);
  again.write('again');
  await expect(once(again, 'data').then(String)).resolves.toBe('again');
});

test('swallowed answers reach the server and not the client', async () => {
  await using proxy = await startFaultProxy({ port });
  const client = await open(proxy.port);
  let answers = 0;
  client.on('data', () => answers++);
  proxy.swallowAnswers();
  client.write('question');
  await until(() => received.includes('question'));
  await sleep(50);
  expect(answers).toBe(0);
});

test('a black hole takes everything and tells nobody', async () => {
  await using proxy = await startFaultProxy({ port });
  const client = await open(proxy.port);
  proxy.blackHole();
  client.write('into the void');
  await sleep(50);
  expect(received).not.toContain('void');
  expect(client.destroyed).toBe(false);
});

async function open(to: number): Promise<Socket> {
  const socket = connect(to, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}
