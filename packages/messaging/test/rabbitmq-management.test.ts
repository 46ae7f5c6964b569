import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { parseEndpoint } from '../src/rabbitmq/endpoint.ts';
import { Management } from '../src/rabbitmq/management.ts';

const UNKNOWN = { unacknowledged: null, publishRate: null, deliverRate: null };
const endpoint = parseEndpoint({ url: 'amqp://broker/my%2Fhost', username: 'tracepost', password: 'secret' });
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

describe('the management API', () => {
  test('is asked for one queue of the virtual host, with the same user and password', async () => {
    const asked: IncomingMessage[] = [];
    const url = await serve((request, response) => {
      asked.push(request);
      response.end(
        JSON.stringify({
          messages_unacknowledged: 3,
          message_stats: { publish_details: { avg_rate: 1.5 }, deliver_get_details: { avg_rate: 0.5 } },
        }),
      );
    });
    const management = new Management(`${url}/base/`, endpoint);
    expect(await management.flowOf('agent.a/b')).toEqual({ unacknowledged: 3, publishRate: 1.5, deliverRate: 0.5 });
    expect(asked[0]?.url).toMatch(/^\/base\/api\/queues\/my%2Fhost\/agent\.a%2Fb\?/);
    const credentials = asked[0]?.headers.authorization?.replace('Basic ', '') ?? '';
    expect(Buffer.from(credentials, 'base64').toString()).toBe('tracepost:secret');
  });

  test('says nothing of a queue that is idle, which is no rate', async () => {
    const url = await serve((_request, response) => response.end(JSON.stringify({ messages_unacknowledged: 0 })));
    const management = new Management(url, endpoint);
    expect(await management.flowOf('q')).toEqual({ unacknowledged: 0, publishRate: 0, deliverRate: 0 });
  });

  test.each<[string, (request: IncomingMessage, response: ServerResponse) => void]>([
    ['refuses', (_request, response) => response.writeHead(401).end('{}')],
    ['breaks off', (_request, response) => response.destroy()],
    ['speaks another language', (_request, response) => response.end('<html>')],
    ['sends elsewhere', (_request, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
  ])('that %s tells nothing, and is left alone for a while', async (_how, answer) => {
    let asked = 0;
    const url = await serve((request, response) => {
      asked += 1;
      answer(request, response);
    });
    const management = new Management(url, endpoint);
    expect(await management.flowOf('q')).toEqual(UNKNOWN);
    expect(await management.flowOf('q')).toEqual(UNKNOWN);
    expect(asked).toBe(1);
  });

  test('is asked on when it only does not know a queue', async () => {
    let asked = 0;
    const url = await serve((_request, response) => {
      asked += 1;
      response.writeHead(404).end('{}');
    });
    const management = new Management(url, endpoint);
    for (const queue of ['a', 'b']) expect(await management.flowOf(queue)).toEqual(UNKNOWN);
    expect(asked).toBe(2);
  });

  test('that does not answer is given up after two seconds, also in the middle of an answer', async () => {
    const silent = new Management(await serve(() => {}), endpoint);
    const slow = new Management(await serve((_request, response) => response.write('{')), endpoint);
    const begin = performance.now();
    expect(await Promise.all([silent.flowOf('q'), slow.flowOf('q')])).toEqual([UNKNOWN, UNKNOWN]);
    expect(performance.now() - begin).toBeGreaterThan(1_900);
    expect(performance.now() - begin).toBeLessThan(4_000);
  });

  test('is not waited for once the broker is closed', async () => {
    const management = new Management(await serve(() => {}), endpoint);
    const asked = management.flowOf('q');
    const begin = performance.now();
    management.close();
    expect(await asked).toEqual(UNKNOWN);
    expect(performance.now() - begin).toBeLessThan(1_000);
  });

  test.each(['ftp://broker', 'broker:15672', 'http://user:hidden@broker:15672', ''])(
    'an address that is none is refused without being repeated: %j',
    (url) => {
      expect(() => new Management(url, endpoint)).toThrow(/not a URL like http:/);
      expect(() => new Management(url, endpoint)).not.toThrow(/hidden/);
    },
  );
});

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
