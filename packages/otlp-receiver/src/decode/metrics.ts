import type { MetricSignal, Origin } from '@tracepost/contracts';
import type { Refusals } from '../refusals.ts';
import { readEnvelope } from './envelope.ts';
import { readHistogramPoint, readNumberPoint } from './metric-points.ts';
import {
  assertEnd,
  bits,
  countPart,
  LENGTH,
  MalformedError,
  readEnd,
  readString,
  skip,
  skipUnknown,
  tag,
  VARINT,
  type Wire,
} from './wire.ts';

/**
 * An `ExportMetricsServiceRequest`, one signal for each data point. Throws when the frame is broken; see `readEnvelope`. A metric that
 * cannot be read counts as one point, since nobody can say how many it holds.
 */
export function* decodeMetrics(bytes: Uint8Array, refused: Refusals): Generator<void, MetricSignal[]> {
  const points: MetricSignal[] = [];
  yield* readEnvelope(bytes, {
    signal: 'metrics',
    refused,
    readRecord: (wire, end, origin) => readMetric(wire, end, { origin, points, refused }),
  });
  return points;
}

interface Into {
  readonly origin: Origin;
  readonly points: MetricSignal[];
  readonly refused: Refusals;
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

const KINDS: Readonly<Record<number, Kind>> = {
  [GAUGE]: 'gauge',
  [SUM]: 'sum',
  [HISTOGRAM]: 'histogram',
  [EXPONENTIAL_HISTOGRAM]: 'exponential_histogram',
  [SUMMARY]: 'summary',
};
type Kind = 'gauge' | 'sum' | 'histogram' | 'exponential_histogram' | 'summary';

function readMetric(wire: Wire, end: number, into: Into): void {
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
    else skipUnknown(wire, seen, METRIC_FIELDS);
  }
  assertEnd(wire, end);
  if (!data) return;
  // The name may stand behind the points: those are read once all of the rest is known.
  reader.pos = data.start;
  readData(wire, data.end, data.kind, { name, description, unit }, into);
  reader.pos = end;
}

type Descriptor = Pick<MetricSignal, 'name' | 'description' | 'unit'>;

const DATA_POINTS = tag(1, LENGTH);
const TEMPORALITY = tag(2, VARINT);
const IS_MONOTONIC = tag(3, VARINT);

function readData(wire: Wire, end: number, kind: Kind, descriptor: Descriptor, into: Into): void {
  const { reader } = wire;
  const { temporality, isMonotonic } = readProperties(wire, end);
  while (reader.pos < end) {
    const seen = reader.uint32();
    if (seen !== DATA_POINTS) {
      skip(wire, seen & 7);
      continue;
    }
    const pointEnd = readEnd(wire, end);
    const refusal = readPoint(pointEnd);
    if (refusal) into.refused.add('metrics', refusal);
    reader.pos = pointEnd;
  }

  function readPoint(pointEnd: number): string | null {
    if (kind === 'exponential_histogram' || kind === 'summary') return `${kind}_not_supported`;
    if (kind !== 'gauge' && !temporality) return 'no_temporality';
    try {
      countPart(wire);
      const { data, ...point } =
        kind === 'histogram'
          ? readHistogramPoint(wire, pointEnd, temporality ?? 'cumulative')
          : readNumberPoint(wire, pointEnd, (value) =>
              kind === 'sum' && temporality
                ? { type: 'sum', value, isMonotonic, temporality }
                : { type: 'gauge', value },
            );
      if (typeof data === 'string') return data;
      into.points.push({ origin: into.origin, ...descriptor, ...point, data });
      return null;
    } catch (error) {
      return error instanceof MalformedError ? error.reason : 'malformed';
    }
  }
}

interface Properties {
  readonly temporality: 'delta' | 'cumulative' | null;
  readonly isMonotonic: boolean;
}

/** Temporality stands behind the points on the wire and is needed before them. */
function readProperties(wire: Wire, end: number): Properties {
  const { reader } = wire;
  const start = reader.pos;
  let temporality = 0;
  let isMonotonic = false;
  while (reader.pos < end) {
    const seen = reader.uint32();
    if (seen === TEMPORALITY) temporality = reader.uint32();
    else if (seen === IS_MONOTONIC) isMonotonic = reader.bool();
    else skip(wire, seen & 7);
  }
  assertEnd(wire, end);
  reader.pos = start;
  return { temporality: temporality === 1 ? 'delta' : temporality === 2 ? 'cumulative' : null, isMonotonic };
}
