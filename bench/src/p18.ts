import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { machine, writeResult } from './harness/report.ts';
import { OTHER_CORE, SYSTEM_CORE } from './harness/variant.ts';

// P18: how much of a core the one process needs to receive and store 10,000 spans a second, and how much memory over idle.
const SPANS_PER_SECOND = 10_000;
const SPANS_PER_REQUEST = 500;
const SPANS_PER_TRACE = 10;
const EVERY_MS = (SPANS_PER_REQUEST / SPANS_PER_SECOND) * 1_000;
const WARM_UP_SECONDS = 5;
const SECONDS = 30;
/** What the spans tell of: steps of agents are gathered into sessions, too. */
const KINDS = ['other work', 'agents'] as const;
const ROUNDS = 2;
const NAME = 'execute_tool search';

// This program is the load: it keeps off the core of what it measures.
spawn('taskset', ['-cp', OTHER_CORE, String(process.pid)], { stdio: 'ignore' });
const rounds: Round[] = [];
for (const kind of KINDS) for (let round = 0; round < ROUNDS; round++) rounds.push(await runRound(kind));
writeResult('P18', describe(rounds));

type Kind = (typeof KINDS)[number];

interface Round {
  readonly kind: Kind;
  readonly idleCore: number;
  readonly loadedCore: number;
  readonly idleMib: number;
  readonly loadedMib: number;
  readonly sent: number;
  readonly refused: number;
  readonly stored: number;
  readonly perSecond: number;
  readonly slowestMs: number;
  readonly bytesPerSpan: number;
}

/** A process of its own on an empty folder: idle, then warm, then measured. */
async function runRound(kind: Kind): Promise<Round> {
  const request = encodeRequest(kind);
  const folder = await mkdtemp(join(tmpdir(), 'tracepost-p18-'));
  const [port, otlp] = [await freePort(), await freePort()];
  // As `npm start` does it, but for what would be in the way of the processor to run on.
  const command = [
    process.execPath,
    '--max-semi-space-size=4',
    '--heap-growing-percent=50',
    'services/standalone/src/main.ts',
  ];
  const child = spawn('taskset', ['-c', SYSTEM_CORE, ...command], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: {
      ...process.env,
      MALLOC_ARENA_MAX: '2',
      MALLOC_MMAP_THRESHOLD_: '131072',
      MALLOC_TRIM_THRESHOLD_: '1048576',
      TRACEPOST_PORT: String(port),
      TRACEPOST_OTLP_HTTP_PORT: String(otlp),
      TRACEPOST_OTLP_GRPC_PORT: 'off',
      TRACEPOST_DATA_DIR: folder,
      TRACEPOST_WEATHER_PROVIDER: 'simulated',
      TRACEPOST_TELEMETRY: 'embedded',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    await untilReady(child, `http://127.0.0.1:${port}/health/ready`);
    await sleep(3_000);
    const pid = child.pid as number;
    const idle = await watch(pid, () => sleep(5_000));
    const idleMib = residentMib(pid);
    const url = `http://127.0.0.1:${otlp}/v1/traces`;
    const warm = await sendFor(url, request, WARM_UP_SECONDS);
    const loaded = await watch(pid, () => sendFor(url, request, SECONDS));
    const loadedMib = residentMib(pid);
    const sent = warm.sent + loaded.result.sent;
    const refused = warm.refused + loaded.result.refused;
    await sleep(2_000);
    const file = join(folder, 'telemetry.db');
    const stored = countSpans(file);
    return {
      kind,
      idleCore: idle.core,
      loadedCore: loaded.core,
      idleMib,
      loadedMib,
      sent,
      refused,
      stored,
      perSecond: (loaded.result.sent - loaded.result.refused) / (loaded.elapsedMs / 1_000),
      slowestMs: loaded.result.slowestMs,
      bytesPerSpan: (statSync(file).size + sizeOf(`${file}-wal`)) / Math.max(1, stored),
    };
  } finally {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  }
}

interface Sent {
  sent: number;
  refused: number;
  slowestMs: number;
}

/** At a fixed pace, whatever the answers do: a late one delays no other. */
async function sendFor(url: string, request: MakeRequest, seconds: number): Promise<Sent> {
  const result: Sent = { sent: 0, refused: 0, slowestMs: 0 };
  const underWay = new Set<Promise<void>>();
  const began = performance.now();
  for (let n = 0; n * EVERY_MS < seconds * 1_000; n++) {
    const dueMs = began + n * EVERY_MS;
    if (dueMs > performance.now()) await sleep(dueMs - performance.now());
    result.sent += SPANS_PER_REQUEST;
    const sending = sendOne({ url, body: request(), dueMs, result }).finally(() => underWay.delete(sending));
    underWay.add(sending);
  }
  await Promise.all(underWay);
  return result;
}

interface Sending {
  readonly url: string;
  readonly body: Buffer<ArrayBuffer>;
  readonly dueMs: number;
  readonly result: Sent;
}

async function sendOne({ url, body: sent, dueMs, result }: Sending): Promise<void> {
  const headers = { 'content-type': 'application/x-protobuf' };
  const answer = await fetch(url, { method: 'POST', headers, body: sent }).catch(() => null);
  const body = await answer?.arrayBuffer();
  // A partial success has a body.
  if (answer?.status !== 200 || (body?.byteLength ?? 0) > 0) result.refused += SPANS_PER_REQUEST;
  result.slowestMs = Math.max(result.slowestMs, performance.now() - dueMs);
}

async function watch<T>(pid: number, work: () => Promise<T>) {
  const before = cpuMs(pid);
  const began = performance.now();
  const result = await work();
  const elapsedMs = performance.now() - began;
  return { result, elapsedMs, core: (cpuMs(pid) - before) / elapsedMs };
}

/** utime and stime of all threads, in ticks of 10 ms. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function residentMib(pid: number): number {
  const [, kib = '0'] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1_024;
}

function countSpans(file: string): number {
  const database = new DatabaseSync(file, { readOnly: true });
  const { count } = database.prepare('SELECT count(*) AS count FROM spans WHERE name LIKE ?').get(`${NAME}%`) as {
    count: number;
  };
  database.close();
  return count;
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

type MakeRequest = () => Buffer<ArrayBuffer>;

/** Gives the same request with ids of its own each time. */
function encodeRequest(kind: Kind): MakeRequest {
  const now = Math.floor(Date.now() / 1_000);
  const traceIds = Array.from({ length: SPANS_PER_REQUEST / SPANS_PER_TRACE }, () => randomBytes(16));
  const spanIds = Array.from({ length: SPANS_PER_REQUEST }, () => randomBytes(8));
  const resource = {
    attributes: { 'service.name': 'shop', 'service.instance.id': 'shop-1', 'service.version': '1.2.3' },
    asyncAttributesPending: false,
    getRawAttributes: () => [],
  };
  // One object, as a tracer gives it: the serializer writes a scope of its own around each span otherwise.
  const instrumentationScope = { name: 'bench', version: '1' };
  const about = kind === 'agents' ? 'gen_ai' : 'shop';
  const spans = spanIds.map((spanId, at) => ({
    name: `${NAME} ${at % 20}`,
    kind: at % 5,
    spanContext: () => ({
      traceId: traceIds[Math.floor(at / SPANS_PER_TRACE)]?.toString('hex'),
      spanId: spanId.toString('hex'),
      traceFlags: 1,
    }),
    startTime: [now, at],
    endTime: [now, at + 1_000_000],
    duration: [0, 1_000_000],
    status: { code: 0 },
    attributes: {
      [`${about}.operation.name`]: 'execute_tool',
      [`${about}.tool.name`]: 'search',
      [`${about}.request.model`]: 'some-model-4-large',
      [`${about}.usage.input_tokens`]: 512 + at,
      [`${about}.usage.output_tokens`]: 128,
      'server.address': 'api.example.com',
      'server.port': 443,
      'http.request.method': 'POST',
      'http.response.status_code': 200,
      'session.id': `session-${at % 40}`,
      'tool.result': 'a line of what the tool has found, as long as such lines are',
      cached: at % 2 === 0,
    },
    events: [],
    links: [],
    ended: true,
    resource,
    instrumentationScope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  }));
  const bytes = Buffer.from(ProtobufTraceSerializer.serializeRequest(spans as never) ?? []);
  const places = [...traceIds, ...spanIds].flatMap((id) => placesOf(bytes, id));
  let count = 0;
  return () => {
    count += 1;
    const copy = Buffer.from(bytes);
    for (const place of places) copy.writeUInt32BE(count, place);
    return copy;
  };
}

function placesOf(bytes: Buffer, id: Buffer): number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(id); at >= 0; at = bytes.indexOf(id, at + 1)) places.push(at);
  return places;
}

