import { type Origin, SPAN_KINDS, type SpanSignal } from '@tracepost/contracts';
import { MAX_EVENTS, MAX_RECORD_BYTES } from '../../limits.ts';
import type { Refusals } from '../../refusals.ts';
import { AttributeCollector } from '../attribute-collector.ts';
import { readAttribute } from './attributes.ts';
import { type Place, readEnvelope } from './envelope.ts';
import {
  assertEnd,
  bits,
  countPart,
  FIXED64,
  LENGTH,
  readEnd,
  readId,
  readString,
  readTime,
  skipUnknown,
  tag,
  VARINT,
  type Wire,
} from './wire.ts';

/** An `ExportTraceServiceRequest`, added to `spans`. Throws when the frame is broken; see `readEnvelope`. */
export function* decodeSpans(
  bytes: Uint8Array,
  spans: SpanSignal[],
  refused: Refusals,
  place: Place,
): Generator<void, void> {
  yield* readEnvelope(bytes, {
    signal: 'spans',
    refused,
    place,
    maxRecordBytes: MAX_RECORD_BYTES,
    readRecord: ({ wire, end, origin }) => {
      spans.push(readSpan(wire, end, origin));
      return undefined;
    },
  });
}

const TRACE_ID = tag(1, LENGTH);
const SPAN_ID = tag(2, LENGTH);
const PARENT_SPAN_ID = tag(4, LENGTH);
const NAME = tag(5, LENGTH);
const KIND = tag(6, VARINT);
const START = tag(7, FIXED64);
const END = tag(8, FIXED64);
const ATTRIBUTES = tag(9, LENGTH);
const EVENTS = tag(11, LENGTH);
const LINKS = tag(13, LENGTH);
const STATUS = tag(15, LENGTH);
const SPAN_FIELDS = bits(1, 2, 4, 5, 6, 7, 8, 9, 11, 13, 15);
/** The trace state (a place where anything could be written), flags, and how much was left out. */
const SPAN_UNUSED = bits(3, 10, 12, 14, 16);

function readSpan(wire: Wire, end: number, origin: Origin): SpanSignal {
  const { reader } = wire;
  let traceId = '';
  let spanId = '';
  let parentSpanId = '';
  let name = '';
  let kind = 0;
  let startTimeUnixNano = 0n;
  let endTimeUnixNano = 0n;
  let status: SpanSignal['status'] = UNSET;
  const attributes = new AttributeCollector();
  const events: SpanSignal['events'][number][] = [];
  const links: SpanSignal['links'][number][] = [];
  while (reader.pos < end) {
    const seen = reader.uint32();
    switch (seen) {
      case TRACE_ID:
        traceId = readId(wire);
        break;
      case SPAN_ID:
        spanId = readId(wire);
        break;
      case PARENT_SPAN_ID:
        parentSpanId = readId(wire);
        break;
      case NAME:
        name = readString(wire);
        break;
      case KIND:
        kind = reader.uint32();
        break;
      case START:
        startTimeUnixNano = readTime(wire);
        break;
      case END:
        endTimeUnixNano = readTime(wire);
        break;
      case ATTRIBUTES:
        readAttribute(wire, end, attributes);
        break;
      case EVENTS:
        keepOneMore(events, wire, end, readEvent);
        break;
      case LINKS:
        keepOneMore(links, wire, end, readLink);
        break;
      case STATUS:
        status = readStatus(wire, readEnd(wire, end));
        break;
      default:
        skipUnknown(wire, seen, SPAN_FIELDS, SPAN_UNUSED);
    }
  }
  assertEnd(wire, end);
  return {
    origin,
    traceId,
    spanId,
    parentSpanId: parentSpanId === '' ? null : parentSpanId,
    name,
    // 0 is "unspecified", which the specification reads as internal.
    kind: SPAN_KINDS[kind - 1] ?? 'internal',
    startTimeUnixNano,
    endTimeUnixNano,
    status,
    attributes: attributes.values,
    events,
    links,
  };
}

/** Past the limit entries are stepped over; the one too many lets the rules see that something is missing. */
function keepOneMore<T>(list: T[], wire: Wire, outerEnd: number, read: (wire: Wire, end: number) => T): void {
  const end = readEnd(wire, outerEnd);
  countPart(wire);
  if (list.length > MAX_EVENTS) wire.reader.pos = end;
  else list.push(read(wire, end));
}

const EVENT_TIME = tag(1, FIXED64);
const EVENT_NAME = tag(2, LENGTH);
const EVENT_ATTRIBUTES = tag(3, LENGTH);
const EVENT_FIELDS = bits(1, 2, 3);
const EVENT_UNUSED = bits(4);

function readEvent(wire: Wire, end: number): SpanSignal['events'][number] {
  const { reader } = wire;
  let timeUnixNano = 0n;
  let name = '';
  const attributes = new AttributeCollector();
  while (reader.pos < end) {
    const seen = reader.uint32();
    if (seen === EVENT_TIME) timeUnixNano = readTime(wire);
    else if (seen === EVENT_NAME) name = readString(wire);
    else if (seen === EVENT_ATTRIBUTES) readAttribute(wire, end, attributes);
    else skipUnknown(wire, seen, EVENT_FIELDS, EVENT_UNUSED);
  }
  assertEnd(wire, end);
  return { timeUnixNano, name, attributes: attributes.values };
}

const LINK_FIELDS = bits(1, 2);
/** Trace state, attributes (see the rules), flags. */
const LINK_UNUSED = bits(3, 4, 5, 6);

function readLink(wire: Wire, end: number): SpanSignal['links'][number] {
  const { reader } = wire;
  let traceId = '';
  let spanId = '';
  while (reader.pos < end) {
    const seen = reader.uint32();
    if (seen === TRACE_ID) traceId = readId(wire);
    else if (seen === SPAN_ID) spanId = readId(wire);
    else skipUnknown(wire, seen, LINK_FIELDS, LINK_UNUSED);
  }
  assertEnd(wire, end);
  return { traceId, spanId, attributes: {} };
}

const UNSET: SpanSignal['status'] = { code: 'unset', message: '' };
const STATUS_CODES = ['unset', 'ok', 'error'] as const;
const STATUS_MESSAGE = tag(2, LENGTH);
const STATUS_CODE = tag(3, VARINT);

function readStatus(wire: Wire, end: number): SpanSignal['status'] {
  const { reader } = wire;
  let message = '';
  let code = 0;
  while (reader.pos < end) {
    const seen = reader.uint32();
    if (seen === STATUS_MESSAGE) message = readString(wire);
    else if (seen === STATUS_CODE) code = reader.uint32();
    else skipUnknown(wire, seen, bits(2, 3));
  }
  assertEnd(wire, end);
  return { code: STATUS_CODES[code] ?? 'unset', message };
}
