import { type Attributes, type AttributeValue, SPAN_KINDS, type SpanSignal } from '@tracepost/contracts';

/** Hands spans to an OTLP/HTTP receiver as JSON, each with its own resource. */
export async function sendSpans(otlpHttpUrl: string, spans: readonly SpanSignal[]): Promise<void> {
  const response = await fetch(`${otlpHttpUrl}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceSpans: spans.map(toResourceSpans) }),
  });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
}

function toResourceSpans(span: SpanSignal): unknown {
  const { origin } = span;
  return {
    resource: { attributes: toAttributes(origin.resource) },
    scopeSpans: [{ scope: { name: origin.scopeName, version: origin.scopeVersion }, spans: [toOtlp(span)] }],
  };
}

function toOtlp(span: SpanSignal): unknown {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentSpanId === null ? {} : { parentSpanId: span.parentSpanId }),
    name: span.name,
    kind: SPAN_KINDS.indexOf(span.kind) + 1,
    startTimeUnixNano: String(span.startTimeUnixNano),
    endTimeUnixNano: String(span.endTimeUnixNano),
    status: { code: ['unset', 'ok', 'error'].indexOf(span.status.code), message: span.status.message },
    attributes: toAttributes(span.attributes),
    events: span.events.map(({ timeUnixNano, name, attributes }) => ({
      timeUnixNano: String(timeUnixNano),
      name,
      attributes: toAttributes(attributes),
    })),
    links: span.links.map(({ traceId, spanId, attributes }) => ({
      traceId,
      spanId,
      attributes: toAttributes(attributes),
    })),
  };
}

function toAttributes(attributes: Attributes): unknown[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: toValue(value) }));
}

function toValue(value: AttributeValue): unknown {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(toValue) } };
  return { kvlistValue: { values: toAttributes((value ?? {}) as Attributes) } };
}
