import type { Attributes, AttributeValue, SpanSignal } from '@tracepost/contracts';
import { type Fields, fieldsOf, isFields, listOf, textOf } from '../../building/values.ts';
import type { LinesFormat, WholeFormat } from '../../format-reader.ts';
import { type ElementTaker, readElements } from '../../json/read-elements.ts';
import type { Step } from '../../json/selectors.ts';
import { parsed } from '../attributes.ts';
import { safeId } from '../span-ids.ts';
import { jsonAttributes, nanosOf, nanosOfText, otlpAttributes, spanId } from './fields.ts';
import { SpanTaker } from './span-taker.ts';
import { valuesInARow } from './values-in-a-row.ts';

/**
 * Spans as programs write them down that are no collectors, an object each: the SDKs of Python and JavaScript on their console, Phoenix (its
 * interface, and its tables), MLflow, Logfire, tables of ClickHouse, and trees in which a span holds those that lie in it.
 */
export const spanRowLines: LinesFormat = {
  format: 'otel',
  kind: 'lines',
  recognise: ({ firstLine }) => rowsIn(firstLine).some(isRow),
  open: (context) => {
    const spans = new SpanTaker(context);
    return {
      line(value, number) {
        takeRows(spans, value, number);
        return undefined;
      },
      finish: () => spans.finish(),
    };
  },
};

/** One after another, each on many lines. */
export const spanRowsInARow: WholeFormat = {
  format: 'otel',
  kind: 'whole',
  recognise: ({ text }) =>
    /^\s*\{\s*"name"\s*:\s*"(?:[^"\\]|\\.){0,1000}"\s*,\s*"context"\s*:\s*\{\s*"trace_id"\s*:/.test(text),
  open: (context) => {
    const spans = new SpanTaker(context);
    return valuesInARow(
      context,
      () =>
        readElements(context, ['$'], {
          value: (_way, value) => void takeRows(spans, value),
          finish: () => [],
        }),
      () => spans.finish(),
    );
  },
};

