import {
  ProtobufLogsSerializer,
  ProtobufMetricsSerializer,
  ProtobufTraceSerializer,
} from '@opentelemetry/otlp-transformer';

/** Telemetry as OpenTelemetry's own SDK would send it; only what differs from these has to be given. */
const SECONDS = 1_780_000_000;

const resource = {
  attributes: { 'service.name': 'shop', 'service.instance.id': 'shop-1' },
  asyncAttributesPending: false,
  getRawAttributes: () => [],
};
const scope = { name: 'shop-scope', version: '1.2.3' };

export const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
export const SPAN_ID = '00f067aa0ba902b7';
export const AT = BigInt(SECONDS) * 1_000_000_000n;
export const NOW_MS = SECONDS * 1_000;

export function givenSpan(over: object = {}) {
  return {
    name: 'GET /cart',
    kind: 1,
    spanContext: () => ({ traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 1 }),
    startTime: [SECONDS, 5],
    endTime: [SECONDS, 1_000_005],
    status: { code: 0 },
    attributes: {},
    links: [],
    events: [],
    duration: [0, 1_000_000],
    ended: true,
    resource,
    instrumentationScope: scope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
    ...over,
  };
}

export function givenLog(over: object = {}) {
  return {
    hrTime: [SECONDS, 7],
    hrTimeObserved: [SECONDS, 9],
    spanContext: { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 1 },
    severityNumber: 13,
    severityText: 'warn',
    body: 'the cart is empty',
    resource,
    instrumentationScope: scope,
    attributes: {},
    droppedAttributesCount: 0,
    ...over,
  };
}

export function givenMetric(over: object = {}) {
  return {
    descriptor: { name: 'carts', unit: '{cart}', description: 'Carts seen', valueType: 1 },
    aggregationTemporality: 1,
    dataPointType: 3,
    isMonotonic: true,
    dataPoints: [givenPoint(3)],
    ...over,
  };
}

export function givenPoint(value: unknown, attributes: object = {}) {
  return { startTime: [SECONDS, 0], endTime: [SECONDS, 11], attributes, value };
}

export function encodeSpans(...spans: object[]): Buffer {
  return bytesOf(ProtobufTraceSerializer.serializeRequest(spans as never));
}

export function encodeLogs(...logs: object[]): Buffer {
  return bytesOf(ProtobufLogsSerializer.serializeRequest(logs as never));
}

export function encodeMetrics(...metrics: object[]): Buffer {
  return bytesOf(ProtobufMetricsSerializer.serializeRequest(givenRequestOfMetrics(metrics) as never));
}

export function givenRequestOfMetrics(metrics: readonly object[]): object {
  return { resource, scopeMetrics: [{ scope, metrics }] };
}

function bytesOf(bytes: Uint8Array | undefined): Buffer {
  if (!bytes) throw new Error('nothing was encoded');
  return Buffer.from(bytes);
}
