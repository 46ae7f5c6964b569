import type { Origin } from '@tracepost/contracts';
import { MAX_RECORD_BYTES } from '../../limits.ts';
import type { Faults } from '../faults.ts';
import type { Descriptor, MetricCollector } from '../metric-collector.ts';
import type { Kind, Point } from '../point.ts';
import type { Turn } from '../turn.ts';
import { type Place, readEnvelope } from './envelope.ts';
import { readExponentialPoint } from './exponential-point.ts';
import { readHistogramPoint, readNumberPoint } from './metric-points.ts';
import { readSummaryPoint } from './summary-point.ts';
import {
  assertEnd,
  bits,
  countPart,
  LENGTH,
  readEnd,
  readString,
  skip,
  skipUnknown,
  tag,
  VARINT,
  type Wire,
} from './wire.ts';

/**
 * An `ExportMetricsServiceRequest`, its data points added to `points`. Throws when the frame is broken; see `readEnvelope`. A metric that
 * cannot be read counts as one point, since nobody can say how many it holds.
 */
export function* decodeMetrics(bytes: Uint8Array, points: MetricCollector, place: Place): Generator<void, void> {
  yield* readEnvelope(bytes, {
    signal: 'metrics',
    refused: points.refused,
    place,
    maxRecordBytes: Number.POSITIVE_INFINITY,
    countIn: countPoints,
    readRecord: ({ wire, end, origin, turn, faults }) => readMetric(wire, end, { origin, points, turn, faults }),
  });
}

interface Into {
  readonly origin: Origin;
  readonly points: MetricCollector;
  readonly turn: Turn;
  readonly faults: Faults;
}

const NAME = tag(1, LENGTH);
const DESCRIPTION = tag(2, LENGTH);
const UNIT = tag(3, LENGTH);
const GAUGE = tag(5, LENGTH);
const SUM = tag(7, LENGTH);
const HISTOGRAM = tag(9, LENGTH);
const EXPONENTIAL_HISTOGRAM = tag(10, LENGTH);
const SUMMARY = tag(11, LENGTH);
const METRIC_FIELDS = bits(1, 2, 3, 5, 7, 9, 10, 11);
/** Metadata. */
const METRIC_UNUSED = bits(12);

const KINDS: Readonly<Record<number, Kind>> = {
  [GAUGE]: 'gauge',
  [SUM]: 'sum',
  [HISTOGRAM]: 'histogram',
  [EXPONENTIAL_HISTOGRAM]: 'exponentialHistogram',
  [SUMMARY]: 'summary',
};

function* readMetric(wire: Wire, end: number, into: Into): Generator<void, void> {
  const { reader } = wire;
  let name = '';
  let description = '';
  let unit = '';
  let data: { kind: Kind; start: number; end: number } | null = null;
  while (reader.pos < end) {
    const seen = reader.uint32();
    const kind = KINDS[seen];
    if (kind) {
      const dataEnd = readEnd(wire, end);
      data = { kind, start: reader.pos, end: dataEnd };
      reader.pos = dataEnd;
    } else if (seen === NAME) name = readString(wire);
    else if (seen === DESCRIPTION) description = readString(wire);
    else if (seen === UNIT) unit = readString(wire);
    else skipUnknown(wire, seen, METRIC_FIELDS, METRIC_UNUSED);
  }
  assertEnd(wire, end);
  if (!data) return;
  // The name may stand behind the points: those are read once all of the rest is known.
  reader.pos = data.start;
  yield* readData(wire, data.end, data.kind, { name, description, unit }, into);
  reader.pos = end;
}

/** The points of a metric that is not read, without looking into them; 1 when that cannot be said. */
export function* countPoints(wire: Wire, end: number, turn: Turn): Generator<void, number> {
  const { reader } = wire;
  let count = 0;
  try {
    while (reader.pos < end) {
      const seen = reader.uint32();
      if (!KINDS[seen]) {
        skip(wire, seen & 7);
        continue;
      }
      // Of several the last one stands, as where they are read.
      count = 0;
      for (const dataEnd = readEnd(wire, end); reader.pos < dataEnd; ) {
        const inner = reader.uint32();
        skip(wire, inner & 7);
        if (inner === DATA_POINTS) count += 1;
        if (turn.isOver(reader.pos)) yield;
      }
    }
    assertEnd(wire, end);
    return count;
  } catch {
    return 1;
  }
}

const DATA_POINTS = tag(1, LENGTH);
const TEMPORALITY = tag(2, VARINT);
const IS_MONOTONIC = tag(3, VARINT);

function* readData(
  wire: Wire,
  end: number,
  kind: Kind,
  descriptor: Descriptor,
  { origin, points, turn, faults }: Into,
): Generator<void, void> {
  const { reader } = wire;
  const properties = yield* readProperties(wire, end, turn);
  while (reader.pos < end) {
    const seen = reader.uint32();
    if (seen !== DATA_POINTS) {
      skip(wire, seen & 7);
      continue;
    }
    const pointEnd = readEnd(wire, end);
    if (pointEnd - reader.pos > MAX_RECORD_BYTES) points.refused.add('metrics', 'record_too_large');
    // Without an error: making a million of them would take longer than reading did.
    else if (wire.partsLeft <= 0) points.refused.add('metrics', 'too_many_parts');
    else if (!faults.isOver()) {
      try {
        countPart(wire);
        const point = readPoint(wire, pointEnd, kind, properties);
        if (typeof point === 'string') points.refused.add('metrics', point);
        else points.add(origin, descriptor, point);
      } catch (error) {
        faults.note(error);
      }
    }
    reader.pos = pointEnd;
    if (turn.isOver(reader.pos)) yield;
  }
}

function readPoint(wire: Wire, end: number, kind: Kind, { temporality, isMonotonic }: Properties): Point | string {
  if (kind === 'gauge') return readNumberPoint(wire, end, (value) => ({ type: 'gauge', value }));
  if (kind === 'summary') return readSummaryPoint(wire, end);
  if (!temporality) return 'no_temporality';
  if (kind === 'histogram') return readHistogramPoint(wire, end, temporality);
  if (kind === 'exponentialHistogram') return readExponentialPoint(wire, end, temporality);
  return readNumberPoint(wire, end, (value) => ({ type: 'sum', value, isMonotonic, temporality }));
}

interface Properties {
  readonly temporality: 'delta' | 'cumulative' | null;
  readonly isMonotonic: boolean;
}

/** Temporality stands behind the points on the wire and is needed before them. */
function* readProperties(wire: Wire, end: number, turn: Turn): Generator<void, Properties> {
  const { reader } = wire;
  const start = reader.pos;
  let temporality = 0;
  let isMonotonic = false;
  while (reader.pos < end) {
    const seen = reader.uint32();
    if (seen === TEMPORALITY) temporality = reader.uint32();
    else if (seen === IS_MONOTONIC) isMonotonic = reader.bool();
    else skip(wire, seen & 7);
    if (turn.isOver(reader.pos)) yield;
  }
  assertEnd(wire, end);
  reader.pos = start;
  return { temporality: temporality === 1 ? 'delta' : temporality === 2 ? 'cumulative' : null, isMonotonic };
}
