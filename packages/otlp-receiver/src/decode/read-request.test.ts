import type { SignalBatch } from '@tracepost/contracts';
import { expect, it } from 'vitest';
import { encodeSpans, givenSpan } from '../../test/given.ts';
import { Refusals } from '../refusals.ts';
import { countRecords } from './protobuf/count-records.ts';
import { readRequest } from './read-request.ts';

async function sizesOf(count: number, attributes: object): Promise<readonly number[]> {
  const bytes = encodeSpans(...Array.from({ length: count }, () => givenSpan({ attributes })));
  const parts: SignalBatch[] = [];
  for await (const part of readRequest({ signal: 'spans', format: 'protobuf', bytes, refused: new Refusals() }))
    parts.push(part);
  return parts.map(({ spans }) => spans.length);
}

it('hands a request of many small spans on by their number', async () => {
  expect(await sizesOf(7_000, {})).toEqual([3_000, 3_000, 1_000]);
});

it('hands a request of large spans on by what they weigh, so that no more than some megabytes of them are decoded', async () => {
  const sizes = await sizesOf(2_000, { text: 'x'.repeat(3_000) });
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(2_000);
  expect(Math.max(...sizes) * 3_100).toBeLessThan(2 * 1_048_576);
});

it('hands a short request on as one, whatever it weighs up to then', async () => {
  expect(await sizesOf(300, { text: 'x'.repeat(3_000) })).toEqual([300]);
});

/** A field that holds others, in bytes. */
const field = (number: number, ...parts: Uint8Array[]): Uint8Array => {
  const body = Buffer.concat(parts);
  return Buffer.concat([varint((number << 3) | 2), varint(body.length), body]);
};
const varint = (value: number): Uint8Array => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Uint8Array.from([...bytes, rest]);
};
const fixed64 = (number: number, value: bigint): Uint8Array => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return Buffer.concat([varint((number << 3) | 1), bytes]);
};
const times = (count: number, bytes: Uint8Array): Uint8Array =>
  Buffer.concat(Array.from({ length: count }, () => bytes));
const inResource = (...records: Uint8Array[]) => field(1, field(2, ...records));

/** What was taken and what was refused of a request, by reason. */
async function outcomeOf(signal: 'spans' | 'metrics', bytes: Uint8Array) {
  const refused = new Refusals();
  let taken = 0;
  let parts = 0;
  for await (const part of readRequest({ signal, format: 'protobuf', bytes, refused })) {
    taken += part[signal].length;
    parts += 1;
  }
  const reasons = Object.fromEntries(refused.list().map(({ reason, count }) => [reason, count]));
  return { taken, parts, reasons };
}

it('accounts for each span of a request whose rest is not read, since others of it are taken', async () => {
  const ids = Buffer.concat([field(1, new Uint8Array(16).fill(7)), field(2, new Uint8Array(8).fill(7))]);
  const plain = field(2, ids, fixed64(7, 1n), fixed64(8, 2n));
  const costly = field(2, ids, fixed64(7, 1n), fixed64(8, 2n), times(600, field(9)));
  const bytes = Buffer.concat([
    inResource(times(3_000, costly)),
    inResource(times(2_000, plain)),
    field(1, field(2, times(300, plain)), field(2, times(200, plain))),
  ]);
  const { taken, parts, reasons } = await outcomeOf('spans', bytes);
  expect(parts).toBeGreaterThan(0);
  expect(taken).toBeGreaterThan(500);
  expect(reasons).toEqual({ too_many_parts: 5_500 - taken });
});

it('accounts for each data point, too, also of metrics that are not read', async () => {
  const point = field(1, fixed64(3, 1n), fixed64(4, 0n));
  const costly = field(1, fixed64(3, 1n), fixed64(4, 0n), times(600, field(7)));
  const gauge = (...points: Uint8Array[]) => field(2, field(1, Buffer.from('m')), field(5, ...points));
  const bytes = Buffer.concat([
    inResource(gauge(times(3_000, costly)), gauge(times(7, point)), field(2)),
    inResource(gauge(times(2_000, point)), gauge(times(11, point))),
  ]);
  const { taken, reasons } = await outcomeOf('metrics', bytes);
  expect(taken).toBeGreaterThan(500);
  expect(reasons).toEqual({ too_many_parts: 5_018 - taken });
});

it('counts a metric that cannot be looked into as one point', () => {
  const bytes = inResource(
    field(2, field(5, field(1), field(1), Uint8Array.from([7]))),
    field(2, field(5, field(1), field(1))),
  );
  const steps = countRecords(bytes, 'metrics', 0);
  let step = steps.next();
  while (!step.done) step = steps.next();
  expect(step.value).toBe(3);
});
