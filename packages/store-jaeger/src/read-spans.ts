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

export type TakeSpan = (span: SpanSignal, bytes: number) => void;

/** Reads the spans of one answer of `/api/v3/traces/{id}` while it comes: OTLP JSON, ids in hex, times as text, kinds as numbers. */
export function createSpanReader(take: TakeSpan, maxPartBytes: number): AnswerSplitter {
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
        take(readSpan(JSON.parse(json), origin), json.length);
      },
    },
    maxPartBytes,
  );
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
    endTimeUnixNano: hadNoDuration(warnings) ? startTimeUnixNano : nanosIn(span, 'endTimeUnixNano'),
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

/** It takes a span that ends when it begins for one that ends before, and lengthens it by a nanosecond when it stores it. */
function hadNoDuration(warnings: AttributeValue | undefined): boolean {
  return JSON.stringify(warnings ?? '').includes('Negative duration detected');
}

/** 1 to 5 in OTLP's order; 0 is "not said", which counts as internal. */
function readKind(kind: number): SpanKindName {
  return SPAN_KINDS[kind - 1] ?? 'internal';
}

function readStatus(status: unknown): Status {
  const codes: readonly Status['code'][] = ['unset', 'ok', 'error'];
  return { code: codes[numberIn(status, 'code')] ?? 'unset', message: textIn(status, 'message') };
}
