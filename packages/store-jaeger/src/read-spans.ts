import {
  type Attributes,
  type AttributeValue,
  SPAN_KINDS,
  type SpanKindName,
  type SpanSignal,
} from '@tracepost/contracts';
import { readAttributes } from './read-attributes.ts';
import { type AnswerSplitter, createAnswerSplitter } from './split-answer.ts';
import { hexIn, listIn, nanosIn, numberIn, objectIn, textIn } from './untrusted.ts';

type Origin = SpanSignal['origin'];
type Status = SpanSignal['status'];

export interface SpanTaker {
  /** Whether a span that begins then may be of use; the others are not read. */
  isWanted(startTimeUnixNano: bigint): boolean;
  /** `bytes`: the length of its JSON. */
  add(span: SpanSignal, bytes: number): void;
}

/** Reads the spans of one answer of `/api/v3/traces/{id}` while it comes: OTLP JSON, ids in hex, times as text, kinds as numbers. */
export function createSpanReader(taker: SpanTaker, maxPartBytes: number): AnswerSplitter {
  let resource: Attributes = {};
  let origin = originOf(resource, {});
  return createAnswerSplitter(
    {
      onGroup(depth) {
        if (depth === 4) resource = {};
        origin = originOf(resource, {});
      },
      onResource(json) {
        resource = readAttributes(JSON.parse(json));
      },
      onScope(json) {
        origin = originOf(resource, JSON.parse(json));
      },
      onSpan(json) {
        const start = START.exec(json)?.[1];
        if (start !== undefined && !taker.isWanted(BigInt(start))) return;
        const span = readSpan(JSON.parse(json), origin);
        if (isSound(span)) taker.add(span, json.length);
      },
    },
    maxPartBytes,
  );
}

/** Of the span itself: within a text the quotes would be escaped. */
const START = /"startTimeUnixNano":"(\d{1,20})"/;
/** The year 2000. */
const EARLIEST = 946_684_800_000_000_000n;

/** The collector hands Jaeger also what the ingest refuses, in both ways of running: what it has counted as dropped is not shown. */
function isSound({ spanId, startTimeUnixNano, endTimeUnixNano }: SpanSignal): boolean {
  return /[1-9a-f]/.test(spanId) && startTimeUnixNano >= EARLIEST && endTimeUnixNano >= startTimeUnixNano;
}

/** What Jaeger calls a service that has told no name. */
const NAMELESS = 'missing-service-name';

function originOf(resource: Attributes, scope: unknown): Origin {
  const service = resource['service.name'];
  return {
    service: typeof service === 'string' && service !== NAMELESS ? service : '',
    resource,
    scopeName: textIn(scope, 'name'),
    scopeVersion: textIn(scope, 'version'),
  };
}

function readSpan(span: unknown, origin: Origin): SpanSignal {
  const parentSpanId = hexIn(span, 'parentSpanId');
  const { [WARNINGS]: warnings, ...attributes } = readAttributes(span);
  const startTimeUnixNano = nanosIn(span, 'startTimeUnixNano');
  return {
    origin,
    traceId: hexIn(span, 'traceId'),
    spanId: hexIn(span, 'spanId'),
    parentSpanId: /^0*$/.test(parentSpanId) ? null : parentSpanId,
    name: textIn(span, 'name'),
    kind: readKind(numberIn(span, 'kind')),
    startTimeUnixNano,
    endTimeUnixNano: endAsSent(warnings) ?? nanosIn(span, 'endTimeUnixNano'),
    status: readStatus(objectIn(span, 'status')),
    attributes,
    events: listIn(span, 'events').map((event) => ({
      timeUnixNano: nanosIn(event, 'timeUnixNano'),
      name: textIn(event, 'name'),
      attributes: readAttributes(event),
    })),
    links: listIn(span, 'links').map((link) => ({
      traceId: hexIn(link, 'traceId'),
      spanId: hexIn(link, 'spanId'),
      attributes: readAttributes(link),
    })),
  };
}

/** What Jaeger has to say of a span stands among the span's own attributes. */
const WARNINGS = '@jaeger@warnings';

/** A span that ends when it begins, or before, is stored with an end a nanosecond after its start, and the end that was sent in a warning. */
function endAsSent(warnings: AttributeValue | undefined): bigint | null {
  const [, day, time, fraction = ''] = ORIGINAL_END.exec(JSON.stringify(warnings ?? '')) ?? [];
  const endMs = Date.parse(`${day}T${time}Z`);
  // Anybody can send an attribute of this name, with a day that is none.
  if (Number.isNaN(endMs)) return null;
  return BigInt(endMs) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

const ORIGINAL_END = /Original end timestamp: (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,9}))? \+0000 UTC/;

/** 1 to 5 in OTLP's order; 0 is "not said", which counts as internal. */
function readKind(kind: number): SpanKindName {
  return SPAN_KINDS[kind - 1] ?? 'internal';
}

function readStatus(status: unknown): Status {
  const codes: readonly Status['code'][] = ['unset', 'ok', 'error'];
  return { code: codes[numberIn(status, 'code')] ?? 'unset', message: textIn(status, 'message') };
}
