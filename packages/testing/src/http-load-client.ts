import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpLoad, HttpLoadResult } from './http-load.ts';
import { createRandom } from './random.ts';

// Plain sockets and one prepared request: a client that costs as much as what it measures would measure itself.
const { url, body, perSecond, seconds, connections, seed } = JSON.parse(process.argv[2] ?? '{}') as HttpLoad;
const { hostname, port, host, pathname } = new URL(url);
const REQUEST = Buffer.from(
  `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
);
const ANSWERED_WITHIN_MS = 10_000;

const took: number[] = [];
const answers: Record<string, number> = {};
let answered = 0;
let withoutRetryAfter = 0;
let isOver = false;
let isSending = true;
/** When those were due that no connection was free for. */
const waiting: number[] = [];
const idle: Connection[] = [];

interface Connection {
  socket: Socket;
  dueAt: number;
  isAsking: boolean;
  answer: string;
}

function send(connection: Connection, dueAt: number): void {
  connection.dueAt = dueAt;
  connection.answer = '';
  connection.isAsking = true;
  connection.socket.write(REQUEST);
}

function take(connection: Connection): void {
  const { answer, dueAt } = connection;
  const status = answer.slice(9, 12);
  count(status);
  if (status === '202') took.push(performance.now() - dueAt);
  else if ((status === '429' || status === '503') && !/\r\nretry-after: /i.test(answer)) withoutRetryAfter++;
  connection.isAsking = false;
  goOn(connection);
}

function count(word: string): void {
  answers[word] = (answers[word] ?? 0) + 1;
  answered++;
}

function goOn(connection: Connection): void {
  const next = perSecond === null && isSending ? performance.now() : waiting.shift();
  if (next === undefined) idle.push(connection);
  else send(connection, next);
}

function open(connection: Connection): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = connect({ host: hostname, port: Number(port), noDelay: true }, resolve);
  connection.socket = socket;
  socket.setEncoding('latin1');
  socket.on('data', (part: string) => {
    connection.answer += part;
    if (connection.isAsking && isWhole(connection.answer)) take(connection);
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    resolve();
    if (isOver) return;
    const wasAsking = connection.isAsking;
    connection.isAsking = false;
    if (wasAsking) count('closed');
    const place = idle.indexOf(connection);
    if (place !== -1) idle.splice(place, 1);
    void open(connection).then(() => goOn(connection));
  });
  return promise;
}

function isWhole(answer: string): boolean {
  const end = answer.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(answer.slice(0, end + 2))?.[1];
  return length !== undefined && answer.length >= end + 4 + Number(length);
}

/** Exponential gaps around this mean. */
function randomGaps(from: number, meanMs: number): () => number {
  const random = createRandom(from);
  return () => -Math.log(1 - random()) * meanMs;
}

const all = Array.from({ length: connections }, (): Connection => {
  return { socket: null as unknown as Socket, dueAt: 0, isAsking: false, answer: '' };
});
await Promise.all(all.map(open));
const began = performance.now();
let sent = 0;
if (perSecond === null) {
  for (const connection of all) send(connection, performance.now());
  await sleep(seconds * 1_000);
  isSending = false;
  sent = answered + all.filter(({ isAsking }) => isAsking).length;
} else {
  idle.push(...all);
  const total = Math.round(perSecond * seconds);
  const gapMs = seed === undefined ? () => 1_000 / perSecond : randomGaps(seed, 1_000 / perSecond);
  let dueAt = began;
  while (sent < total) {
    const now = performance.now();
    // A timer wakes at whole milliseconds: whoever is due by then is sent then, and timed from when it was due.
    for (; sent < total; sent++) {
      if (dueAt > now) break;
      // In turn: a connection that is never used is shown out by the server, perhaps just as it is used at last.
      const connection = idle.shift();
      if (connection) send(connection, dueAt);
      else waiting.push(dueAt);
      dueAt += gapMs();
    }
    await sleep(1);
  }
}
const lastedMs = performance.now() - began;
const acceptedInTime = took.length;
const deadline = performance.now() + ANSWERED_WITHIN_MS;
while (answered < sent && performance.now() < deadline) await sleep(5);
isOver = true;
if (answered < sent) answers.unanswered = sent - answered;
took.sort((a, b) => a - b);
const at = (share: number): number => took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? Number.NaN;
const result: HttpLoadResult = {
  answers,
  acceptedPerSecond: acceptedInTime / (lastedMs / 1_000),
  withoutRetryAfter,
  p50Ms: at(0.5),
  p99Ms: at(0.99),
  maxMs: at(1),
};
console.log(JSON.stringify(result));
process.exit(0);
