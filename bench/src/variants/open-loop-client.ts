import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Latencies, OpenLoop } from '../harness/open-loop.ts';

// Plain sockets and one prepared request: a client that costs as much as what it measures would measure itself.
const { url, body, perSecond, seconds } = JSON.parse(process.argv[2] ?? '{}') as OpenLoop;
const { hostname, port, host, pathname } = new URL(url);
const REQUEST = Buffer.from(
  `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
);
const CONNECTIONS = 256;

const took: number[] = [];
let failed = 0;
let isOver = false;
/** When those were due that no connection was free for. */
const waiting: number[] = [];
const idle: Connection[] = [];

interface Connection {
  readonly socket: Socket;
  dueAt: number;
  answer: string;
}

function send(connection: Connection, dueAt: number): void {
  connection.dueAt = dueAt;
  connection.answer = '';
  connection.socket.write(REQUEST);
}

function open(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = connect({ host: hostname, port: Number(port), noDelay: true }, resolve);
  const connection: Connection = { socket, dueAt: 0, answer: '' };
  idle.push(connection);
  socket.setEncoding('latin1');
  socket.on('data', (part: string) => {
    connection.answer += part;
    if (!isWhole(connection.answer)) return;
    if (connection.answer.startsWith('HTTP/1.1 202 ')) took.push(performance.now() - connection.dueAt);
    else failed++;
    const next = waiting.shift();
    if (next === undefined) idle.push(connection);
    else send(connection, next);
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    if (isOver) return;
    console.error('a connection was closed under the load');
    process.exit(1);
  });
  return promise;
}

function isWhole(answer: string): boolean {
  const end = answer.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(answer.slice(0, end + 2))?.[1];
  return length !== undefined && answer.length >= end + 4 + Number(length);
}

await Promise.all(Array.from({ length: CONNECTIONS }, open));
const count = Math.round(perSecond * seconds);
const began = performance.now();
for (let index = 0; index < count; ) {
  const now = performance.now();
  // A timer wakes at whole milliseconds: whoever is due by then is sent then, and timed from when it was due.
  for (; index < count; index++) {
    const dueAt = began + (index * 1_000) / perSecond;
    if (dueAt > now) break;
    const connection = idle.pop();
    if (connection) send(connection, dueAt);
    else waiting.push(dueAt);
  }
  await sleep(1);
}
const deadline = performance.now() + 10_000;
while (took.length + failed < count && performance.now() < deadline) await sleep(5);
isOver = true;
took.sort((a, b) => a - b);
const at = (share: number): number => took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? Number.NaN;
const result: Latencies = { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1), failed: count - took.length };
console.log(JSON.stringify(result));
process.exit(0);
