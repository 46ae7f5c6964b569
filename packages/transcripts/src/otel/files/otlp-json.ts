import type { SpanSignal } from '@tracepost/contracts';
import { fieldsOf, isFields, listOf, textOf } from '../../building/values.ts';
import type { Head, LinesFormat, WholeFormat } from '../../format-reader.ts';
import { type ElementTaker, readElements } from '../../json/read-elements.ts';
import type { Step } from '../../json/selectors.ts';
import type { Words } from '../words-of-logs.ts';
import { nanosOf, otlpAttributes, otlpValue, spanId } from './fields.ts';
import { SpanTaker } from './span-taker.ts';
import { valuesInARow } from './values-in-a-row.ts';

const AROUND = ['resourceSpans', 'resource_spans'] as const;
const SCOPES = ['scopeSpans', 'scope_spans', 'instrumentationLibrarySpans'] as const;
const AROUND_LOGS = ['resourceLogs', 'resource_logs'] as const;
const SCOPES_OF_LOGS = ['scopeLogs', 'scope_logs'] as const;
const RECORDS = ['logRecords', 'log_records'] as const;

/** OTLP as JSON, one request a line: what the collector's file exporter writes. */
export const otlpLines: LinesFormat = {
  format: 'otel',
  kind: 'lines',
  recognise: ({ firstLine, entries }) => isRequest(firstLine) && entries.some(hasSpans),
  open: (context) => {
    const taker = new SpanTaker(context);
    return {
      line(value, number) {
        requestSpans(value, (read) => taker.span(read, number));
        requestLogs(value, (read) => taker.words(read, number));
        return undefined;
      },
      finish: () => taker.finish(),
    };
  },
};

/** The same as one document, or several that stand one after another. */
export const otlpWhole: WholeFormat = {
  format: 'otel',
  kind: 'whole',
  recognise: (head) => isOtlp(head),
  open: (context) => {
    const spans = new SpanTaker(context);
    return valuesInARow(
      context,
      () => readElements(context, WAYS, new OtlpTaker(spans)),
      () => spans.finish(),
    );
  },
};

/** Collectors write requests of all kinds into one file. */
function isRequest(value: unknown): boolean {
  return hasSpans(value) || (isFields(value) && [...AROUND_LOGS, 'resourceMetrics'].some((name) => name in value));
}

function hasSpans(value: unknown): boolean {
  return isFields(value) && AROUND.some((name) => Array.isArray(value[name]));
}

