import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Telemetry } from '@tracepost/telemetry';
import { until } from '@tracepost/testing';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { afterEach, expect, test } from 'vitest';
import {
  createEventStreams,
  type EventStream,
  type EventStreams,
  type OpenOptions,
} from '../src/live/event-streams.ts';
import { readEvents } from './helpers/read-events.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Streams on a plain server, with the little of Fastify that they need. */
async function givenStreams(
  limits: { maxStreams?: number; heartbeatMs?: number } = {},
  open: Partial<OpenOptions> = {},
) {
  const counted: string[] = [];
  const metrics = {
    add: (name: string, value: number, attributes: Record<string, string>) =>
      counted.push(`${name} ${value} ${Object.values(attributes).join(' ')}`),
  } as unknown as Telemetry['metrics'];
  const streams: EventStreams = createEventStreams({ metrics, ...limits });
  const opened: EventStream[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const reply = { hijack: () => reply, raw: response, getHeaders: () => ({ 'x-trace-id': 'a' }) };
    opened.push(
      streams.open(
        { trace: { startedMs: performance.now() }, raw: request } as unknown as FastifyRequest,
        reply as unknown as FastifyReply,
        { name: 'live', ...open },
      ),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { streams, counted, opened, url };
}

test('heartbeats keep a silent stream alive, and tell where to go on from', async () => {
  const { url } = await givenStreams({ heartbeatMs: 5 }, { newestId: () => 'boot-7' });
  const reader = await readEvents(url);
  await until(() => reader.text().split(': heartbeat\n').length > 3);
  expect(reader.events).toEqual([]);
  expect(reader.lastEventId()).toBe('boot-7');
  reader.leave();
});

test('streams are counted, and past their limit there is no room until one ends', async () => {
  const { url, streams, counted, opened } = await givenStreams({ maxStreams: 2 });
  const readers = [await readEvents(url), await readEvents(url)];
  expect(streams.isFull).toBe(true);
  readers[0]?.leave();
  await until(() => !streams.isFull);
  opened[1]?.end('ended');
  opened[1]?.end('stopping');
  await readers[1]?.waitForEnd();
  expect(counted).toEqual([
    'tracepost.streams.open 1 live',
    'tracepost.streams.open 1 live',
    'tracepost.streams.open -1 live',
    'tracepost.streams.closed 1 live client_left',
    'tracepost.streams.open -1 live',
    'tracepost.streams.closed 1 live ended',
  ]);
});

test('after its end nothing is written, and whoever asks late is told at once', async () => {
  const { url, opened } = await givenStreams();
  const reader = await readEvents(url);
  const stream = opened[0] as EventStream;
  stream.send({ id: '1', event: 'one', data: { text: 'two\nlines\r\n\u2028' } });
  stream.end('stopping');
  stream.send({ id: '2', event: 'two', data: {} });
  let isTold = false;
  stream.onEnd(() => {
    isTold = true;
  });
  await reader.waitForEnd();
  expect(reader.events).toEqual([
    { id: '1', event: 'one', data: { text: 'two\nlines\r\n\u2028' } },
    { id: null, event: 'closed', data: { reason: 'stopping' } },
  ]);
  expect(isTold).toBe(true);
});
