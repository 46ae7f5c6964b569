import {
  type Attributes,
  type AttributeValue,
  SPAN_KINDS,
  type SpanKindName,
  type SpanSignal,
} from '@tracepost/contracts';
import { readAttributes } from './read-attributes.ts';
import { hexIn, listIn, nanosIn, numberIn, objectIn, textIn } from './untrusted.ts';

type Origin = SpanSignal['origin'];
type Status = SpanSignal['status'];

/** The spans in one answer of `/api/v3/traces/{id}`: OTLP JSON, ids in hex, times as text, kinds as numbers. */
export function readSpans(answer: unknown): SpanSignal[] {
  const spans: SpanSignal[] = [];
  for (const resourceSpans of listIn(objectIn(answer, 'result'), 'resourceSpans')) {
    const resource = readAttributes(objectIn(resourceSpans, 'resource'));
    for (const scopeSpans of listIn(resourceSpans, 'scopeSpans')) {
      const origin = originOf(resource, objectIn(scopeSpans, 'scope'));
      for (const span of listIn(scopeSpans, 'spans')) spans.push(readSpan(span, origin));
    }
  }
  return spans;
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
