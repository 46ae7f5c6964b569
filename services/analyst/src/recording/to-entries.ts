import {
  type AttributeValue,
  METRIC_EVENT_TYPE,
  type MetricSample,
  type RecordedEvent,
  type RecordedMetric,
} from '@tracepost/contracts';
import type { ReadRecorded } from '@tracepost/messaging';
import type { EventEntry } from '@tracepost/stores';
import { redactAttributes, redactValue } from '@tracepost/telemetry';

/** What is stored of a message: without secrets, and a metric as the event that it is too. */
export function toEntries(read: Exclude<ReadRecorded, { kind: 'unreadable' }>): EventEntry[] {
  return read.kind === 'events' ? read.events.map(eventEntry) : read.metrics.map(metricEntry);
}

function eventEntry(event: RecordedEvent): EventEntry {
  // It was read from JSON, so it is nothing else.
  return { event: { ...event, data: redactValue(event.data as AttributeValue) }, sample: null };
}

function metricEntry({ sample, ...told }: RecordedMetric): EventEntry {
  const attributes = redactAttributes(sample.attributes) as MetricSample['attributes'];
  const safe: MetricSample = { ...sample, attributes };
  return { event: { ...told, type: METRIC_EVENT_TYPE, severity: null, data: safe }, sample: safe };
}
