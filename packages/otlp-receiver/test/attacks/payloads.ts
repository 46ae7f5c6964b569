import { createGzip } from 'node:zlib';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { SPAN_ID, TRACE_ID } from '../given.ts';

/** What is sent to hurt: by name, and made when it is needed, since each is some megabytes. */
type Payloads<T> = readonly (readonly [name: string, make: () => T])[];

const MANY = 1_000_000;
/** Just below what one span may have, and what a request may have. */
const OF_A_RECORD = 4_100_000;
const OF_A_REQUEST = 20_000_000;

export const SPANS: Payloads<Uint8Array> = [
  ['one span of attributes without end', () => span((writer) => repeat(writer, 9, keyValue('k', 1)))],
  ['one span of empty attributes', () => span((writer) => repeat(writer, 9, Buffer.alloc(0)))],
  ['one span of events', () => span((writer) => repeat(writer, 11, Buffer.alloc(0)))],
  ['one span of links', () => span((writer) => repeat(writer, 13, Buffer.alloc(0)))],
  ['one span with millions of names', () => span((writer) => repeat(writer, 5, Buffer.from('n')))],
  ['one span with millions of kinds', () => span((writer) => repeatVarint(writer, 6))],
  ['one span with fields that are not known', () => span((writer) => repeatVarint(writer, 99))],
  ['one span with fields that are not used', () => span((writer) => repeatVarint(writer, 10))],
  ['a value that is a list of a million', () => span((writer) => embed(writer, 9, listOf(MANY)))],
  ['values ten thousand deep', () => span((writer) => embed(writer, 9, nested(10_000)))],
  ['ten million empty spans', () => records(2, Buffer.alloc(0))],
  ['millions of broken spans', () => records(2, Buffer.from([0x08, 0x05]))],
  ['ten million empty scopes', () => inResource((writer) => repeat(writer, 2, Buffer.alloc(0), OF_A_REQUEST))],
  ['ten million empty resources', () => message((writer) => repeat(writer, 1, Buffer.alloc(0), OF_A_REQUEST))],
  ['a resource ten million times', () => inResource((writer) => repeat(writer, 1, Buffer.alloc(0), OF_A_REQUEST))],
  [
    'a resource of attributes without end',
    () =>
      inResource((writer) =>
        embed(
          writer,
          1,
          message((inner) => repeat(inner, 1, keyValue('k', 1))),
        ),
      ),
  ],
  ['a tag that never ends', () => Buffer.alloc(4_000_000, 0xff)],
  ['a length of 2^31', () => Buffer.from([0x0a, 0x80, 0x80, 0x80, 0x80, 0x08])],
  ['four million random bytes', () => noise(4_000_000)],
];

export const METRICS: Payloads<Uint8Array> = [
  [
    'ten million buckets',
    () =>
      metricOf(10, (point) =>
        embed(
          point,
          8,
          message((side) => side.tag(2, WireType.LengthDelimited).bytes(Buffer.alloc(10_000_000, 1))),
        ),
      ),
  ],
  [
    'two million explicit buckets',
    () => metricOf(9, (point) => point.tag(6, WireType.LengthDelimited).bytes(Buffer.alloc(16_000_000))),
  ],
  [
    'two million explicit bounds, one by one',
    () =>
      metricOf(9, (point) => {
        for (let at = 0; at < 1_500_000; at += 1) point.tag(7, WireType.Bit64).double(at);
      }),
  ],
  ['a million quantiles', () => metricOf(11, (point) => repeat(point, 6, Buffer.alloc(0)))],
  ['ten million points without anything', () => metricOf(5, null)],
];

export const JSON_TEXTS: Payloads<string> = [
  ['brackets two million deep', () => '['.repeat(4_000_000)],
  ['objects two million deep', () => '{"a":'.repeat(800_000)],
  ['a million empty objects', () => `[${'{},'.repeat(MANY)}{}]`],
  ['a million keys', () => `{${'"a":1,'.repeat(600_000)}"b":1}`],
  ['a million different keys', () => `{${Array.from({ length: 300_000 }, (_, at) => `"${at}":1`).join()}}`],
  ['a number of four million digits', () => `{"a":${'9'.repeat(4_000_000)}}`],
  ['a text of four million escapes', () => `{"a":"${'\\u0041'.repeat(600_000)}"}`],
  ['a million empty spans', () => `{"resourceSpans":[{"scopeSpans":[{"spans":[${'{},'.repeat(MANY)}{}]}]}]}`],
  ['half a million numbers for spans', () => `{"resourceSpans":[{"scopeSpans":[{"spans":[${'1,'.repeat(MANY)}1]}]}]}`],
  ['long numbers without end', () => `{"a":[${'12345678901234567,'.repeat(200_000)}1]}`],
];