/** A list of them, or of traces; or one trace. */
export const spanRowList: WholeFormat = {
  format: 'otel',
  kind: 'whole',
  recognise: ({ text }) =>
    /^\s*(\[\s*\{|\{\s*"(data|spans|info|trace_id|traceId|traces)"\s*:)/.test(text) &&
    /"(context\.)?(trace_id|traceId|TraceId)"\s*:/.test(text) &&
    /"(context\.)?(span_id|spanId|SpanId)"\s*:/.test(text) &&
    /"(attributes|span_attributes|SpanAttributes|attributes\.openinference\.span\.kind)"\s*:/.test(text),
  open: (context) => readElements(context, WAYS, new RowTaker(new SpanTaker(context))),
};

const WAYS = ['*', 'data.*', 'spans.*', 'data.spans.*', 'traces.*', 'info'];

class RowTaker implements ElementTaker {
  readonly #spans: SpanTaker;
  readonly #places: number[] = [];
  #sessionId: string | null = null;

  constructor(spans: SpanTaker) {
    this.#spans = spans;
  }

  value(way: readonly Step[], value: unknown): void {
    if (way.at(-1) === 'info') this.#sessionId = sessionOf(value);
    else for (const place of takeRows(this.#spans, value)) this.#places.push(place);
  }

  finish(): ReturnType<SpanTaker['finish']> {
    for (const place of this.#places) this.#spans.tell(place, { sessionId: this.#sessionId });
    return this.#spans.finish();
  }
}

/** The places of those that were taken. */
function takeRows(spans: SpanTaker, value: unknown, number?: number): number[] {
  const places: number[] = [];
  const sessionId = isRow(value) ? null : sessionOf(fieldsOf(value).info);
  for (const row of rowsIn(value)) {
    const place = spans.span(() => spanOf(row), number);
    if (place === null) continue;
    if (sessionId !== null) spans.tell(place, { sessionId });
    places.push(place);
  }
  return places;
}

/** MLflow tells the session of a trace beside its spans. */
function sessionOf(info: unknown): string | null {
  const { trace_metadata: told, request_metadata: before } = fieldsOf(info);
  return safeId(fieldsOf(told ?? before)['mlflow.trace.session']);
}

/** A span and those that lie in it, or the spans of a trace. */
function rowsIn(value: unknown): Fields[] {
  const { spans, data } = fieldsOf(value);
  const open = isRow(value) ? [value] : [...listOf(spans ?? fieldsOf(data).spans)];
  const rows: Fields[] = [];
  for (const one of open) {
    const row = fieldsOf(one);
    rows.push(row);
    // Goes on through the list as it grows.
    for (const child of listOf(row.child_spans)) open.push(child);
  }
  return rows;
}

function isRow(value: unknown): value is Fields {
  if (!isFields(value) || LOG_MEMBERS.some((name) => name in value)) return false;
  const attributes = value.attributes ?? value.span_attributes ?? value.SpanAttributes;
  return (
    textOf(traceIdOf(value)) !== null &&
    textOf(spanIdOf(value)) !== null &&
    startOf(value) !== undefined &&
    typeof nameOf(value) === 'string' &&
    (attributes !== undefined || Object.keys(value).some((name) => name.startsWith(COLUMN)))
  );
}

/** The same programs write log records likewise, with the id of the span that they were written in. */
const LOG_MEMBERS = ['severity_number', 'severityNumber', 'severity_text', 'severityText', 'body'] as const;

/** Tables of Phoenix have a column for each attribute. */
const COLUMN = 'attributes.';

function traceIdOf(row: Fields): unknown {
  return fieldsOf(row.context).trace_id ?? row['context.trace_id'] ?? row.trace_id ?? row.traceId ?? row.TraceId;
}

/** Phoenix has another `id` of its own, beside. */
function spanIdOf(row: Fields): unknown {
  return fieldsOf(row.context).span_id ?? row['context.span_id'] ?? row.span_id ?? row.spanId ?? row.SpanId ?? row.id;
}

function parentIdOf(row: Fields): unknown {
  const { parentSpanContext: parent } = row;
  return (
    row.parent_id ??
    row.parent_span_id ??
    row.parentSpanId ??
    row.ParentSpanId ??
    row.parentId ??
    fieldsOf(parent).spanId
  );
}

/** Every span has one, and other records of a trace have none. */
function nameOf(row: Fields): unknown {
  return row.name ?? row.span_name ?? row.SpanName;
}

function startOf(row: Fields): unknown {
  return (
    row.start_time ??
    row.start_timestamp ??
    row.start_time_unix_nano ??
    row.startTime ??
    row.timestamp ??
    row.Timestamp ??
    undefined
  );
}

function endOf(row: Fields, start: bigint): bigint {
  const end = row.end_time ?? row.end_timestamp ?? row.end_time_unix_nano ?? row.endTime;
  if (end !== undefined && end !== null) return timeOf(end);
  const seconds = typeof row.duration === 'string' ? ISO_DURATION.exec(row.duration)?.groups : undefined;
  if (seconds) {
    const { hours = 0, minutes = 0, rest = 0 } = seconds;
    return start + BigInt(Math.round((Number(hours) * 3600 + Number(minutes) * 60 + Number(rest)) * 1e9));
  }
  if (Array.isArray(row.duration)) return start + ofPair(row.duration);
  // That of JavaScript in microseconds, that of ClickHouse in nanoseconds.
  const took = typeof row.timestamp === 'number' ? Number(row.duration) * 1_000 : Number(row.Duration);
  return took > 0 && took < 1e17 ? start + BigInt(Math.round(took)) : start;
}

const ISO_DURATION = /^PT(?:(?<hours>\d{1,6})H)?(?:(?<minutes>\d{1,8})M)?(?:(?<rest>\d{1,10}(?:\.\d{1,12})?)S)?$/;

/** Text, or a number of whichever unit makes a time of today of it; JavaScript has seconds and nanoseconds. Throws `RangeError`. */
function timeOf(value: unknown): bigint {
  if (Array.isArray(value)) return nanosOf(String(ofPair(value)));
  const number = typeof value === 'string' && /^\d{1,20}$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) return nanosOfText(value);
  if (number >= 1e17) return nanosOf(value);
  const perUnit = number >= 1e14 ? 1_000 : number >= 1e11 ? 1_000_000 : 1_000_000_000;
  // A product of such size would be no exact number.
  return nanosOf(String(BigInt(Math.trunc(number)) * BigInt(perUnit) + BigInt(Math.round((number % 1) * perUnit))));
}

function ofPair([seconds, nanos]: readonly unknown[]): bigint {
  const isPair = Number.isSafeInteger(seconds) && Number.isSafeInteger(nanos);
  return isPair ? BigInt(seconds as number) * 1_000_000_000n + BigInt(nanos as number) : 0n;
}

function spanOf(row: Fields): SpanSignal {
  const start = timeOf(startOf(row));
  const parent = textOf(parentIdOf(row));
  const { status_code: own, code, description, message } = fieldsOf(row.status);
  const status = own ?? row.status_code ?? row.otel_status_code ?? row.StatusCode ?? code ?? row.status;
  return {
    origin: { service: serviceOf(row), resource: {}, scopeName: '', scopeVersion: '' },
    traceId: plainId(spanId(traceIdOf(row), 'trace id')),
    spanId: plainId(spanId(spanIdOf(row), 'id')),
    parentSpanId: parent === null || /^(0x)?0+$/.test(parent) ? null : plainId(parent),
    name: textOf(nameOf(row)) ?? '',
    kind: 'internal',
    startTimeUnixNano: start,
    endTimeUnixNano: endOf(row, start),
    status: {
      code: status === 2 || /(^|[._])error$/i.test(textOf(status) ?? '') ? 'error' : 'unset',
      message:
        textOf(description ?? message ?? row.status_message ?? row.otel_status_message ?? row.StatusMessage) ?? '',
    },
    attributes: attributesOf(row),
    events: listOf(parsed(row.events ?? row.otel_events)).map((event) => {
      const { name, event_name, attributes } = fieldsOf(event);
      return { timeUnixNano: start, name: textOf(name ?? event_name) ?? '', attributes: membersOf(attributes) };
    }),
    links: [],
  };
}

/** Hexadecimal, as Python writes it too; MLflow's is no such. */
function plainId(id: string): string {
  const hex = /^(?:0x)?([0-9a-f]+)$/i.exec(id)?.[1];
  return hex?.toLowerCase() ?? id;
}

function serviceOf(row: Fields): string {
  const resource = fieldsOf(row.resource);
  const told = [resource.attributes, resource, row.resource_attributes, row.otel_resource_attributes].map(
    (attributes) => fieldsOf(parsed(attributes))['service.name'],
  );
  return [...told, row.ServiceName, row.service_name].map(textOf).find((name) => name !== null) ?? '';
}

/** Members, or a list of keys and values. */
function membersOf(value: unknown): Attributes {
  const told = parsed(value);
  return Array.isArray(told) ? otlpAttributes(told) : jsonAttributes(told);
}

function attributesOf(row: Fields): Attributes {
  const attributes: Record<string, AttributeValue> = Object.create(null);
  const told = Object.entries(membersOf(row.attributes ?? row.span_attributes ?? row.SpanAttributes));
  const columns = Object.entries(jsonAttributes(row)).flatMap(([name, value]): [string, AttributeValue][] =>
    name.startsWith(COLUMN) && value !== null ? [[name.slice(COLUMN.length), value]] : [],
  );
  for (const [name, value] of [...told, ...columns]) {
    if (isTree(name, value)) spread(name, value, attributes, 1);
    else attributes[name] = value;
  }
  return attributes;
}

/** Attributes that Phoenix puts into each other at the points in their names; their lists of messages, too. */
const TREES = new Set(['openinference', 'llm', 'input', 'output', 'tool', 'tool_call', 'session', 'agent', 'graph']);
const LISTS = new Set(['llm.input_messages', 'llm.output_messages', 'llm.tools']);
const DEEPEST = 16;

function isTree(name: string, value: AttributeValue): boolean {
  return (TREES.has(name) && isFields(value)) || (LISTS.has(name) && Array.isArray(value));
}

function spread(name: string, value: unknown, into: Record<string, AttributeValue>, depth: number): void {
  const isInner = typeof value === 'object' && value !== null && depth < DEEPEST;
  if (!isInner) into[name] = value as AttributeValue;
  else for (const [key, inner] of Object.entries(value)) spread(`${name}.${key}`, inner, into, depth + 1);
}
