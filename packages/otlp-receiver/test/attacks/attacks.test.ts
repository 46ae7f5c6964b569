import { request as httpRequest } from 'node:http';
import { gzipSync } from 'node:zlib';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { describe, expect, it } from 'vitest';
import {
  encodeLogs,
  encodeMetrics,
  encodeSpans,
  givenLog,
  givenMetric,
  givenSpan,
  SPAN_ID,
  TRACE_ID,
} from '../given.ts';
import { METHODS } from '../grpc-client.ts';
import { frame, openSession, rawCall } from '../raw-call.ts';
import { JSON_TEXTS, METRICS, SPANS, zeros } from './payloads.ts';
import { useVictim, type Victim } from './use-victim.ts';

/** Of S23 to S33 of what is tried on a receiver, whatever is not about one request's answer alone, at both doors. */
const good = encodeSpans(givenSpan());
const victim = useVictim(async (it) => (await send(it, 'HTTP', 'spans', good)).outcome === 'taken');
const DOORS = ['HTTP', 'gRPC'] as const;
const MANY = 1_000_000;

let bombMade: Promise<Buffer> | undefined;

describe.each(DOORS)('over %s', (door) => {
  it('a gigabyte in a megabyte of gzip ends at the limit (S23)', { timeout: 120_000 }, async () => {
    bombMade ??= zeros(1_000_000_000);
    const bomb = await bombMade;
    expect(bomb.length).toBeLessThan(1_048_576);
    const damage = await victim.attack(async () => {
      const answers = await Promise.all(Array.from({ length: 4 }, () => send(victim, door, 'spans', bomb, 'packed')));
      for (const { outcome } of answers) expect(['too large', 'come again']).toContain(outcome);
    });
    expect((damage.counts['requests too_large'] ?? 0) + (damage.counts['requests no_room'] ?? 0)).toBe(4);
  });

  it.each(SPANS)('holds %s (S25, S27)', { timeout: 60_000 }, async (_, make) => {
    const bytes = make();
    await victim.attack(async () => {
      await send(victim, door, 'spans', bytes);
    });
  });

  it.each(METRICS)('holds a metric with %s, refused and counted (S29)', { timeout: 60_000 }, async (_, make) => {
    const bytes = make();
    const damage = await victim.attack(async () => {
      await send(victim, door, 'metrics', bytes);
    });
    const refused = Object.entries(damage.counts).filter(([words]) => /^(metrics|requests) /.test(words));
    expect(refused.length).toBeGreaterThan(0);
    expect(damage.counts['taken metrics']).toBeUndefined();
  });

  it('other signals than the method says are refused whole (S26)', async () => {
    const sent = { spans: good, logs: encodeLogs(givenLog()), metrics: encodeMetrics(givenMetric()) };
    const damage = await victim.attack(async () => {
      for (const signal of ['spans', 'logs', 'metrics'] as const)
        for (const [other, bytes] of Object.entries(sent))
          if (other !== signal) expect((await send(victim, door, signal, bytes)).outcome).toBe('refused');
    });
    expect(damage.counts['requests malformed']).toBe(6);
  });

  it('what is wrong with single spans is told and counted exactly (S27)', async () => {
    const wrong = [
      givenSpan({ spanContext: () => ({ traceId: '0'.repeat(32), spanId: SPAN_ID, traceFlags: 1 }) }),
      givenSpan({ spanContext: () => ({ traceId: TRACE_ID.slice(2), spanId: SPAN_ID, traceFlags: 1 }) }),
      givenSpan({ endTime: [1, 0] }),
      givenSpan({ startTime: [0, 1], endTime: [0, 2] }),
      givenSpan({ endTime: [18_446_744_073, 709_551_615] }),
    ];
    const cut = [
      givenSpan({ attributes: Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`k${at}`, at])) }),
      givenSpan({ attributes: { large: 'x'.repeat(1_000_000) } }),
    ];
    const damage = await victim.attack(async () => {
      expect(await send(victim, door, 'spans', encodeSpans(...wrong, ...cut))).toEqual({
        outcome: 'taken',
        rejected: 5,
      });
    });
    expect(damage.counts).toEqual({
      'taken spans': 2,
      'spans invalid_trace_id': 2,
      'spans invalid_time': 3,
    });
  });

  it('ten times of what it holds is told to come again, counted, and leaves it as it was (S32)', {
    timeout: 60_000,
  }, async () => {
    const long = encodeSpans(
      ...Array.from({ length: 2_000 }, () => givenSpan({ attributes: { text: 'x'.repeat(2_000) } })),
    );
    expect(long.length * 40).toBeGreaterThan(24 * 1_048_576 * 4);
    const flood = async () => {
      const answers = await Promise.all(Array.from({ length: 80 }, () => send(victim, door, 'spans', long)));
      const again = answers.filter(({ outcome }) => outcome === 'come again').length;
      expect(answers.filter(({ outcome }) => outcome === 'taken').length).toBe(80 - again);
      expect(again).toBeGreaterThan(0);
    };
    const damage = await victim.attack(flood);
    expect(damage.counts['requests no_room']).toBeGreaterThan(0);
    expect(damage.lines).toBeLessThan(5);
    await victim.attack(flood);
  });

  it('a trace of a million spans passes through in parts (S33)', { timeout: 120_000 }, async () => {
    const part = encodeSpans(...Array.from({ length: 50_000 }, () => givenSpan()));
    const packed = gzipSync(part, { level: 1 });
    const flood = async () => {
      for (let time = 0; time < 10; time += 1)
        expect((await send(victim, door, 'spans', packed, 'packed')).outcome).toBe('taken');
    };
    const first = await victim.attack(flood);
    const second = await victim.attack(flood);
    expect(first.counts['taken spans'] ?? 0).toBe(MANY / 2);
    expect(second.counts['taken spans'] ?? 0).toBe(MANY / 2);
  });
});

