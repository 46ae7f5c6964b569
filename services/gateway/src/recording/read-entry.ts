import {
  LARGEST_RECORDED_VALUE,
  METRIC_ATTRIBUTE_PATTERN,
  RecordEventRequest,
  type RecordedEvent,
  type RecordedMetric,
  RecordMetricRequest,
} from '@tracepost/contracts';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { type FieldFault, pointerStep } from '../http/problem.ts';
import { readQueryTime } from '../http/query-time.ts';
import { describeSchemaFaults } from '../http/schema-faults.ts';
import { createEventId } from './event-id.ts';

/** What the request says of all its entries. */
export interface EntryContext {
  readonly nowMs: number;
  /** As the caller named it in the header; null when it did not. */
  readonly correlationId: string | null;
  readonly traceId: string | null;
}

export type ReadEntry<T> = { readonly entry: T } | { readonly faults: readonly FieldFault[] };

const EARLIEST_MS = Date.UTC(2000, 0);
const DAY_MS = 86_400_000;
/** Who told it, when nobody says so. */
const UNNAMED_SOURCE = 'http';
const NUMERIC = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?$/;
const ATTRIBUTE_NAME = new RegExp(METRIC_ATTRIBUTE_PATTERN);

const checkEvent = createCheck<RecordEventRequest>(RecordEventRequest);
const checkMetric = createCheck<RecordMetricRequest>(RecordMetricRequest);

export function readEvent(value: unknown, context: EntryContext): ReadEntry<RecordedEvent> {
  const checked = checkEvent(value);
  if ('faults' in checked) return checked;
  const { type, source, data, eventId, severity = null, correlationId = context.correlationId } = checked.entry;
  const time = readTime(checked.entry.timestamp, context.nowMs);
  if ('faults' in time) return time;
  const id = eventId ?? createEventId(context.nowMs);
  return {
    entry: {
      eventId: id,
      type,
      source,
      data,
      timestamp: time.entry,
      severity,
      correlationId,
      traceId: context.traceId,
    },
  };
}

export function readMetric(value: unknown, context: EntryContext): ReadEntry<RecordedMetric> {
  const checked = checkMetric(value);
  if ('faults' in checked) return checked;
  const { name, kind = 'histogram', unit = '', attributes = {}, eventId } = checked.entry;
  const { source = UNNAMED_SOURCE, correlationId = context.correlationId } = checked.entry;
  const time = readTime(checked.entry.timestamp, context.nowMs);
  if ('faults' in time) return time;
  const number = readValue(checked.entry.value, kind);
  if ('faults' in number) return number;
  const badName = Object.keys(attributes).find((key) => !ATTRIBUTE_NAME.test(key));
  if (badName !== undefined)
    return fault(
      `/attributes${pointerStep(badName)}`,
      'is no name of an attribute: a letter or `_`, then letters, digits, `_`, `.`, `-` and `/`, at most 128',
    );
  const texts = Object.fromEntries(Object.entries(attributes).map(([key, said]) => [key, String(said)]));
  const sample = { name, value: number.entry, kind, unit, attributes: texts };
  const id = eventId ?? createEventId(context.nowMs);
  return {
    entry: { eventId: id, source, timestamp: time.entry, correlationId, traceId: context.traceId, sample },
  };
}

function createCheck<T>(schema: TSchema): (value: unknown) => ReadEntry<T> {
  const check = Compile(schema);
  return (value) => {
    if (check.Check(value)) return { entry: value as T };
    return { faults: describeSchemaFaults(schema, check.Errors(value), { value }) };
  };
}

/** To the millisecond, in UTC; now when nothing is said. */
function readTime(text: string | undefined, nowMs: number): ReadEntry<string> {
  if (text === undefined) return { entry: new Date(nowMs).toISOString() };
  const ms = readQueryTime(text);
  if (ms === null) return fault('/timestamp', 'names a day or an hour that does not exist');
  if (ms < EARLIEST_MS) return fault('/timestamp', 'lies before the year 2000');
  if (ms > nowMs + DAY_MS) return fault('/timestamp', 'lies more than a day from now');
  return { entry: new Date(ms).toISOString() };
}

function readValue(value: number | string, kind: RecordedMetric['sample']['kind']): ReadEntry<number> {
  if (typeof value === 'string' && !NUMERIC.test(value))
    return fault('/value', `has to be a number or a numeric string such as "12.5"`);
  const number = Number(value);
  if (!Number.isFinite(number) || Math.abs(number) > LARGEST_RECORDED_VALUE)
    return fault('/value', `has to lie within ±${LARGEST_RECORDED_VALUE}: choose a larger unit`);
  if (kind === 'counter' && number < 0) return fault('/value', 'of a counter is what it grew by, and never below 0');
  // There is one zero.
  return { entry: number + 0 };
}

function fault(pointer: string, message: string): { readonly faults: readonly FieldFault[] } {
  return { faults: [{ pointer, message }] };
}
