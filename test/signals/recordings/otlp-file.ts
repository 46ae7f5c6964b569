import { createHash } from 'node:crypto';
import type { SpanView } from '@tracepost/contracts';
import type { Json } from '../vectors/otlp.ts';

/** A span as OTLP/JSON has it, as far as it is looked at here. */
interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name?: string;
  readonly kind?: number | string;
  readonly startTimeUnixNano: string | number;
  readonly endTimeUnixNano: string | number;
  readonly attributes?: readonly KeyValue[];
  readonly events?: readonly { timeUnixNano?: string | number; name?: string; attributes?: readonly KeyValue[] }[];
  readonly links?: readonly { traceId: string; spanId: string }[];
  readonly status?: { code?: number | string; message?: string };
}
interface KeyValue {
  readonly key: string;
  readonly value?: Json;
}
export interface OtlpTraces {
  readonly resourceSpans: readonly {
    readonly resource?: { readonly attributes?: readonly KeyValue[] };
    readonly scopeSpans?: readonly { readonly spans?: readonly OtlpSpan[] }[];
  }[];
}

/** Times as text: as numbers, JSON would round them. */
export function readOtlp(text: string): OtlpTraces {
  return JSON.parse(text.replaceAll(/("(?:start|end)?[tT]imeUnixNano":\s*)(\d{16,20})\b/g, '$1"$2"')) as OtlpTraces;
}

/** The same with trace ids of its own, since several files use the same ones: an id becomes the hash of it and of the file's name. */
export function underOwnTraces(text: string, file: string): string {
  return text.replaceAll(/("traceId":\s*")([0-9a-fA-F]{32})"/g, (_, before: string, id: string) => {
    const own = createHash('sha256').update(`${file}\n${id.toLowerCase()}`).digest('hex').slice(0, 32);
    return `${before}${own}"`;
  });
}

/** By trace, what the API has to show of these spans, worked out from the file alone. */
export function expectedSpans({ resourceSpans }: OtlpTraces): Map<string, SpanView[]> {
  const traces = new Map<string, Map<string, SpanView>>();
  for (const { resource, scopeSpans = [] } of resourceSpans) {
    const service = resource?.attributes?.find(({ key }) => key === 'service.name')?.value?.stringValue;
    for (const { spans = [] } of scopeSpans)
      for (const span of spans) {
        const trace = traces.get(span.traceId.toLowerCase()) ?? new Map<string, SpanView>();
        traces.set(span.traceId.toLowerCase(), trace);
        const view = viewOf(span, typeof service === 'string' ? service : 'unknown_service');
        // Of a span that comes twice the first one stands.
        if (!trace.has(view.spanId)) trace.set(view.spanId, view);
      }
  }
  return new Map([...traces].map(([traceId, spans]) => [traceId, [...spans.values()].sort(bySpanId)]));
}

export function bySpanId(a: SpanView, b: SpanView): number {
  return a.spanId < b.spanId ? -1 : 1;
}

const KINDS = ['internal', 'internal', 'server', 'client', 'producer', 'consumer'] as const;
const CODES = ['unset', 'ok', 'error'] as const;

function viewOf(span: OtlpSpan, service: string): SpanView {
  const [start, end] = [BigInt(span.startTimeUnixNano), BigInt(span.endTimeUnixNano)];
  return {
    spanId: span.spanId.toLowerCase(),
    parentSpanId: /^0*$/.test(span.parentSpanId ?? '') ? null : (span.parentSpanId ?? '').toLowerCase(),
    name: span.name ?? '',
    kind: KINDS[Number(span.kind ?? 0)] ?? 'internal',
    service,
    startedAt: isoOf(start),
    durationMs: Number(end - start) / 1e6,
    status: { code: CODES[Number(span.status?.code ?? 0)] ?? 'unset', message: span.status?.message ?? '' },
    attributes: valuesOf(span.attributes),
    events: (span.events ?? []).map(({ timeUnixNano = 0, name = '', attributes }) => ({
      at: isoOf(BigInt(timeUnixNano)),
      name,
      attributes: valuesOf(attributes),
    })),
    links: (span.links ?? []).map(({ traceId, spanId }) => ({
      traceId: traceId.toLowerCase(),
      spanId: spanId.toLowerCase(),
    })),
  };
}

function isoOf(nanos: bigint): string {
  return new Date(Number(nanos / 1_000_000n)).toISOString();
}

function valuesOf(list: readonly KeyValue[] = []): Record<string, unknown> {
  return Object.fromEntries(list.map(({ key, value }) => [key, readValue(value ?? {})]));
}

function readValue(value: Json): unknown {
  if ('intValue' in value) return Number(value.intValue);
  if ('arrayValue' in value) return ((value.arrayValue as { values?: Json[] }).values ?? []).map(readValue);
  if ('kvlistValue' in value) return valuesOf((value.kvlistValue as { values?: KeyValue[] }).values);
  return value.stringValue ?? value.boolValue ?? value.doubleValue ?? value.bytesValue ?? null;
}
