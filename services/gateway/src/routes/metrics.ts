import {
  MetricAggregation,
  MetricCatalog,
  MetricSeriesAnswer,
  type MetricValue,
  MetricValues,
} from '@tracepost/contracts';
import { QueryTooLargeError } from '@tracepost/stores';
import type { Logger } from '@tracepost/telemetry';
import type { FastifyReply } from 'fastify';
import Type from 'typebox';
import { withDeadline } from '../deadline.ts';
import { sendProblem } from '../http/answers.ts';
import { LIMITS } from '../http/limits.ts';
import { invalidParameter, type ProblemSpec } from '../http/problem.ts';
import { QueryTime, readTimeRange } from '../http/query-time.ts';
import type { GatewayServer } from '../http/server.ts';
import type { MetricReply, MetricService } from '../metrics/metric-service.ts';
import { readEvery, readList, readWhere } from '../metrics/read-question.ts';

const Range = { from: Type.Optional(QueryTime), to: Type.Optional(QueryTime) };
const Aggregation = Type.Optional(MetricAggregation);
const Condition = Type.String({ minLength: 2, maxLength: 600 });
const Params = Type.Object({ name: Type.String({ minLength: 1, maxLength: 255 }) });

const ValuesQuery = Type.Object(
  {
    names: Type.Optional(Type.String({ minLength: 1, maxLength: 8_192, description: 'separated by commas' })),
    ...Range,
    aggregation: Aggregation,
  },
  { additionalProperties: false },
);
const SeriesQuery = Type.Object(
  {
    ...Range,
    every: Type.Optional(
      Type.String({ pattern: '^[1-9]\\d{0,6}[smhd]$', description: 'length of a window: `30s`, `5m`, `1h`, `1d`' }),
    ),
    groupBy: Type.Optional(
      Type.String({ minLength: 1, maxLength: 1_024, description: 'attributes, separated by commas' }),
    ),
    where: Type.Optional(
      Type.Union([Condition, Type.Array(Condition, { maxItems: 16 })], {
        description: '`key:value`, several times for several conditions',
      }),
    ),
    aggregation: Aggregation,
  },
  { additionalProperties: false },
);
const CatalogQuery = Type.Object(Range, { additionalProperties: false });

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MAX_GROUPS = 8;
const PROBLEMS = ['INVALID_AGGREGATION', 'QUESTION_TOO_LARGE', 'RETRIEVAL_FAILURE'] as const;