function isOtlp({ text }: Head): boolean {
  return /^\s*\[?\s*\{/.test(text) && /"(resourceSpans|resource_spans)"\s*:/.test(text);
}

const WAYS = ['', '*.'].flatMap((list) =>
  AROUND.flatMap((around) => [
    `${list}${around}.*.resource`,
    ...SCOPES.map((scope) => `${list}${around}.*.${scope}.*.spans.*`),
  ]).concat(
    AROUND_LOGS.flatMap((around) =>
      SCOPES_OF_LOGS.flatMap((scope) => RECORDS.map((records) => `${list}${around}.*.${scope}.*.${records}.*`)),
    ),
  ),
);

class OtlpTaker implements ElementTaker {
  readonly #spans: SpanTaker;
  #service = '';
  /** Of the resource that is being read: what it is may be said after its spans. */
  #places: number[] = [];

  constructor(spans: SpanTaker) {
    this.#spans = spans;
  }

  value(way: readonly Step[], value: unknown): void {
    if (way.at(-1) === 'resource') {
      this.#service = serviceOf(value);
      return;
    }
    if (RECORDS.some((name) => name === way.at(-2))) {
      this.#spans.words(() => recordOf(value));
      return;
    }
    const place = this.#spans.span(() => spanOf(value, this.#service));
    if (place !== null) this.#places.push(place);
  }

  closed(way: readonly Step[]): void {
    const isResource = AROUND.some((name) => name === way.at(-2));
    if (!isResource) return;
    for (const place of this.#places) this.#spans.tell(place, { service: this.#service });
    this.#places = [];
    this.#service = '';
  }

  finish(): [] {
    return [];
  }
}

function requestSpans(request: unknown, take: (read: () => SpanSignal) => void): void {
  for (const around of AROUND) {
    for (const resourceSpans of listOf(fieldsOf(request)[around]).map(fieldsOf)) {
      const service = serviceOf(resourceSpans.resource);
      const scopes = SCOPES.flatMap((name) => listOf(resourceSpans[name])).map(fieldsOf);
      for (const span of scopes.flatMap(({ spans }) => listOf(spans))) take(() => spanOf(span, service));
    }
  }
}

function requestLogs(request: unknown, take: (read: () => Words) => void): void {
  const lists = (value: unknown, names: readonly string[]): unknown[] =>
    names.flatMap((name) => listOf(fieldsOf(value)[name]));
  for (const resourceLogs of lists(request, AROUND_LOGS))
    for (const scopeLogs of lists(resourceLogs, SCOPES_OF_LOGS))
      for (const record of lists(scopeLogs, RECORDS)) take(() => recordOf(record));
}

function recordOf(value: unknown): Words {
  const record = fieldsOf(value);
  const attributes = otlpAttributes(record.attributes);
  const name = textOf(record.eventName ?? record.event_name);
  const [traceId, spanId] = [textOf(record.traceId ?? record.trace_id), textOf(record.spanId ?? record.span_id)];
  return {
    timeUnixNano: timeOf(record),
    attributes: name === null ? attributes : { ...attributes, 'event.name': name },
    body: otlpValue(record.body),
    traceId: traceId?.toLowerCase() ?? null,
    spanId: spanId?.toLowerCase() ?? null,
  };
}

/** Only for the order among records of one span: none is as good as an early one. */
function timeOf({ timeUnixNano, observedTimeUnixNano }: Readonly<Record<string, unknown>>): bigint {
  const time = String(timeUnixNano ?? observedTimeUnixNano ?? 0);
  return /^\d{1,20}$/.test(time) ? BigInt(time) : 0n;
}

function serviceOf(resource: unknown): string {
  return textOf(otlpAttributes(fieldsOf(resource).attributes)['service.name']) ?? '';
}

const STATUS: readonly SpanSignal['status']['code'][] = ['unset', 'ok', 'error'];

function spanOf(value: unknown, service: string): SpanSignal {
  const span = fieldsOf(value);
  const status = fieldsOf(span.status);
  const parent = textOf(span.parentSpanId ?? span.parent_span_id);
  const start = nanosOf(span.startTimeUnixNano ?? span.start_time_unix_nano);
  const end = span.endTimeUnixNano ?? span.end_time_unix_nano;
  return {
    origin: { service, resource: {}, scopeName: '', scopeVersion: '' },
    traceId: spanId(span.traceId ?? span.trace_id, 'trace id').toLowerCase(),
    spanId: spanId(span.spanId ?? span.span_id, 'id').toLowerCase(),
    parentSpanId: parent === null || /^0+$/.test(parent) ? null : parent.toLowerCase(),
    name: textOf(span.name) ?? '',
    kind: 'internal',
    startTimeUnixNano: start,
    endTimeUnixNano: end === undefined || end === null || String(end) === '0' ? start : nanosOf(end),
    status: {
      code: status.code === 'STATUS_CODE_ERROR' ? 'error' : (STATUS[Number(status.code ?? 0)] ?? 'unset'),
      message: textOf(status.message) ?? '',
    },
    attributes: otlpAttributes(span.attributes),
    events: listOf(span.events).map((event) => {
      const { name, attributes } = fieldsOf(event);
      return { timeUnixNano: start, name: textOf(name) ?? '', attributes: otlpAttributes(attributes) };
    }),
    links: [],
  };
}
