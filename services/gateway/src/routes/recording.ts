import {
  CorrelationId,
  EventAccepted,
  EventList,
  EventType,
  MAX_RECORDED_AT_ONCE,
  MetricAccepted,
  RecordBatchAnswer,
  RecordEventRequest,
  RecordMetricRequest,
  Token,
} from '@tracepost/contracts';
import type { EventStore } from '@tracepost/stores';
import type { Logger, Metrics } from '@tracepost/telemetry';
import type { FastifyReply, FastifyRequest } from 'fastify';
import Type, { type TSchema } from 'typebox';
import { sendProblem } from '../http/answers.ts';
import type { ProblemSpec } from '../http/problem.ts';
import { QueryTime } from '../http/query-time.ts';
import { reachHop, traceOf } from '../http/request-trace.ts';
import type { GatewayServer } from '../http/server.ts';
import type { WaitingRoom } from '../notify/waiting-room.ts';
import { RECORDING_EXAMPLES } from '../openapi/recording-examples.ts';
import type { EventSender } from '../recording/event-sender.ts';
import { createLoopGuard } from '../recording/loop-guard.ts';
import { readEvent, readMetric } from '../recording/read-entry.ts';
import { type Door, type Recording, recordEntries } from '../recording/record-entries.ts';
import { answerPage } from './answer-page.ts';
import { Cursor, PageLimit } from './page.ts';

