import type { HrTime } from '@opentelemetry/api';
import type { InstrumentationScope } from '@opentelemetry/core';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import {
  AggregationTemporality,
  DataPointType,
  type MetricData,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import {
  type Attributes,
  type AttributeValue,
  type LogSignal,
  type MetricSignal,
  type MetricData as MetricSignalData,
  type Origin,
  SPAN_KINDS,
  type SpanSignal,
} from '@tracepost/contracts';

/** Gives the origin of what a scope makes; the same object for the same scope, so that stores can group by identity. */
export type OriginOf = (scope: InstrumentationScope) => Origin;

/**
 * Embedded, one SDK serves several services. Each names its scope after itself, and gets its own resource here, so that
 * its telemetry looks as if it ran alone.
 */
export function createOriginOf(resourceOf: (serviceName: string) => Attributes): OriginOf {
  const origins = new Map<string, Origin>();
  return ({ name, version = '' }) => {
    const key = `${name}@${version}`;
    const known = origins.get(key);
    if (known) return known;
    const origin = { service: name, resource: resourceOf(name), scopeName: name, scopeVersion: version };
    origins.set(key, origin);
    return origin;
  };
}

const STATUS = ['unset', 'ok', 'error'] as const;

export function toSpanSignal(span: ReadableSpan, originOf: OriginOf): SpanSignal {
  const { traceId, spanId } = span.spanContext();
  return {
    origin: originOf(span.instrumentationScope),
    traceId,
    spanId,
    parentSpanId: span.parentSpanContext?.spanId ?? null,
    name: span.name,
    kind: SPAN_KINDS[span.kind] ?? 'internal',
    startTimeUnixNano: nanos(span.startTime),
    endTimeUnixNano: nanos(span.endTime),
    status: { code: STATUS[span.status.code] ?? 'unset', message: span.status.message ?? '' },
    attributes: asAttributes(span.attributes),
    events: span.events.map((event) => ({
      timeUnixNano: nanos(event.time),
      name: event.name,
      attributes: asAttributes(event.attributes),
    })),
    links: span.links.map(({ context, attributes }) => ({
      traceId: context.traceId,
      spanId: context.spanId,
      attributes: asAttributes(attributes),
    })),
  };
}

export function toLogSignal(record: ReadableLogRecord, originOf: OriginOf): LogSignal {
  return {
    origin: originOf(record.instrumentationScope),
    timeUnixNano: nanos(record.hrTime),
    severityNumber: record.severityNumber ?? 0,
    severityText: record.severityText ?? '',
    body: (record.body ?? null) as AttributeValue,
    attributes: asAttributes(record.attributes),
    traceId: record.spanContext?.traceId ?? null,
    spanId: record.spanContext?.spanId ?? null,
  };
}

export function toMetricSignals({ scopeMetrics }: ResourceMetrics, originOf: OriginOf): MetricSignal[] {
  return scopeMetrics.flatMap(({ scope, metrics }) =>
    metrics.flatMap((metric) => {
      const { name, unit, description } = metric.descriptor;
      return metric.dataPoints.flatMap((point) => {
        const data = toMetricData(metric, point.value);
        if (!data) return [];
        return {
          origin: originOf(scope),
          name,
          unit,
          description,
          attributes: asAttributes(point.attributes),
          startTimeUnixNano: nanos(point.startTime),
          timeUnixNano: nanos(point.endTime),
          data,
        };
      });
    }),
  );
}

type PointValue = MetricData['dataPoints'][number]['value'];

function toMetricData(metric: MetricData, value: PointValue): MetricSignalData | null {
  const temporality = metric.aggregationTemporality === AggregationTemporality.DELTA ? 'delta' : 'cumulative';
  if (typeof value === 'number')
    return metric.dataPointType === DataPointType.SUM
      ? { type: 'sum', value, isMonotonic: metric.isMonotonic, temporality }
      : { type: 'gauge', value };
  // The registry has no exponential histograms; a library's would have to be asked for by a view.
  if (!('buckets' in value)) return null;
  return {
    type: 'histogram',
    temporality,
    count: value.count,
    sum: value.sum ?? 0,
    min: value.min ?? null,
    max: value.max ?? null,
    bounds: value.buckets.boundaries,
    bucketCounts: value.buckets.counts,
  };
}

function nanos([seconds, rest]: HrTime): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(Math.trunc(rest));
}

// The SDK's attributes are plain values already; its type also allows `undefined`, which is nothing.
function asAttributes(attributes: object | undefined): Attributes {
  return (attributes ?? {}) as Attributes;
}
