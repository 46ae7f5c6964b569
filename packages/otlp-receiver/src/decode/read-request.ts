import type { LogSignal, MetricSignal, SignalBatch, SignalName, SpanSignal } from '@tracepost/contracts';
import type { Refusals } from '../refusals.ts';
import { decodeJsonLogs } from './json/logs.ts';
import { decodeJsonMetrics } from './json/metrics.ts';
import { parseJson } from './json/parse-json.ts';
import { decodeJsonSpans } from './json/spans.ts';
import { MalformedError, reasonOf } from './malformed-error.ts';
import { MetricCollector } from './metric-collector.ts';
import { countRecords } from './protobuf/count-records.ts';
import { checkFrame, type Place } from './protobuf/envelope.ts';
import { decodeLogs } from './protobuf/logs.ts';
import { decodeMetrics } from './protobuf/metrics.ts';
import { decodeSpans } from './protobuf/spans.ts';

export type Format = 'protobuf' | 'json';

export interface ReadRequestOptions {
  readonly signal: SignalName;
  readonly format: Format;
  /** Inflated. */
  readonly bytes: Uint8Array;
  /** Gets what could not be read record by record. */
  readonly refused: Refusals;
}

/**
 * Signals of one batch that is handed on. Decoded they weigh many times what they do on the wire: a long request is handed on in parts,
 * so that only its bytes are held whole. More than any SDK or collector sends at once by itself, so that a part is the rule.
 */
const SIGNALS_PER_BATCH = 2_500;
/** Large ones are handed on sooner, so that they are gone before V8 takes them for what stays: each turn ends after half a mebibyte. */
const TURNS_PER_BATCH = 3;

/**
 * Reads an OTLP request of one signal, part by part. Gives the loop back to others now and then. Throws when the whole cannot be read, and
 * before anything of it was given: what it throws says why.
 */
export async function* readRequest(options: ReadRequestOptions): AsyncGenerator<SignalBatch, void> {
  const { signal, format, bytes, refused } = options;
  const read: Read = { spans: [], logs: [], metrics: [] };
  const walk: Walk = { place: { position: 0 }, cutOffBy: null };
  const steps = decode(options, read, walk.place);
  let isFirst = true;
  let turns = 0;
  while (!isDone(steps, isFirst, walk)) {
    turns += 1;
    const { length } = read[signal];
    if (length < SIGNALS_PER_BATCH && (length === 0 || turns < TURNS_PER_BATCH)) {
      await othersTurn();
      continue;
    }
    turns = 0;
    if (isFirst && format === 'protobuf') for (const _ of checkFrame(bytes, signal)) await othersTurn();
    isFirst = false;
    yield takeFrom(read);
  }
  if (walk.cutOffBy !== null) await refuseRest(options, walk.place.position, walk.cutOffBy);
  const first = refused.list()[0];
  const isEmpty = isFirst && read[signal].length === 0;
  if (isEmpty && first && UNREADABLE.has(first.reason)) throw new MalformedError(first.reason);
  if (isFirst || read[signal].length > 0) yield takeFrom(read);
}

interface Walk {
  readonly place: Place;
  /** Why the rest was not read. */
  cutOffBy: string | null;
}

function isDone(steps: Generator<void, void>, isFirst: boolean, walk: Walk): boolean {
  try {
    return steps.next().done === true;
  } catch (error) {
    if (isFirst) throw error;
    // The frame was checked; what its records used up of the limits was not.
    walk.cutOffBy = reasonOf(error);
    return true;
  }
}

/** Parts of the request are taken: whoever sent it is told to the unit what was not. */
async function refuseRest({ bytes, signal, refused }: ReadRequestOptions, from: number, reason: string): Promise<void> {
  const steps = countRecords(bytes, signal, from);
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) {
      if (step.value > 0) refused.add(signal, reason, step.value);
      return;
    }
    await othersTurn();
  }
}

const UNREADABLE: ReadonlySet<string> = new Set(['malformed', 'too_deep', 'too_many_parts']);

interface Read {
  spans: SpanSignal[];
  logs: LogSignal[];
  metrics: MetricSignal[];
}

function takeFrom(read: Read): SignalBatch {
  return { spans: read.spans.splice(0), logs: read.logs.splice(0), metrics: read.metrics.splice(0) };
}

function decode(
  { signal, format, bytes, refused }: ReadRequestOptions,
  read: Read,
  place: Place,
): Generator<void, void> {
  const points = new MetricCollector(read.metrics, refused, Date.now());
  if (format === 'protobuf') {
    if (signal === 'spans') return decodeSpans(bytes, read.spans, refused, place);
    if (signal === 'logs') return decodeLogs(bytes, read.logs, refused, place);
    return decodeMetrics(bytes, points, place);
  }
  const request = parseJson(bytes);
  if (signal === 'spans') return decodeJsonSpans(request, read.spans, refused);
  if (signal === 'logs') return decodeJsonLogs(request, read.logs, refused);
  return decodeJsonMetrics(request, points);
}

function othersTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
