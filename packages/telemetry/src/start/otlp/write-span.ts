import type { SpanContext } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { type ByteWriter, FIXED32, FIXED64, LENGTH, VARINT } from './byte-writer.ts';
import { writeAttributes } from './write-attributes.ts';

/** `Span` of opentelemetry/proto/trace/v1/trace.proto, with its length. */
export function writeSpan(writer: ByteWriter, span: ReadableSpan): void {
  const message = writer.open();
  const spanContext = span.spanContext();
  writer.tag(1, LENGTH);
  writer.id(spanContext.traceId);
  writer.tag(2, LENGTH);
  writer.id(spanContext.spanId);
  writeTraceState(writer, spanContext);
  if (span.parentSpanContext?.spanId) {
    writer.tag(4, LENGTH);
    writer.id(span.parentSpanContext.spanId);
  }
  writer.tag(5, LENGTH);
  writer.key(span.name);
  writer.tag(6, VARINT);
  writer.varint(span.kind + 1);
  writer.tag(7, FIXED64);
  writer.time(span.startTime);
  writer.tag(8, FIXED64);
  writer.time(span.endTime);
  writeAttributes(writer, 9, span.attributes);
  writer.tag(10, VARINT);
  writer.varint(span.droppedAttributesCount);
  for (const event of span.events) writeEvent(writer, event);
  writer.tag(12, VARINT);
  writer.varint(span.droppedEventsCount);
  for (const link of span.links) writeLink(writer, link);
  writer.tag(14, VARINT);
  writer.varint(span.droppedLinksCount);
  writeStatus(writer, span.status);
  writer.tag(16, FIXED32);
  writer.fixed32(flags(spanContext.traceFlags, span.parentSpanContext?.isRemote));
  writer.close(message);
}

function writeTraceState(writer: ByteWriter, { traceState }: SpanContext): void {
  const text = traceState?.serialize();
  if (!text) return;
  writer.tag(3, LENGTH);
  writer.string(text);
}

function writeEvent(writer: ByteWriter, event: ReadableSpan['events'][number]): void {
  writer.tag(11, LENGTH);
  const message = writer.open();
  writer.tag(1, FIXED64);
  writer.time(event.time);
  writer.tag(2, LENGTH);
  writer.string(event.name);
  writeAttributes(writer, 3, event.attributes ?? {});
  writer.tag(4, VARINT);
  writer.varint(event.droppedAttributesCount ?? 0);
  writer.close(message);
}

function writeLink(writer: ByteWriter, link: ReadableSpan['links'][number]): void {
  writer.tag(13, LENGTH);
  const message = writer.open();
  writer.tag(1, LENGTH);
  writer.id(link.context.traceId);
  writer.tag(2, LENGTH);
  writer.id(link.context.spanId);
  writeTraceState(writer, link.context);
  writeAttributes(writer, 4, link.attributes ?? {});
  writer.tag(5, VARINT);
  writer.varint(link.droppedAttributesCount ?? 0);
  writer.tag(6, FIXED32);
  writer.fixed32(flags(link.context.traceFlags, link.context.isRemote));
  writer.close(message);
}

function writeStatus(writer: ByteWriter, status: ReadableSpan['status']): void {
  writer.tag(15, LENGTH);
  const message = writer.open();
  if (status.message) {
    writer.tag(2, LENGTH);
    writer.string(status.message);
  }
  writer.tag(3, VARINT);
  writer.varint(status.code);
  writer.close(message);
}

const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

function flags(traceFlags: number, isRemote: boolean | undefined): number {
  return (traceFlags & 0xff) | HAS_IS_REMOTE | (isRemote ? IS_REMOTE : 0);
}
