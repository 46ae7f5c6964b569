import { createHash } from 'node:crypto';
import { attributes, type Json, nanos, resource, type Value } from '../vectors/otlp.ts';

interface JaegerTag {
  readonly key: string;
  readonly type?: string;
  readonly value: unknown;
}
export interface JaegerTrace {
  readonly traceID: string;
  readonly spans: readonly {
    readonly spanID: string;
    readonly operationName: string;
    readonly references?: readonly { readonly refType: string; readonly traceID: string; readonly spanID: string }[];
    readonly startTime: number;
    readonly duration: number;
    readonly tags: readonly JaegerTag[];
    readonly logs?: readonly { readonly timestamp: number; readonly fields: readonly JaegerTag[] }[];
    readonly processID: string;
  }[];
  readonly processes: Readonly<Record<string, { readonly serviceName: string; readonly tags?: readonly JaegerTag[] }>>;
}

const KINDS: Readonly<Record<string, number>> = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 };

/** A trace in the JSON of Jaeger's own page (times in microseconds), as a program with OpenTelemetry would have sent it. */
export function fromJaeger(trace: JaegerTrace): Json {
  return {
    resourceSpans: trace.spans.map((span) => {
      const { serviceName, tags = [] } = trace.processes[span.processID] ?? { serviceName: '' };
      const parent = span.references?.find(({ refType }) => refType === 'CHILD_OF');
      const kind = span.tags.find(({ key }) => key === 'span.kind')?.value;
      return {
        resource: resource(serviceName, valuesOf(tags)),
        scopeSpans: [
          {
            scope: { name: 'recorded' },
            spans: [
              {
                traceId: trace.traceID.padStart(32, '0'),
                spanId: span.spanID.padStart(16, '0'),
                ...(parent ? { parentSpanId: parent.spanID.padStart(16, '0') } : {}),
                name: span.operationName,
                kind: KINDS[String(kind)] ?? 1,
                startTimeUnixNano: nanos(span.startTime / 1_000),
                endTimeUnixNano: nanos((span.startTime + span.duration) / 1_000),
                attributes: attributes(valuesOf(span.tags.filter(({ key }) => key !== 'span.kind'))),
                events: (span.logs ?? []).map(({ timestamp, fields }) => ({
                  timeUnixNano: nanos(timestamp / 1_000),
                  name: String(fields.find(({ key }) => key === 'event')?.value ?? ''),
                  attributes: attributes(valuesOf(fields.filter(({ key }) => key !== 'event'))),
                })),
              },
            ],
          },
        ],
      };
    }),
  };
}

function valuesOf(tags: readonly JaegerTag[]): Record<string, Value> {
  return Object.fromEntries(tags.map(({ key, value }) => [key, value as Value]));
}

interface Observation {
  readonly id: string;
  readonly traceId: string;
  readonly parentObservationId?: string | null;
  readonly name?: string | null;
  readonly startTime: string;
  readonly endTime?: string | null;
  readonly level?: string;
  readonly statusMessage?: string | null;
  readonly input?: unknown;
  readonly output?: unknown;
  readonly metadata?: unknown;
}
export interface LangfuseTrace {
  readonly observations: readonly Observation[];
}

/** What Langfuse has kept of a framework's spans, as that framework's exporter would send it. Ids that are none of OpenTelemetry's are hashed. */
export function fromLangfuse({ observations }: LangfuseTrace): Json {
  return {
    resourceSpans: observations.map((observation) => {
      const { attributes: kept, resourceAttributes, scope, ...rest } = asMap(observation.metadata);
      const service = asMap(resourceAttributes)['service.name'];
      const values = {
        ...texts(rest),
        ...texts(asMap(kept)),
        ...texts({ input: observation.input, output: observation.output }),
      };
      return {
        resource: resource(typeof service === 'string' ? service : 'framework', texts(asMap(resourceAttributes))),
        scopeSpans: [
          {
            scope: { name: String(asMap(scope).name ?? '') },
            spans: [
              {
                traceId: hexId(observation.traceId, 32),
                spanId: hexId(observation.id, 16),
                ...(observation.parentObservationId
                  ? { parentSpanId: hexId(observation.parentObservationId, 16) }
                  : {}),
                name: observation.name || 'unnamed',
                startTimeUnixNano: nanos(Date.parse(observation.startTime)),
                endTimeUnixNano: nanos(Date.parse(observation.endTime ?? observation.startTime)),
                attributes: attributes(values),
                status: observation.level === 'ERROR' ? { code: 2, message: observation.statusMessage ?? '' } : {},
              },
            ],
          },
        ],
      };
    }),
  };
}

/** Attributes of spans are texts, as most of these frameworks write them; what is nothing is left out. */
function texts(map: Readonly<Record<string, unknown>>): Record<string, Value> {
  const known = Object.entries(map).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(
    known.map(([key, value]) => [key, typeof value === 'object' ? JSON.stringify(value) : (value as Value)]),
  );
}

function asMap(value: unknown): Record<string, unknown> {
  if (typeof value === 'string') {
    try {
      return asMap(JSON.parse(value));
    } catch {
      return {};
    }
  }
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function hexId(id: string, digits: number): string {
  if (new RegExp(`^[0-9a-f]{${digits}}$`).test(id)) return id;
  return createHash('sha256').update(id).digest('hex').slice(0, digits);
}
