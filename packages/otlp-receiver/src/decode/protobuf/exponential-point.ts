import type { Temporality } from '@tracepost/contracts';
import { MAX_BUCKETS } from '../../limits.ts';
import { AttributeCollector } from '../attribute-collector.ts';
import { type ExponentialBuckets, toExplicitHistogram } from '../exponential-histogram.ts';
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

const ATTRIBUTES = tag(1, LENGTH);
const START = tag(2, FIXED64);
const TIME = tag(3, FIXED64);
const COUNT = tag(4, FIXED64);
const SUM = tag(5, FIXED64);
const SCALE = tag(6, VARINT);
const ZERO_COUNT = tag(7, FIXED64);
const POSITIVE = tag(8, LENGTH);
const NEGATIVE = tag(9, LENGTH);
const FLAGS = tag(10, VARINT);
const MIN = tag(12, FIXED64);
const MAX = tag(13, FIXED64);
const FIELDS = bits(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13);
/** Exemplars, and how far from zero still counts as zero: such values lie in the first bucket either way. */
const UNUSED = bits(11, 14);

const EMPTY: ExponentialBuckets = { offset: 0, counts: [] };

export function readExponentialPoint(wire: Wire, end: number, temporality: Temporality): Point {
  const { reader } = wire;
  let startTimeUnixNano = 0n;
  let timeUnixNano = 0n;
  let count = 0;
  let sum: number | null = null;
  let min: number | null = null;
  let max: number | null = null;
  let scale = 0;
  let zeroCount = 0;
  let positive = EMPTY;
  let negative = EMPTY;
  let flags = 0;
  const attributes = new AttributeCollector();
  while (reader.pos < end) {
    const seen = reader.uint32();
    switch (seen) {
      case ATTRIBUTES:
        readAttribute(wire, end, attributes);
        break;
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
      case SCALE:
        scale = reader.sint32();
        break;
      case ZERO_COUNT:
        zeroCount = Number(reader.fixed64());
        break;
      case POSITIVE:
        positive = readBuckets(wire, readEnd(wire, end));
        break;
      case NEGATIVE:
        negative = readBuckets(wire, readEnd(wire, end));
        break;
      case FLAGS:
        flags = reader.uint32();
        break;
      case MIN:
        min = reader.double();
        break;
      case MAX:
        max = reader.double();
        break;
      default:
        skipUnknown(wire, seen, FIELDS, UNUSED);
    }
  }
  assertEnd(wire, end);
  const point = { attributes: attributes.values, startTimeUnixNano, timeUnixNano };
  if (flags & NO_RECORDED_VALUE) return { ...point, data: 'no_recorded_value' };
  const data = toExplicitHistogram({ temporality, count, sum, min, max, scale, zeroCount, positive, negative });
  return { ...point, data };
}

const OFFSET = tag(1, VARINT);
const COUNTS = tag(2, LENGTH);
const ONE_COUNT = tag(2, VARINT);
const BUCKETS_FIELDS = bits(1, 2);

function readBuckets(wire: Wire, end: number): ExponentialBuckets {
  const { reader } = wire;
  let offset = 0;
  const counts: number[] = [];
  while (reader.pos < end) {
    const seen = reader.uint32();
    if (seen === OFFSET) offset = reader.sint32();
    else if (seen === COUNTS) {
      const countsEnd = readEnd(wire, end);
      // One too many lets the rules see that there were.
      while (reader.pos < countsEnd && counts.length <= MAX_BUCKETS) counts.push(Number(reader.uint64()));
      if (counts.length > MAX_BUCKETS) reader.pos = countsEnd;
      assertEnd(wire, countsEnd);
    } else if (seen === ONE_COUNT) {
      countPart(wire);
      counts.push(Number(reader.uint64()));
    } else skipUnknown(wire, seen, BUCKETS_FIELDS);
  }
  assertEnd(wire, end);
  return { offset, counts };
}
