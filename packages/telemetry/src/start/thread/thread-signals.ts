import type { Attributes, HrTime, SpanKind, SpanStatus } from '@opentelemetry/api';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { Refusal } from '@tracepost/contracts';

/** What a thread has recorded, as plain data that can cross; the process makes telemetry of it. */
export interface ThreadSignals {
  readonly spans: readonly ThreadSpan[];
  readonly logs: readonly ThreadLog[];
  readonly measurements: readonly Measurement[];
  readonly lost: readonly Refusal[];
  /** Taken off the weight that is under way once this has arrived. */
  readonly weight: number;
}

export interface ThreadScope {
  readonly name: string;
  readonly version: string;
}

export interface ThreadSpanContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
  readonly isRemote: boolean;
  readonly traceState: string | null;
}

export interface ThreadSpan {
  readonly scope: ThreadScope;
  readonly name: string;
  readonly kind: SpanKind;
  readonly context: ThreadSpanContext;
  readonly parent: ThreadSpanContext | null;
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly duration: HrTime;
  readonly status: SpanStatus;
  readonly attributes: Attributes;
  readonly links: readonly { readonly context: ThreadSpanContext; readonly attributes: Attributes }[];
  readonly events: ReadableSpan['events'];
  readonly dropped: { readonly attributes: number; readonly events: number; readonly links: number };
}

export interface ThreadLog
  extends Pick<
    ReadableLogRecord,
    'hrTime' | 'hrTimeObserved' | 'severityText' | 'severityNumber' | 'body' | 'eventName' | 'attributes'
  > {
  readonly scope: ThreadScope;
  readonly context: ThreadSpanContext | null;
  readonly droppedAttributes: number;
}

export type InstrumentKind =
  | 'counter'
  | 'upDownCounter'
  | 'histogram'
  | 'gauge'
  | 'observableCounter'
  | 'observableUpDownCounter'
  | 'observableGauge';

export interface ThreadInstrument {
  readonly scope: ThreadScope;
  readonly kind: InstrumentKind;
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  /** Bucket boundaries; empty for the SDK's own. */
  readonly boundaries: readonly number[];
}

/** One call of an instrument; of an observable, what its callback said. */
export interface Measurement {
  readonly instrument: ThreadInstrument;
  readonly value: number;
  readonly attributes: Attributes;
}
