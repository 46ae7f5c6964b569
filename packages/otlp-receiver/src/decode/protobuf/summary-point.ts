import { MAX_BUCKETS } from '../../limits.ts';
import { AttributeCollector } from '../attribute-collector.ts';
import { NO_RECORDED_VALUE, type Point } from '../point.ts';
import type { Summary } from '../summary.ts';
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
const COUNT = tag(4, FIXED64);
const SUM = tag(5, FIXED64);
const QUANTILES = tag(6, LENGTH);
const ATTRIBUTES = tag(7, LENGTH);
const FLAGS = tag(8, VARINT);
const FIELDS = bits(2, 3, 4, 5, 6, 7, 8);

export function readSummaryPoint(wire: Wire, end: number): Point {
  const { reader } = wire;
  let startTimeUnixNano = 0n;
  let timeUnixNano = 0n;
  let count = 0;
  let sum = 0;
  let flags = 0;
  const quantiles: Summary['quantiles'][number][] = [];
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
      case QUANTILES: {
        const quantileEnd = readEnd(wire, end);
        countPart(wire);
        // One too many lets the rules see that there were.
        if (quantiles.length <= MAX_BUCKETS) quantiles.push(readQuantile(wire, quantileEnd));
        else reader.pos = quantileEnd;
        break;
      }
      case ATTRIBUTES:
        readAttribute(wire, end, attributes);
        break;
      case FLAGS:
        flags = reader.uint32();
        break;
      default:
        skipUnknown(wire, seen, FIELDS);
    }
  }
  assertEnd(wire, end);
  const point = { attributes: attributes.values, startTimeUnixNano, timeUnixNano };
  if (flags & NO_RECORDED_VALUE) return { ...point, data: 'no_recorded_value' };
  return { ...point, data: { type: 'summary', summary: { count, sum, quantiles } } };
}

const QUANTILE = tag(1, FIXED64);
const VALUE = tag(2, FIXED64);

function readQuantile(wire: Wire, end: number): Summary['quantiles'][number] {
  const { reader } = wire;
  let quantile = 0;
  let value = 0;
  while (reader.pos < end) {
    const seen = reader.uint32();
    if (seen === QUANTILE) quantile = reader.double();
    else if (seen === VALUE) value = reader.double();
    else skipUnknown(wire, seen, bits(1, 2));
  }
  assertEnd(wire, end);
  return { quantile, value };
}
