import type { Attributes, AttributeValue, Origin, SpanSignal, TraceSummary } from '@tracepost/contracts';
import { ATTR } from '@tracepost/telemetry';
import { serviceOf } from '../label.ts';
import { isStorableTime } from '../nanoseconds.ts';
import { countOf, hashSpanId, type IdSample, idSample, mergeSamples } from './id-sample.ts';
import { describeTerms, LineMaker, mergeTerms, type TraceTerms, termsOf, termText } from './trace-terms.ts';

/**
 * What a summary is made from: everything in it is a first, a last or a set, so that the digests of any pieces of a trace, in any order,
 * taken any number of times, come to the same one. Times are microseconds since the epoch: exact as numbers until the year 2255.
 */
export interface TraceDigest {
  readonly startedUs: number;
  readonly endedUs: number;
  readonly root: RootSpan;
  readonly terms: TraceTerms;
  readonly spans: IdSample;
  readonly errors: IdSample;
}

export interface RootSpan {
  readonly hasParent: boolean;
  readonly startedUs: number;
  readonly spanId: string;
  readonly service: string;
  readonly name: string;
}

/** One digest for each trace of the batch. A span whose time no store could keep is left out. */
export function digestSpans(spans: readonly SpanSignal[]): ReadonlyMap<string, TraceDigest> {
  const byTrace = new Map<string, Gathering>();
  const lines = new LineMaker();
  for (const span of spans) {
    if (!isStorableTime(span.startTimeUnixNano) || !isStorableTime(span.endTimeUnixNano)) continue;
    const known = byTrace.get(span.traceId);
    if (known) known.add(span);
    else byTrace.set(span.traceId, new Gathering(span, lines));
  }
  return new Map([...byTrace].map(([traceId, gathering]) => [traceId, gathering.digest()]));
}

export function mergeDigests(a: TraceDigest, b: TraceDigest): TraceDigest {
  return {
    startedUs: Math.min(a.startedUs, b.startedUs),
    endedUs: Math.max(a.endedUs, b.endedUs),
    root: isBefore(b.root, a.root) ? b.root : a.root,
    terms: mergeTerms(a.terms, b.terms),
    spans: mergeSamples(a.spans, b.spans),
    errors: mergeSamples(a.errors, b.errors),
  };
}

export function toTraceSummary(traceId: string, digest: TraceDigest, seenAtMs: number): TraceSummary {
  const { startedUs, endedUs, root, terms } = digest;
  const [spans, errors] = [countOf(digest.spans), countOf(digest.errors)];
  return {
    traceId,
    startedAt: isoFromMicros(startedUs),
    endedAt: isoFromMicros(endedUs),
    durationMs: (endedUs - startedUs) / 1_000,
    rootService: root.service,
    rootName: root.name,
    status: digest.errors.length > 0 ? 'error' : 'ok',
    spanCount: spans.count,
    errorCount: errors.count,
    accuracy: spans.isExact && errors.isExact ? 'exact' : 'estimated',
    ...describeTerms(terms),
    lastSeenAt: new Date(seenAtMs).toISOString(),
  };
}

/** The span without a parent, then the earliest; the rest only so that everybody decides alike. */
function isBefore(a: RootSpan, b: RootSpan): boolean {
  if (a.hasParent !== b.hasParent) return !a.hasParent;
  if (a.startedUs !== b.startedUs) return a.startedUs < b.startedUs;
  if (a.spanId !== b.spanId) return a.spanId < b.spanId;
  return a.name === b.name ? a.service < b.service : a.name < b.name;
}

/** Spans of one trace, added up in place: a digest for each span would cost ten times as much. */
class Gathering {
  readonly #lines: LineMaker;
  readonly #terms = new Set<string>();
  readonly #spans: number[] = [];
  readonly #errors: number[] = [];
  #startedUs = Number.POSITIVE_INFINITY;
  #endedUs = Number.NEGATIVE_INFINITY;
  #root: RootSpan;
  #origin: Origin | null = null;

  constructor(span: SpanSignal, lines: LineMaker) {
    this.#lines = lines;
    this.#root = rootOf(span, microsOf(span.startTimeUnixNano));
    this.add(span);
  }

  add(span: SpanSignal): void {
    const { origin, attributes } = span;
    const startedUs = microsOf(span.startTimeUnixNano);
    if (startedUs < this.#startedUs) this.#startedUs = startedUs;
    // The two times may come from a clock that was set back: a trace does not end before one of its spans began.
    this.#endedUs = Math.max(this.#endedUs, startedUs, microsOf(span.endTimeUnixNano));
    const hash = hashSpanId(span.spanId);
    this.#spans.push(hash);
    if (span.status.code === 'error') this.#errors.push(hash);
    // Most spans are neither: for them there is nothing to compare.
    if (startedUs <= this.#root.startedUs || span.parentSpanId === null) {
      const root = rootOf(span, startedUs);
      if (isBefore(root, this.#root)) this.#root = root;
    }
    this.#terms.add(this.#lines.ofList('spanNames', span.name));
    this.#addId('agentIds', attributes[ATTR.agentId]);
    this.#addId('taskIds', attributes[ATTR.taskId]);
    this.#addAll(attributes);
    for (const event of span.events) this.#addAll(event.attributes);
    if (origin === this.#origin) return;
    this.#origin = origin;
    for (const line of this.#lines.ofOrigin(origin)) this.#terms.add(line);
  }

  digest(): TraceDigest {
    return {
      startedUs: this.#startedUs,
      endedUs: this.#endedUs,
      root: this.#root,
      terms: termsOf(this.#terms),
      spans: idSample(this.#spans),
      errors: idSample(this.#errors),
    };
  }

  #addId(list: 'agentIds' | 'taskIds', value: AttributeValue | undefined): void {
    if (typeof value === 'string' && value !== '') this.#terms.add(this.#lines.ofList(list, value));
  }

  #addAll(attributes: Attributes): void {
    for (const key in attributes) {
      const value = attributes[key];
      if (value === undefined || LONG_TEXTS.has(key)) continue;
      const line = this.#lines.ofAttribute(key, value);
      if (line !== null) this.#terms.add(line);
    }
  }
}

/** What is read, not looked for; each is different, and would only push others out. */
const LONG_TEXTS: ReadonlySet<string> = new Set(['exception.stacktrace', 'code.stacktrace']);

function rootOf(span: SpanSignal, startedUs: number): RootSpan {
  return {
    hasParent: span.parentSpanId !== null,
    startedUs,
    spanId: span.spanId,
    service: termText(serviceOf(span.origin)),
    name: termText(span.name),
  };
}

/** Rounded, since a number holds nanoseconds of our days to a quarter of a microsecond. */
function microsOf(nanos: bigint): number {
  return Math.round(Number(nanos) / 1_000);
}

function isoFromMicros(micros: number): string {
  return new Date(Math.floor(micros / 1_000)).toISOString();
}
