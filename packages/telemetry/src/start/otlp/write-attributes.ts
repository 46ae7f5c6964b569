import { type ByteWriter, FIXED64, LENGTH, VARINT } from './byte-writer.ts';

/** Repeated `KeyValue`. */
export function writeAttributes(writer: ByteWriter, field: number, attributes: object): void {
  for (const key in attributes) {
    writer.tag(field, LENGTH);
    writeKeyValue(writer, key, (attributes as Record<string, unknown>)[key]);
  }
}

/** An `AnyValue` with its length. What is no value of telemetry, such as undefined, is an empty one. */
export function writeAnyValue(writer: ByteWriter, value: unknown): void {
  const message = writer.open();
  if (typeof value === 'string') {
    writer.tag(1, LENGTH);
    writer.string(value);
  } else if (typeof value === 'number') writeNumber(writer, value);
  else if (typeof value === 'boolean') {
    writer.tag(2, VARINT);
    writer.varint(value ? 1 : 0);
  } else if (value instanceof Uint8Array) {
    writer.tag(7, LENGTH);
    writer.bytes(value);
  } else if (typeof value === 'object' && value !== null) {
    writer.tag(Array.isArray(value) ? 5 : 6, LENGTH);
    const inner = writer.open();
    if (Array.isArray(value)) {
      for (const item of value) {
        writer.tag(1, LENGTH);
        writeAnyValue(writer, item);
      }
    } else writeAttributes(writer, 1, value);
    writer.close(inner);
  }
  writer.close(message);
}

function writeKeyValue(writer: ByteWriter, key: string, value: unknown): void {
  const message = writer.open();
  writer.tag(1, LENGTH);
  writer.key(key);
  writer.tag(2, LENGTH);
  writeAnyValue(writer, value);
  writer.close(message);
}

const INT64_END = 2 ** 63;

function writeNumber(writer: ByteWriter, value: number): void {
  if (Number.isInteger(value) && value >= -INT64_END && value < INT64_END) {
    writer.tag(3, VARINT);
    writer.int64(value);
  } else {
    writer.tag(4, FIXED64);
    writer.double(value);
  }
}
