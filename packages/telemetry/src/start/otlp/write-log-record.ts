import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import { type ByteWriter, FIXED32, FIXED64, LENGTH, VARINT } from './byte-writer.ts';
import { writeAnyValue, writeAttributes } from './write-attributes.ts';

/** `LogRecord` of opentelemetry/proto/logs/v1/logs.proto, with its length. */
export function writeLogRecord(writer: ByteWriter, record: ReadableLogRecord): void {
  const message = writer.open();
  writer.tag(1, FIXED64);
  writer.time(record.hrTime);
  if (record.severityNumber) {
    writer.tag(2, VARINT);
    writer.varint(record.severityNumber);
  }
  if (record.severityText) {
    writer.tag(3, LENGTH);
    writer.key(record.severityText);
  }
  if (record.body !== undefined) {
    writer.tag(5, LENGTH);
    writeAnyValue(writer, record.body);
  }
  writeAttributes(writer, 6, record.attributes);
  writer.tag(7, VARINT);
  writer.varint(record.droppedAttributesCount);
  if (record.spanContext) {
    if (record.spanContext.traceFlags) {
      writer.tag(8, FIXED32);
      writer.fixed32(record.spanContext.traceFlags);
    }
    writer.tag(9, LENGTH);
    writer.id(record.spanContext.traceId);
    writer.tag(10, LENGTH);
    writer.id(record.spanContext.spanId);
  }
  writer.tag(11, FIXED64);
  writer.time(record.hrTimeObserved);
  if (record.eventName) {
    writer.tag(12, LENGTH);
    writer.string(record.eventName);
  }
  writer.close(message);
}
