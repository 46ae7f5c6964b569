import type { AttributeValue } from '@tracepost/contracts';
import { MAX_DEPTH, MAX_ENTRIES, MAX_STRING_BYTES } from '../../limits.ts';
import { AttributeCollector } from '../attribute-collector.ts';
import { exactNumber } from '../exact-number.ts';
import { MalformedError } from '../malformed-error.ts';
import {
  assertEnd,
  bits,
  countPart,
  FIXED64,
  LENGTH,
  readEnd,
  readString,
  skip,
  skipUnknown,
  tag,
  VARINT,
  type Wire,
} from './wire.ts';

const KEY = tag(1, LENGTH);
const VALUE = tag(2, LENGTH);
const KEY_VALUE_FIELDS = bits(1, 2);

/** One `KeyValue`; past the limit it is only stepped over, unless room is made for it. */
export function readAttribute(wire: Wire, outerEnd: number, into: AttributeCollector, depth = 1): void {
  const { reader } = wire;
  const end = readEnd(wire, outerEnd);
  countPart(wire);
  if (into.isClosed) {
    reader.pos = end;
    return;
  }
  let hasRoom = !into.isFull;
  let key = '';
  let value: AttributeValue = null;
  while (reader.pos < end) {
    const seen = reader.uint32();
    if (seen === KEY) key = readString(wire);
    if (!hasRoom) {
      hasRoom = seen === KEY && into.makesRoomFor(key);
      if (hasRoom) continue;
      reader.pos = end;
      return;
    }
    if (seen === KEY) continue;
    if (seen === VALUE) value = readAnyValue(wire, end, depth);
    else skipUnknown(wire, seen, KEY_VALUE_FIELDS);
  }
  assertEnd(wire, end);
  if (hasRoom) into.set(key, value);
}

const STRING = tag(1, LENGTH);
const BOOL = tag(2, VARINT);
const INT = tag(3, VARINT);
const DOUBLE = tag(4, FIXED64);
const ARRAY = tag(5, LENGTH);
const MAP = tag(6, LENGTH);
const BYTES = tag(7, LENGTH);
const ANY_VALUE_FIELDS = bits(1, 2, 3, 4, 5, 6, 7);

/** Bytes become base64; a value that is not set is null. */
export function readAnyValue(wire: Wire, outerEnd: number, depth = 1): AttributeValue {
  if (depth > MAX_DEPTH) throw new MalformedError('values are nested too deep', 'too_deep');
  const { reader } = wire;
  const end = readEnd(wire, outerEnd);
  let value: AttributeValue = null;
  while (reader.pos < end) {
    const seen = reader.uint32();
    switch (seen) {
      case STRING:
        value = readString(wire);
        break;
      case BOOL:
        value = reader.bool();
        break;
      case INT:
        value = exactNumber(reader.int64());
        break;
      case DOUBLE:
        value = reader.double();
        break;
      case ARRAY:
        value = readArray(wire, end, depth);
        break;
      case MAP:
        value = readMap(wire, end, depth);
        break;
      case BYTES:
        value = Buffer.from(reader.bytes().subarray(0, MAX_STRING_BYTES)).toString('base64');
        break;
      default:
        skipUnknown(wire, seen, ANY_VALUE_FIELDS);
    }
  }
  assertEnd(wire, end);
  return value;
}

const VALUES = tag(1, LENGTH);
const VALUES_FIELDS = bits(1);

function readArray(wire: Wire, outerEnd: number, depth: number): AttributeValue {
  const { reader } = wire;
  const end = readEnd(wire, outerEnd);
  const values: AttributeValue[] = [];
  while (reader.pos < end) {
    const seen = reader.uint32();
    if (seen !== VALUES) skipUnknown(wire, seen, VALUES_FIELDS);
    else {
      countPart(wire);
      if (values.length > MAX_ENTRIES) skip(wire, LENGTH);
      else values.push(readAnyValue(wire, end, depth + 1));
    }
  }
  assertEnd(wire, end);
  return values;
}

function readMap(wire: Wire, outerEnd: number, depth: number): AttributeValue {
  const { reader } = wire;
  const end = readEnd(wire, outerEnd);
  const map = new AttributeCollector(MAX_ENTRIES);
  while (reader.pos < end) {
    const seen = reader.uint32();
    if (seen === VALUES) readAttribute(wire, end, map, depth + 1);
    else skipUnknown(wire, seen, VALUES_FIELDS);
  }
  assertEnd(wire, end);
  return map.values;
}