export interface RecordingRouteOptions {
  readonly sender: EventSender;
  readonly events: Pick<EventStore, 'list'>;
  readonly waiting: WaitingRoom;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** A full array of common entries. */
const BODY_BYTES = 1024 * 1024;
const MAX_JSON_KEYS = 32_000;
const DEFAULT_LIMIT = 50;

const Query = Type.Object(
  {
    type: Type.Optional(EventType),
    source: Type.Optional(Token),
    correlationId: Type.Optional(CorrelationId),
    from: Type.Optional(QueryTime),
    to: Type.Optional(QueryTime),
    limit: Type.Optional(PageLimit),
    cursor: Type.Optional(Cursor),
  },
  { additionalProperties: false },
);

/** `POST` and `GET /api/v1/events`, `POST /api/v1/metrics`: 202 only after the broker's confirm. */
export function addRecordingRoutes(app: GatewayServer, options: RecordingRouteOptions): void {
  const loops = createLoopGuard();
  const eventDoor = { key: 'record.event', word: 'event', read: readEvent, isLoop: loops.isLoop } as const;
  // Equal values of a metric are as good as any: a counter is told its 1 again and again.
  const metricDoor = { key: 'record.metric', word: 'metric', read: readMetric, isLoop: () => false } as const;

  app.post(
    '/api/v1/events',
    {
      ...taking(options),
      schema: {
        summary: 'Record an event, or up to 1,000',
        description: `202 means that it is durable; it can be read a moment later. An \`eventId\` that was recorded within the last seven days changes nothing: whoever gives one can send again.
An array is answered entry by entry. The same type, source, data and correlation id over 20 times in 10 seconds is \`LOOP_DETECTED\`. What looks like a secret is masked when it is stored.`,
        tags: ['events and metrics'],
        body: oneOrSeveral(RecordEventRequest),
        response: { 202: Type.Union([EventAccepted, RecordBatchAnswer]) },
        'x-tracepost': {
          problems: ['INVALID_EVENT', 'LOOP_DETECTED', 'STORAGE_FAILURE', 'TOO_MANY_WAITING'],
          bodyExamples: RECORDING_EXAMPLES.events,
        },
      },
    },
    async (request, reply) => {
      const recording = await takeIn(request, eventDoor, options);
      if (recording.status !== 'one') return answer(reply, recording, options);
      const { eventId, timestamp } = recording.entry;
      return reply.code(202).send({ eventId, timestamp });
    },
  );

  app.post(
    '/api/v1/metrics',
    {
      ...taking(options),
      schema: {
        summary: 'Record a value of a metric, or up to 1,000',
        description: `A numeric string counts as a number. \`kind\` is \`histogram\` when nothing is said: single measurements, of which everything can be asked; a \`counter\` is told what it grew by.
202 means that it is durable. It is found as an event of type METRIC, too, and an \`eventId\` that was recorded within the last seven days changes nothing. A metric has at most 1,000 series (combinations of attribute values); what is beyond is counted together.`,
        tags: ['events and metrics'],
        body: oneOrSeveral(RecordMetricRequest),
        response: { 202: Type.Union([MetricAccepted, RecordBatchAnswer]) },
        'x-tracepost': {
          problems: ['INVALID_EVENT', 'STORAGE_FAILURE', 'TOO_MANY_WAITING'],
          bodyExamples: RECORDING_EXAMPLES.metrics,
        },
      },
    },
    async (request, reply) => {
      const recording = await takeIn(request, metricDoor, options);
      if (recording.status !== 'one') return answer(reply, recording, options);
      return reply.code(202).send({ eventId: recording.entry.eventId });
    },
  );

  addEventListRoute(app, options);
}

function addEventListRoute(app: GatewayServer, { events, logger }: RecordingRouteOptions): void {
  app.get(
    '/api/v1/events',
    {
      schema: {
        summary: 'Recorded events',
        description: 'Newest first by their `timestamp`. Recorded metrics are events of type METRIC. Kept for 7 days.',
        tags: ['events and metrics'],
        querystring: Query,
        response: { 200: EventList },
        'x-tracepost': { problems: ['RETRIEVAL_FAILURE'] },
      },
    },
    async (request, reply) => {
      const { from, to, limit = DEFAULT_LIMIT, ...filters } = request.query;
      return answerPage(
        reply,
        { from, to },
        {
          what: 'The store of events',
          code: 'RETRIEVAL_FAILURE',
          logger,
          ask: (times) => events.list({ ...filters, ...times, limit }),
        },
      );
    },
  );
}

/** What both doors have of a route. */
function taking({ waiting, metrics }: RecordingRouteOptions) {
  return {
    bodyLimit: BODY_BYTES,
    config: { maxJsonKeys: MAX_JSON_KEYS },
    /** Before the body is read: of a thousand entries, reading them takes longer than all else. */
    onRequest(request: FastifyRequest, reply: FastifyReply, done: () => void) {
      if (!waiting.isFull()) return done();
      reachHop(traceOf(request), 'rate-limit', 'refused');
      refuse(reply, { problem: TOO_MANY_WAITING, entries: 1 }, metrics);
    },
    /** The schema is for the document: here each entry is checked by itself, since one that is wrong does not cost the others. */
    validatorCompiler: () => (value: unknown) => ({ value }),
  };
}

function oneOrSeveral(entry: TSchema) {
  // Whatever it says: it comes as it is.
  return Type.Unsafe<unknown>(Type.Union([entry, Type.Array(entry, { minItems: 1, maxItems: MAX_RECORDED_AT_ONCE })]));
}

async function takeIn<T extends { readonly eventId: string; readonly timestamp: string }>(
  request: FastifyRequest,
  door: Door<T>,
  { sender, waiting }: RecordingRouteOptions,
): Promise<Recording> {
  const trace = traceOf(request);
  reachHop(trace, 'rate-limit', 'refused');
  // A body in chunks does not say how long it is.
  const bytes = trace.requestBytes || BODY_BYTES;
  if (!waiting.enter(bytes)) return { status: 'refused', problem: TOO_MANY_WAITING, entries: 1 };
  try {
    reachHop(trace, 'publish', 'under way');
    const named = request.raw.headers['x-correlation-id'];
    const { correlationId, traceId } = trace;
    const recording = await recordEntries(request.body, {
      door,
      sender,
      // One that we made up for the request says nothing of what belongs together.
      context: { nowMs: Date.now(), correlationId: named === correlationId ? correlationId : null, traceId },
    });
    reachHop(trace, recording.status === 'refused' ? 'validate' : 'publish', recording.status);
    return recording;
  } finally {
    waiting.leave(bytes);
  }
}

function answer(
  reply: FastifyReply,
  recording: Exclude<Recording, { status: 'one' }>,
  { metrics }: RecordingRouteOptions,
): FastifyReply {
  if (recording.status === 'refused') return refuse(reply, recording, metrics);
  const { refused } = recording.answer;
  for (const [code, of] of Map.groupBy(refused, (one) => one.code)) countRefused(metrics, code, of.length);
  return reply.code(202).send(recording.answer);
}

function refuse(
  reply: FastifyReply,
  { problem, entries }: Pick<Extract<Recording, { status: 'refused' }>, 'problem' | 'entries'>,
  metrics: Metrics,
): FastifyReply {
  countRefused(metrics, problem.code, entries);
  return sendProblem(reply, problem);
}

function countRefused(metrics: Metrics, code: string, count: number): void {
  metrics.add('tracepost.recording.refused', count, { 'tracepost.reason': code });
}

const TOO_MANY_WAITING: ProblemSpec = {
  code: 'TOO_MANY_WAITING',
  detail: 'As much as this gateway lets wait is waiting for the broker already. Nothing was recorded.',
  retryAfterSeconds: 1,
};