/** `GET /api/v1/metrics`, `/metrics/catalog` and `/metrics/{name}`: what came by OTLP and what was recorded, by one door. */
export function addMetricRoutes(
  app: GatewayServer,
  { metrics, logger }: { readonly metrics: MetricService; readonly logger: Logger },
): void {
  /** Gives the answer, or null when a problem was sent instead. A question that nobody waits for any more is ended. */
  const answer = async <R extends FastifyReply, T>(
    reply: R,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T | null> => {
    const ended = new AbortController();
    const end = () => ended.abort();
    reply.raw.once('close', end);
    try {
      return await withDeadline(work(ended.signal), LIMITS.metricTimeoutMs, 'The store of metrics');
    } catch (error) {
      sendProblem(reply, describeFailure(error));
      if (!(error instanceof QueryTooLargeError))
        logger.warn({ layer: 'store', result: 'error', error }, 'A question about metrics cannot be answered');
      return null;
    } finally {
      reply.raw.off('close', end);
      ended.abort();
    }
  };

  app.get(
    '/api/v1/metrics',
    {
      schema: {
        summary: 'One number of each metric',
        description:
          'Of the last hour when no time is named, of all metrics of the catalog when no names are. Without `aggregation` MEAN, and of counters SUM. Metrics that cannot be asked for it are left out, unless they were named: then the answer is `INVALID_AGGREGATION`. Of all metrics, one whose question is too large, or cannot be read, stands in `unanswered` and keeps nobody from the others.',
        tags: ['telemetry'],
        querystring: ValuesQuery,
        response: { 200: MetricValues },
        'x-tracepost': { problems: PROBLEMS },
      },
    },
    async (request, reply) => {
      const range = rangeOf(request.query, HOUR_MS);
      if ('fault' in range) return sendProblem(reply, invalidParameter(range.fault));
      const { from, to } = range;
      const names = request.query.names === undefined ? null : readList(request.query.names);
      const aggregation = request.query.aggregation ?? null;
      const replies = await answer(reply, (signal) => metrics.askAll({ names, aggregation, from, to, signal }));
      if (!replies) return reply;
      const values = new Map<string, MetricValue>();
      const unanswered: { name: string; detail: string }[] = [];
      for (const { name, reply: one } of replies) {
        if (one.status === 'answered') values.set(name, toValue(one, range));
        else if (one.status === 'failed') unanswered.push({ name, detail: describeFailure(one.error).detail });
        else if (names) return sendProblem(reply, describeRefusal(name, one));
      }
      reply.header('cache-control', 'no-store');
      const also = unanswered.length === 0 ? {} : { unanswered };
      return reply.code(200).send({ metrics: Object.fromEntries(values), ...also });
    },
  );

  app.get(
    '/api/v1/metrics/catalog',
    {
      schema: {
        summary: 'The metrics that there are',
        description:
          'Those that came by OTLP on a day (UTC) which the time from `from` to `to` touches, the last day when none is named, and all that were recorded. `attributes` are the keys for `groupBy` and `where`.',
        tags: ['telemetry'],
        querystring: CatalogQuery,
        response: { 200: MetricCatalog },
        'x-tracepost': { problems: ['RETRIEVAL_FAILURE'] },
      },
    },
    async (request, reply) => {
      const range = rangeOf(request.query, DAY_MS);
      if ('fault' in range) return sendProblem(reply, invalidParameter(range.fault));
      const items = await answer(reply, () => metrics.catalog(range.from, range.to));
      if (!items) return reply;
      reply.header('cache-control', 'no-store');
      return reply.code(200).send({ items, nextCursor: null });
    },
  );

  app.get(
    '/api/v1/metrics/:name',
    {
      schema: {
        summary: 'One metric over time',
        description:
          'Points are the beginnings of windows of `every`, counted from the epoch, with their value; without it one for the whole time. Of a window that lies partly outside the time from `from` to `to` the part within counts. Empty windows are 0 for SUM, COUNT and RATE, null for the others. `groupBy` tells series apart by attributes; without it there is one.',
        tags: ['telemetry'],
        params: Params,
        querystring: SeriesQuery,
        response: { 200: MetricSeriesAnswer },
        'x-tracepost': { problems: PROBLEMS },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const range = rangeOf(request.query, HOUR_MS);
      if ('fault' in range) return sendProblem(reply, invalidParameter(range.fault));
      const conditions = readWhere(request.query.where);
      if ('fault' in conditions) return sendProblem(reply, invalidParameter(conditions.fault));
      const groupBy = readList(request.query.groupBy);
      if (groupBy.length > MAX_GROUPS)
        return sendProblem(
          reply,
          invalidParameter({ pointer: '/groupBy', message: `has to be at most ${MAX_GROUPS} attributes` }),
        );
      const everyMs = readEvery(request.query.every);
      const aggregation = request.query.aggregation ?? null;
      const found = await answer(reply, (signal) =>
        metrics.ask({ name, ...range, everyMs, groupBy, where: conditions.where, aggregation, signal }),
      );
      if (!found) return reply;
      if (found.status === 'refused') return sendProblem(reply, describeRefusal(name, found));
      reply.header('cache-control', 'no-store');
      return reply.code(200).send({
        name,
        unit: found.unit,
        aggregation: found.aggregation,
        ...(found.accuracy === null ? {} : { accuracy: found.accuracy }),
        series: found.series.map(({ attributes, points }) => ({
          attributes,
          points: points.map(({ atMs, value }): [string, number | null] => [new Date(atMs).toISOString(), value]),
        })),
      });
    },
  );
}

function rangeOf(query: { readonly from?: string; readonly to?: string }, defaultMs: number) {
  const range = readTimeRange(query);
  if ('fault' in range) return range;
  const toMs = range.toMs ?? Date.now();
  const fromMs = range.fromMs ?? toMs - defaultMs;
  if (fromMs >= toMs) return { fault: { pointer: '/from', message: 'lies in the future' } };
  return { from: new Date(fromMs), to: new Date(toMs) };
}

function toValue(
  { aggregation, accuracy, sampleCount, series }: Extract<MetricReply, { status: 'answered' }>,
  { from, to }: { readonly from: Date; readonly to: Date },
): MetricValue {
  return {
    value: series[0]?.points[0]?.value ?? null,
    aggregation,
    sampleCount,
    timeRange: { start: from.toISOString(), end: to.toISOString() },
    ...(accuracy === null ? {} : { accuracy }),
  };
}

function describeRefusal(
  name: string,
  { kind, aggregation, possible }: Extract<MetricReply, { status: 'refused' }>,
): ProblemSpec {
  return {
    code: 'INVALID_AGGREGATION',
    detail: `"${name.slice(0, 128)}" is a ${kind} and cannot answer ${aggregation}; it can answer ${possible.join(', ')}.`,
    errors: [{ pointer: '/aggregation', message: `has to be one of ${possible.join(', ')}` }],
  };
}

function describeFailure(error: unknown): ProblemSpec {
  if (error instanceof QueryTooLargeError) return { code: 'QUESTION_TOO_LARGE', detail: error.message };
  return { code: 'RETRIEVAL_FAILURE', detail: 'The store of metrics does not answer.', retryAfterSeconds: 2 };
}
