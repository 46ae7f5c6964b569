import { type Attributes, type Origin, type SpanSignal, TRACE_LISTS, type TraceSummary } from '@tracepost/contracts';
import { ATTR } from '@tracepost/telemetry';
import { serviceOf } from '../label.ts';
import { isStorableTime } from '../nanoseconds.ts';
import { countOf, hashSpanId, type IdSample, idSample, mergeSamples } from './id-sample.ts';
import { boundTerms, mergeTerms, type TraceTerms, termOf, termText } from './trace-terms.ts';

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
  for (const span of spans) {
    if (!isStorableTime(span.startTimeUnixNano) || !isStorableTime(span.endTimeUnixNano)) continue;
    const known = byTrace.get(span.traceId);
    if (known) known.add(span);
    else byTrace.set(span.traceId, new Gathering(span));
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
  const { services, spanNames, agentIds, taskIds } = terms.lists;
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
    services: [...services],
    spanNames: [...spanNames],
    agentIds: [...agentIds],
    taskIds: [...taskIds],
    attributes: Object.fromEntries([...terms.attributes].map(([key, values]) => [key, [...values]])),
    truncated: TRACE_LISTS.filter((list) => terms.truncated.has(list)),
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
  #startedNs: bigint;
  #endedNs: bigint;
  #root: RootSpan | null = null;
  readonly #lists = {
    services: new Set<string>(),
    spanNames: new Set<string>(),
    agentIds: new Set<string>(),
    taskIds: new Set<string>(),
  };
  readonly #attributes = new Map<string, Set<string>>();
  readonly #origins = new Set<Origin>();
  readonly #spans: number[] = [];
  readonly #errors: number[] = [];

  constructor(span: SpanSignal) {
    this.#startedNs = span.startTimeUnixNano;
    this.#endedNs = span.endTimeUnixNano;
    this.add(span);
  }

  add(span: SpanSignal): void {
    const { origin, startTimeUnixNano, endTimeUnixNano, attributes } = span;
    if (startTimeUnixNano < this.#startedNs) this.#startedNs = startTimeUnixNano;
    if (endTimeUnixNano > this.#endedNs) this.#endedNs = endTimeUnixNano;
    // The two times may come from a clock that was set back: a trace does not end before one of its spans began.
    if (startTimeUnixNano > this.#endedNs) this.#endedNs = startTimeUnixNano;
    const hash = hashSpanId(span.spanId);
    this.#spans.push(hash);
    if (span.status.code === 'error') this.#errors.push(hash);

    const facts = factsOf(origin);
    const name = termText(span.name);
    const root = {
      hasParent: span.parentSpanId !== null,
      startedUs: microsOf(startTimeUnixNano),
      spanId: span.spanId,
      service: facts.service,
      name,
    };
    if (this.#root === null || isBefore(root, this.#root)) this.#root = root;
    this.#lists.services.add(facts.service);
    this.#lists.spanNames.add(name);
    this.#addId('agentIds', attributes[ATTR.agentId]);
    this.#addId('taskIds', attributes[ATTR.taskId]);
    if (!this.#origins.has(origin)) {
      this.#origins.add(origin);
      for (const [key, value] of facts.resource) this.#addTerm(key, value);
    }
    this.#addAll(attributes);
    for (const event of span.events) this.#addAll(event.attributes);
  }

  digest(): TraceDigest {
    // There is one: the constructor has added a span.
    const root = this.#root as RootSpan;
    return {
      startedUs: microsOf(this.#startedNs),
      endedUs: microsOf(this.#endedNs),
      root,
      terms: boundTerms(this.#lists, this.#attributes),
      spans: idSample(this.#spans),
      errors: idSample(this.#errors),
    };
  }

  #addId(list: 'agentIds' | 'taskIds', value: Attributes[string] | undefined): void {
    if (typeof value === 'string' && value !== '') this.#lists[list].add(termText(value));
  }

  #addAll(attributes: Attributes): void {
    for (const key in attributes) {
      const value = attributes[key];
      if (value === undefined || LONG_TEXTS.has(key)) continue;
      const term = termOf(value);
      if (term !== null) this.#addTerm(termText(key), term);
    }
  }

  #addTerm(key: string, value: string): void {
    const values = this.#attributes.get(key);
    if (values) values.add(value);
    else this.#attributes.set(key, new Set([value]));
  }
}

/** What is read, not looked for; each is different, and would only push others out. */
const LONG_TEXTS: ReadonlySet<string> = new Set(['exception.stacktrace', 'code.stacktrace']);
/** Of a resource: which program on which machine is looked for, not how its process looks. */
const OF_NO_INTEREST = /^(process|os|telemetry)\./;

interface OriginFacts {
  readonly service: string;
  readonly resource: readonly (readonly [key: string, value: string])[];
}

const knownOrigins = new WeakMap<Origin, OriginFacts>();

/** Many spans share one origin object: each is looked at once. */
function factsOf(origin: Origin): OriginFacts {
  const known = knownOrigins.get(origin);
  if (known) return known;
  const resource = Object.entries(origin.resource).flatMap(([key, value]) => {
    const term = OF_NO_INTEREST.test(key) ? null : termOf(value);
    return term === null ? [] : [[termText(key), term] as const];
  });
  const facts = { service: termText(serviceOf(origin)), resource };
  knownOrigins.set(origin, facts);
  return facts;
}

function microsOf(nanos: bigint): number {
  return Number(nanos / 1_000n);
}

function isoFromMicros(micros: number): string {
  return new Date(Math.floor(micros / 1_000)).toISOString();
}
