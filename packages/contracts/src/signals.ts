/**
 * Telemetry inside the house, after validation: what the OTLP receiver gives, what the analyst works on and what the
 * stores keep. Names are OpenTelemetry's; times are nanoseconds since the epoch.
 */
export type AttributeValue =
  | string
  | number
  | boolean
  | null
  | readonly AttributeValue[]
  | { readonly [key: string]: AttributeValue };
export type Attributes = Readonly<Record<string, AttributeValue>>;

export const SPAN_KINDS = ['internal', 'server', 'client', 'producer', 'consumer'] as const;
export type SpanKindName = (typeof SPAN_KINDS)[number];
export type SpanStatusCode = 'unset' | 'ok' | 'error';

/** Who produced a signal: `service` is the resource's `service.name`. */
export interface Origin {
  readonly service: string;
  readonly resource: Attributes;
  readonly scopeName: string;
  readonly scopeVersion: string;
}

export interface SpanSignal {
  readonly origin: Origin;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly name: string;
  readonly kind: SpanKindName;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  readonly status: { readonly code: SpanStatusCode; readonly message: string };
  readonly attributes: Attributes;
  readonly events: readonly { readonly timeUnixNano: bigint; readonly name: string; readonly attributes: Attributes }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string; readonly attributes: Attributes }[];
}

export interface LogSignal {
  readonly origin: Origin;
  readonly timeUnixNano: bigint;
  /** 1 to 24, OpenTelemetry's scale: 5 debug, 9 info, 13 warn, 17 error. */
  readonly severityNumber: number;
  readonly severityText: string;
  readonly body: AttributeValue;
  readonly attributes: Attributes;
  readonly traceId: string | null;
  readonly spanId: string | null;
}

export type Temporality = 'delta' | 'cumulative';

export type MetricData =
  | { readonly type: 'gauge'; readonly value: number }
  | { readonly type: 'sum'; readonly value: number; readonly isMonotonic: boolean; readonly temporality: Temporality }
  | {
      readonly type: 'histogram';
      readonly temporality: Temporality;
      readonly count: number;
      readonly sum: number;
      readonly min: number | null;
      readonly max: number | null;
      /** Upper bounds; `bucketCounts` has one more entry and is per bucket, not cumulative over the bounds. */
      readonly bounds: readonly number[];
      readonly bucketCounts: readonly number[];
    };

/** One data point of one series. */
export interface MetricSignal {
  readonly origin: Origin;
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  readonly attributes: Attributes;
  readonly startTimeUnixNano: bigint;
  readonly timeUnixNano: bigint;
  readonly data: MetricData;
}

export interface SignalBatch {
  readonly spans: readonly SpanSignal[];
  readonly logs: readonly LogSignal[];
  readonly metrics: readonly MetricSignal[];
}

export type SignalName = 'spans' | 'logs' | 'metrics';

/** Counted by reason: what a hop did not take, and why. */
export interface Refusal {
  readonly signal: SignalName;
  readonly reason: string;
  readonly count: number;
}

/**
 * Where signals go next. `taken` says what no retry can mend (`refused`, counted). `later` means that nothing was
 * taken and the same batch should come again, after `retryAfterMs`.
 */
export type SinkAnswer =
  | { readonly status: 'taken'; readonly refused: readonly Refusal[] }
  | { readonly status: 'later'; readonly reason: string; readonly retryAfterMs: number };

export interface SignalSink {
  accept(batch: SignalBatch): Promise<SinkAnswer>;
}