/** So many zeros as gzip, never whole in memory. */
export async function zeros(count: number): Promise<Buffer> {
  const gzip = createGzip({ level: 9 });
  const chunks: Buffer[] = [];
  gzip.on('data', (chunk: Buffer) => chunks.push(chunk));
  const block = Buffer.alloc(10_000_000);
  for (let left = count; left > 0; left -= block.length)
    if (!gzip.write(block)) await new Promise((resolve) => gzip.once('drain', resolve));
  await new Promise((resolve) => gzip.end(() => setImmediate(resolve)));
  return Buffer.concat(chunks);
}

type Write = (writer: BinaryWriter) => unknown;

function message(write: Write): Uint8Array {
  const writer = new BinaryWriter();
  write(writer);
  return writer.finish();
}

function embed(writer: BinaryWriter, field: number, bytes: Uint8Array): BinaryWriter {
  return writer.tag(field, WireType.LengthDelimited).bytes(bytes);
}

/** The same field again and again, until it fills so many bytes. */
function repeat(writer: BinaryWriter, field: number, bytes: Uint8Array, size = OF_A_RECORD): BinaryWriter {
  const one = message((inner) => embed(inner, field, bytes));
  return writer.raw(Buffer.alloc(size - (size % one.length), one));
}

function repeatVarint(writer: BinaryWriter, field: number): BinaryWriter {
  const one = message((inner) => inner.tag(field, WireType.Varint).uint32(1));
  return writer.raw(Buffer.alloc(OF_A_RECORD - (OF_A_RECORD % one.length), one));
}

function keyValue(key: string, value: number): Uint8Array {
  const any = message((writer) => writer.tag(3, WireType.Varint).int32(value));
  return message((writer) => embed(writer.tag(1, WireType.LengthDelimited).string(key), 2, any));
}

function listOf(count: number): Uint8Array {
  const values = message((writer) => writer.raw(Buffer.alloc(2 * count, Buffer.from([0x0a, 0x00]))));
  const any = message((writer) => embed(writer, 5, values));
  return message((writer) => embed(writer.tag(1, WireType.LengthDelimited).string('k'), 2, any));
}

function nested(depth: number): Uint8Array {
  // From the inside out, each level as the few bytes before the next one: a writer for each would copy all of it again.
  const levels: Uint8Array[] = [message((writer) => writer.tag(1, WireType.LengthDelimited).string('deep'))];
  let length = levels[0]?.length ?? 0;
  const wrap = (field: number): void => {
    const head = message((writer) => writer.tag(field, WireType.LengthDelimited).uint32(length));
    levels.push(head);
    length += head.length;
  };
  for (let at = 0; at < depth; at += 1) {
    wrap(1);
    wrap(5);
  }
  const value = Buffer.concat(levels.reverse());
  return message((writer) => embed(writer.tag(1, WireType.LengthDelimited).string('k'), 2, value));
}

function inResource(write: Write): Uint8Array {
  return message((request) => embed(request, 1, message(write)));
}

function records(field: number, record: Uint8Array): Uint8Array {
  return inResource((resource) =>
    embed(
      resource,
      2,
      message((scope) => repeat(scope, field, record, OF_A_REQUEST)),
    ),
  );
}

function span(more: Write): Uint8Array {
  const bytes = message((writer) => {
    writer.tag(1, WireType.LengthDelimited).bytes(Buffer.from(TRACE_ID, 'hex'));
    writer.tag(2, WireType.LengthDelimited).bytes(Buffer.from(SPAN_ID, 'hex'));
    more(writer);
  });
  return inResource((resource) =>
    embed(
      resource,
      2,
      message((scope) => embed(scope, 2, bytes)),
    ),
  );
}

/** One metric of this kind with one point, or with a million that say nothing. */
function metricOf(kind: number, write: Write | null): Uint8Array {
  const points = (data: BinaryWriter) =>
    write === null ? repeat(data, 1, Buffer.alloc(0), OF_A_REQUEST) : embed(data, 1, message(write));
  const data = message((writer) => points(writer).tag(2, WireType.Varint).uint32(2));
  const metric = message((writer) => embed(writer.tag(1, WireType.LengthDelimited).string('m'), kind, data));
  return inResource((resource) =>
    embed(
      resource,
      2,
      message((scope) => embed(scope, 2, metric)),
    ),
  );
}

function noise(count: number): Buffer {
  let state = 12_345;
  return Buffer.from(
    Array.from({ length: count }, () => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return state >> 16;
    }),
  );
}
