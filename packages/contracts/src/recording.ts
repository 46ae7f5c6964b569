import Type, { type Static } from 'typebox';
import { CorrelationId, IsoTime, Token } from './patterns.ts';

const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** What is told from outside: events that happened, and values that were measured. */
export const MAX_RECORDED_AT_ONCE = 1_000;

/** `COMMAND`, `OPERATION`, `METRIC`, or a word of the caller's own. */
export const EventType = Type.String({
  pattern: '^[A-Za-z][A-Za-z0-9_.-]{0,127}$',
  description: 'a letter, then letters, digits, `_`, `.` and `-`, at most 128',
  examples: ['COMMAND'],
});
export const EventSeverity = Type.String({
  pattern: '^[A-Za-z][A-Za-z0-9_-]{0,31}$',
  description: 'a word of letters, digits, `_` and `-`, at most 32',
  examples: ['error'],
});
/** As OpenTelemetry names instruments. */
export const MetricName = Type.String({
  pattern: '^[A-Za-z][A-Za-z0-9_.\\-/]{0,254}$',
  description: 'a letter, then letters, digits, `_`, `.`, `-` and `/`, at most 255',
  examples: ['orders.total'],
});
export const MetricUnit = Type.String({
  pattern: '^[\\x20-\\x7e]{0,63}$',
  description: 'printable ASCII, at most 63, best in UCUM',
  examples: ['ms'],
});
/** ISO 8601 with `Z` or an offset; kept in milliseconds. */
export const RecordedTime = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,9})?)?(Z|[+-]\\d{2}:\\d{2})$',
  description: 'ISO 8601 with `Z` or an offset, from the year 2000 to a day from now',
  examples: ['2026-11-21T09:00:00.000Z'],
});

export const METRIC_KINDS = ['counter', 'gauge', 'histogram'] as const;
/** A counter's values are added up, a gauge's last one counts, a histogram's are single measurements. */
export type MetricKind = (typeof METRIC_KINDS)[number];
const Kind = Type.Unsafe<MetricKind>(Type.Union(METRIC_KINDS.map((kind) => Type.Literal(kind))));

export const MAX_METRIC_ATTRIBUTES = 32;
export const METRIC_ATTRIBUTE_PATTERN = '^[A-Za-z_][A-Za-z0-9_.\\-/]{0,127}$';
const AttributeText = Type.String({ maxLength: 256 });

/** One event of `POST /api/v1/events`. */
export const RecordEventRequest = Type.Object(
  {
    type: EventType,
    source: Token,
    data: Type.Unknown({ description: 'Any JSON' }),
    eventId: Type.Optional(Token),
    timestamp: Type.Optional(RecordedTime),
    severity: Type.Optional(EventSeverity),
    correlationId: Type.Optional(CorrelationId),
  },
  { additionalProperties: false },
);
export type RecordEventRequest = Static<typeof RecordEventRequest>;

/** One value of `POST /api/v1/metrics`. */
export const RecordMetricRequest = Type.Object(
  {
    name: MetricName,
    value: Type.Union([Type.Number(), Type.String({ title: 'a numeric string' })]),
    kind: Type.Optional(Kind),
    unit: Type.Optional(MetricUnit),
    attributes: Type.Optional(
      Type.Record(Type.String(), Type.Union([AttributeText, Type.Number(), Type.Boolean()]), {
        maxProperties: MAX_METRIC_ATTRIBUTES,
      }),
    ),
    eventId: Type.Optional(Token),
    timestamp: Type.Optional(RecordedTime),
    source: Type.Optional(Token),
    correlationId: Type.Optional(CorrelationId),
  },
  { additionalProperties: false },
);
export type RecordMetricRequest = Static<typeof RecordMetricRequest>;

/** Of a message with the key `record.event`: alone, or in an array of at most `MAX_RECORDED_AT_ONCE`. */
export const RecordedEvent = Type.Object(
  {
    eventId: Token,
    type: EventType,
    source: Token,
    data: Type.Unknown(),
    timestamp: IsoTime,
    severity: nullable(EventSeverity),
    correlationId: nullable(CorrelationId),
    traceId: nullable(Type.String({ pattern: '^[0-9a-f]{32}$' })),
  },
  { additionalProperties: false },
);
export type RecordedEvent = Static<typeof RecordedEvent>;

/** The value and its series: what an event of type METRIC that was recorded as a metric has for `data`. */
export const MetricSample = Type.Object(
  {
    name: MetricName,
    value: Type.Number(),
    kind: Kind,
    unit: MetricUnit,
    attributes: Type.Record(Type.String({ pattern: METRIC_ATTRIBUTE_PATTERN }), AttributeText, {
      additionalProperties: false,
      maxProperties: MAX_METRIC_ATTRIBUTES,
    }),
  },
  { additionalProperties: false },
);
export type MetricSample = Static<typeof MetricSample>;

/** Of a message with the key `record.metric`: alone, or in an array of at most `MAX_RECORDED_AT_ONCE`. */
export const RecordedMetric = Type.Object(
  {
    eventId: Token,
    source: Token,
    timestamp: IsoTime,
    correlationId: nullable(CorrelationId),
    traceId: nullable(Type.String({ pattern: '^[0-9a-f]{32}$' })),
    sample: MetricSample,
  },
  { additionalProperties: false },
);
export type RecordedMetric = Static<typeof RecordedMetric>;

/** The type under which recorded metrics are found as events. */
export const METRIC_EVENT_TYPE = 'METRIC';

/** In either direction: up to here percentiles are what is promised of them. */
export const LARGEST_RECORDED_VALUE = 1e15;

/** Answer of `POST /api/v1/events` to a single event: it is durable. */
export const EventAccepted = Type.Object({ eventId: Type.String(), timestamp: IsoTime });
export type EventAccepted = Static<typeof EventAccepted>;

/** Answer of `POST /api/v1/metrics` to a single value. */
export const MetricAccepted = Type.Object({ eventId: Type.String() });
export type MetricAccepted = Static<typeof MetricAccepted>;

/** An entry of an array that was not taken, by its place from 0. */
export const RecordRefusal = Type.Object({
  index: Type.Integer(),
  code: Type.String(),
  detail: Type.String(),
  errors: Type.Optional(Type.Array(Type.Object({ pointer: Type.String(), message: Type.String() }))),
  receivedEvent: Type.Unknown(),
});
export type RecordRefusal = Static<typeof RecordRefusal>;

/** Answer to an array: what was taken is durable, what was refused says why. */
export const RecordBatchAnswer = Type.Object({
  accepted: Type.Array(Type.Object({ index: Type.Integer(), eventId: Type.String(), timestamp: IsoTime })),
  refused: Type.Array(RecordRefusal),
});
export type RecordBatchAnswer = Static<typeof RecordBatchAnswer>;

/** One of `GET /api/v1/events`. */
export const EventView = RecordedEvent;
export type EventView = RecordedEvent;

export const EventList = Type.Object({ items: Type.Array(EventView), nextCursor: nullable(Type.String()) });
export type EventList = Static<typeof EventList>;