describe('in JSON', () => {
  it.each(JSON_TEXTS)('holds %s (S25)', { timeout: 60_000 }, async (_, make) => {
    const body = make();
    await victim.attack(async () => {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${victim.httpUrl}/v1/traces`, { method: 'POST', headers, body });
      expect([200, 400]).toContain(answer.status);
      expect(JSON.stringify(await answer.json()).length).toBeLessThan(1_000);
    });
  });

  it('more than four megabytes are too many, packed or not', async () => {
    const text = Buffer.from(`{"a":"${'x'.repeat(4_194_304)}"}`);
    const headers = { 'content-type': 'application/json' };
    const damage = await victim.attack(async () => {
      const post = (body: Buffer, more: object = {}) =>
        fetch(`${victim.httpUrl}/v1/traces`, { method: 'POST', headers: { ...headers, ...more }, body });
      expect((await post(text)).status).toBe(413);
      expect((await post(gzipSync(text), { 'content-encoding': 'gzip' })).status).toBe(413);
    });
    expect(damage.counts).toEqual({ 'requests too_large': 2 });
  });
});

it('what a page in a browser can send is refused, over either door and under any name (S30, S31)', async () => {
  await victim.attack(async () => {
    const statusOf = (headers: Record<string, string>) =>
      new Promise((resolve, reject) => {
        const request = httpRequest(`${victim.httpUrl}/v1/traces`, { method: 'POST', headers }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        request.on('error', reject).end('{}');
      });
    expect(await statusOf({ 'content-type': 'text/plain' })).toBe(415);
    expect(await statusOf({ 'content-type': 'application/x-www-form-urlencoded' })).toBe(415);
    expect(await statusOf({ 'content-type': 'multipart/form-data; boundary=x' })).toBe(415);
    expect(await statusOf({ origin: 'null', 'content-type': 'text/plain' })).toBe(403);
    expect(await statusOf({ origin: 'http://localhost:3000', 'content-type': 'application/json' })).toBe(403);
    expect(await statusOf({ host: 'rebound.example:4318', 'content-type': 'application/json' })).toBe(403);
    expect(await statusOf({ host: '127.0.0.1.evil.example', 'content-type': 'application/json' })).toBe(403);
  });
});

interface Sent {
  readonly outcome: 'taken' | 'come again' | 'too large' | 'refused';
  readonly rejected: number;
}

async function send(
  { httpUrl, grpcAddress }: Victim,
  door: (typeof DOORS)[number],
  signal: keyof typeof METHODS,
  body: Uint8Array,
  form: 'plain' | 'packed' = 'plain',
): Promise<Sent> {
  if (door === 'gRPC') {
    const headers = { ':path': METHODS[signal], ...(form === 'packed' ? { 'grpc-encoding': 'gzip' } : {}) };
    const answer = await rawCall(await openSession(grpcAddress), frame(body, form === 'packed' ? 1 : 0), headers);
    const status = Number(answer['grpc-status']);
    if (status === 0) return { outcome: 'taken', rejected: rejectedOf(answer.body.subarray(5)) };
    expect([3, 8]).toContain(status);
    const details = Buffer.from(String(answer['grpc-status-details-bin']), 'base64');
    if (status === 8) return { outcome: details.includes('RetryInfo') ? 'come again' : 'too large', rejected: 0 };
    return { outcome: 'refused', rejected: 0 };
  }
  const path = { spans: '/v1/traces', logs: '/v1/logs', metrics: '/v1/metrics' }[signal];
  const answer = await fetch(httpUrl + path, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-protobuf',
      ...(form === 'packed' ? { 'content-encoding': 'gzip' } : {}),
    },
    body: body as Uint8Array<ArrayBuffer>,
  });
  const bytes = await answer.bytes();
  if (answer.status === 200) return { outcome: 'taken', rejected: rejectedOf(bytes) };
  if (answer.status === 429) return { outcome: 'come again', rejected: 0 };
  expect([400, 413]).toContain(answer.status);
  return { outcome: answer.status === 413 ? 'too large' : 'refused', rejected: 0 };
}

/** The number in a `partial_success`. */
function rejectedOf(bytes: Uint8Array): number {
  if (bytes.length === 0) return 0;
  const reader = new BinaryReader(bytes);
  expect(reader.tag()).toEqual([1, WireType.LengthDelimited]);
  const inner = new BinaryReader(reader.bytes());
  expect(inner.tag()).toEqual([1, WireType.Varint]);
  return Number(inner.int64());
}