async function untilReady(child: ChildProcess, url: string): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the process ended with ${child.exitCode}`);
    if ((await fetch(url).catch(() => null))?.status === 200) return;
    await sleep(50);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await once(server.close(), 'close');
  return port;
}

function describe(all: readonly Round[]): string {
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  return [
    '# P18: what do 10,000 spans a second cost the one process?',
    '',
    machine(),
    '',
    '| spans tell of | core used | core idle | resident MiB, idle | over idle after the load | received per second | slowest answer ms | sent | refused | lost |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...all.map(
      (round) =>
        `| ${round.kind} | ${percent(round.loadedCore)} | ${percent(round.idleCore)} | ${Math.round(round.idleMib)} | ${Math.round(round.loadedMib - round.idleMib)} | ${Math.round(round.perSecond)} | ${Math.round(round.slowestMs)} | ${round.sent} | ${round.refused} | ${round.sent - round.refused - round.stored} |`,
    ),
    '',
    'Floor: at most 40 % of a core. Goal: at most 20 %, and at most 100 MiB over idle.',
    '',
    `- ${SPANS_PER_REQUEST} spans a request every ${EVERY_MS} ms, ${SPANS_PER_TRACE} spans a trace, twelve attributes each, OTLP/protobuf over HTTP, open loop; ${WARM_UP_SECONDS} s of warming up, ${SECONDS} s measured.`,
    '- Of agents: each span is a call of a tool, 40 sessions; they are gathered, analysed and stored as sessions beside, for at most half of the time. What does not fit into that is let go and counted (tracepost.sessions.spans.dropped); as spans all are stored. Of other work: the same spans under other names.',
    '- Everything of `npm start` on core 0, with its flags, from the socket to the SQLite file (spans, their index and the summaries that traces are found by); the sender on core 1. CPU of all threads, by the kernel.',
    `- On disk: ${Math.round(all.at(-1)?.bytesPerSpan ?? 0)} bytes a span in telemetry.db.`,
    '- Lost: what was accepted and is not in the file.',
    '',
  ].join('\n');
}
