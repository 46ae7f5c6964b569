import type { MetricData, Temporality } from '@tracepost/contracts';
import { MAX_BOUNDS } from '../../limits.ts';
import { AttributeCollector } from '../attribute-collector.ts';
import { MalformedError } from '../malformed-error.ts';
import { NO_RECORDED_VALUE, type Point } from '../point.ts';
import { readAttribute } from './attributes.ts';
import {
  assertEnd,
  bits,
  countPart,
  FIXED64,
  LENGTH,
  readEnd,
  readTime,
  skipUnknown,
  tag,
  VARINT,
  type Wire,
} from './wire.ts';

const START = tag(2, FIXED64);
const TIME = tag(3, FIXED64);

const AS_DOUBLE = tag(4, FIXED64);
const AS_INT = tag(6, FIXED64);
const NUMBER_ATTRIBUTES = tag(7, LENGTH);
const NUMBER_FLAGS = tag(8, VARINT);
const NUMBER_FIELDS = bits(2, 3, 4, 6, 7, 8);
/** Exemplars. */
const NUMBER_UNUSED = bits(5);

export function readNumberPoint(wire: Wire, end: number, toData: (value: number) => MetricData): Point {
  const { reader } = wire;
  let startTimeUnixNano = 0n;
  let timeUnixNano = 0n;
  let value: number | null = null;
  let flags = 0;
  const attributes = new AttributeCollector();
  while (reader.pos < end) {
    const seen = reader.uint32();
    switch (seen) {
      case START:
        startTimeUnixNano = readTime(wire);
        break;
      case TIME:
        timeUnixNano = readTime(wire);
        break;
      case AS_DOUBLE:
        value = reader.double();
        break;
      case AS_INT:
        value = Number(reader.sfixed64());
        break;
      case NUMBER_ATTRIBUTES:
        readAttribute(wire, end, attributes);
        break;
      case NUMBER_FLAGS:
        flags = reader.uint32();
        break;
      default:
        skipUnknown(wire, seen, NUMBER_FIELDS, NUMBER_UNUSED);
    }
  }
  assertEnd(wire, end);
  const data = value === null || flags & NO_RECORDED_VALUE ? 'no_recorded_value' : toData(value);
  return { attributes: attributes.values, startTimeUnixNano, timeUnixNano, data };
}

const COUNT = tag(4, FIXED64);
const SUM = tag(5, FIXED64);
const BUCKET_COUNTS = tag(6, LENGTH);
const BUCKET_COUNT = tag(6, FIXED64);
const BOUNDS = tag(7, LENGTH);
const BOUND = tag(7, FIXED64);
const HISTOGRAM_ATTRIBUTES = tag(9, LENGTH);
const HISTOGRAM_FLAGS = tag(10, VARINT);
const MIN = tag(11, FIXED64);
const MAX = tag(12, FIXED64);
const HISTOGRAM_FIELDS = bits(2, 3, 4, 5, 6, 7, 9, 10, 11, 12);
/** Exemplars. */
const HISTOGRAM_UNUSED = bits(8);

export function readHistogramPoint(wire: Wire, end: number, temporality: Temporality): Point {
  const { reader } = wire;
  let startTimeUnixNano = 0n;
  let timeUnixNano = 0n;
  let count = 0;
  let sum: number | null = null;
  let min: number | null = null;
  let max: number | null = null;
  let flags = 0;
  const bucketCounts: number[] = [];
  const bounds: number[] = [];
  const attributes = new AttributeCollector();
  while (reader.pos < end) {
    const seen = reader.uint32();
    switch (seen) {
      case START:
        startTimeUnixNano = readTime(wire);
        break;
      case TIME:
        timeUnixNano = readTime(wire);
        break;
      case COUNT:
        count = Number(reader.fixed64());
        break;
      case SUM:
        sum = reader.double();
        break;
      case MIN:
        min = reader.double();
        break;
      case MAX:
        max = reader.double();
        break;
      case BUCKET_COUNTS:
        readPacked(wire, end, bucketCounts, readFixed);
        break;
      case BUCKET_COUNT:
        keep(wire, bucketCounts, readFixed);
        break;
      case BOUNDS:
        readPacked(wire, end, bounds, readDouble);
        break;
      case BOUND:
        keep(wire, bounds, readDouble);
        break;
      case HISTOGRAM_ATTRIBUTES:
        readAttribute(wire, end, attributes);
        break;
      case HISTOGRAM_FLAGS:
        flags = reader.uint32();
        break;
      default:
        skipUnknown(wire, seen, HISTOGRAM_FIELDS, HISTOGRAM_UNUSED);
    }
  }
  assertEnd(wire, end);
  const point = { attributes: attributes.values, startTimeUnixNano, timeUnixNano };
  if (flags & NO_RECORDED_VALUE) return { ...point, data: 'no_recorded_value' };
  // Left out where values may be negative; a sum of 0 in its place would be a wrong average.
  if (sum === null) return { ...point, data: 'histogram_without_sum' };
  return { ...point, data: { type: 'histogram', temporality, count, sum, min, max, bounds, bucketCounts } };
}

const readFixed = ({ reader }: Wire): number => Number(reader.fixed64());
const readDouble = ({ reader }: Wire): number => reader.double();

/** Ten million buckets are not even kept until the rules refuse them. */
function keep(wire: Wire, list: number[], read: (wire: Wire) => number): void {
  countPart(wire);
  const value = read(wire);
  if (list.length <= MAX_BOUNDS + 1) list.push(value);
}

function readPacked(wire: Wire, outerEnd: number, list: number[], read: (wire: Wire) => number): void {
  const end = readEnd(wire, outerEnd);
  if ((end - wire.reader.pos) % 8 !== 0) throw new MalformedError('packed numbers are cut off');
  while (wire.reader.pos < end && list.length <= MAX_BOUNDS + 1) list.push(read(wire));
  wire.reader.pos = end;
}
