import { Readable } from 'node:stream';
import {
  AgentId,
  CorrelationId,
  NotificationType,
  TASK_STATUSES,
  TaskRecord,
  type TaskStatus,
  Token,
  TraceId,
} from '@tracepost/contracts';
import { InvalidCursorError } from '@tracepost/stores';
import type { Logger } from '@tracepost/telemetry';
import Type from 'typebox';
import { sendProblem } from '../http/answers.ts';
import { LIMITS } from '../http/limits.ts';
import { type FieldFault, invalidParameter } from '../http/problem.ts';
import { readWords } from '../http/query-list.ts';
import { QueryTime, readTimeRange } from '../http/query-time.ts';
import { reachHop, traceOf } from '../http/request-trace.ts';
import type { GatewayServer } from '../http/server.ts';
import { TASK_EXAMPLE } from '../openapi/examples.ts';
import { EXPORT_PAGE, EXPORT_TYPES, exportTasks, readExportFormat } from '../tasks/task-export.ts';
import type { TaskFilter } from '../tasks/task-filter.ts';
import type { TaskPage, TaskPages } from '../tasks/task-pages.ts';
import { Cursor, INVALID_CURSOR, NextCursor } from './page.ts';

const Query = Type.Object(
  {
    agentId: Type.Optional(AgentId),
    status: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 128,
        description: `One or more of ${TASK_STATUSES.join(', ')}, separated by commas`,
        examples: ['failed,timed_out,dead'],
      }),
    ),
    notificationType: Type.Optional(NotificationType),
    source: Type.Optional(Token),
    sessionId: Type.Optional(Token),
    correlationId: Type.Optional(CorrelationId),
    traceId: Type.Optional(TraceId),
    parentTaskId: Type.Optional(Token),
    text: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 256,
        description: 'Looked for anywhere in error, result and ids, in either case',
      }),
    ),
    from: Type.Optional(QueryTime),
    to: Type.Optional(QueryTime),
    sort: Type.Optional(
      Type.Union([Type.Literal('newest'), Type.Literal('oldest')], { description: 'By `acceptedAt`; newest first' }),
    ),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 10_000_000,
        description: 'Tasks of a page, at most 1,000; 50 when not given. Of an export: of all pages together',
      }),
    ),
    cursor: Type.Optional(Cursor),
  },
  { additionalProperties: false },
);
type Query = Type.Static<typeof Query>;

const TaskList = Type.Object({
  items: Type.Array(TaskRecord),
  nextCursor: NextCursor,
});

const DEFAULT_LIMIT = 50;
const MOST_LIMIT = 1_000;

export interface TaskListRouteOptions {
  readonly pages: TaskPages;
  readonly logger: Logger;
}

/** `GET /api/v1/tasks`: a page of the tasks that match, or all of them as newline-delimited JSON or CSV. */
export function addTaskListRoute(app: GatewayServer, { pages, logger }: TaskListRouteOptions): void {
  let exporting = 0;

  app.get(
    '/api/v1/tasks',
    {
      schema: {
        summary: 'Tasks',
        description:
          'Conditions are joined by and; times are those of `acceptedAt`, `from` included, `to` not. A task is listed at once after its 202. With `Accept: application/x-ndjson` or `text/csv` everything that matches is streamed, `limit` being the total.',
        tags: ['tasks'],
        querystring: Query,
        response: { 200: TaskList },
        'x-tracepost': {
          problems: ['RECORDS_UNAVAILABLE', 'TOO_MANY_STREAMS'],
          requestHeaders: ['Accept'],
          answerHeaders: ['Content-Disposition'],
          answerExample: { items: [TASK_EXAMPLE], nextCursor: null },
          otherAnswers: {
            [EXPORT_TYPES.ndjson]: 'One task a line, as above',
            [EXPORT_TYPES.csv]: 'RFC 4180 with a head; without results and single attempts',
          },
        },
      },
    },
    async (request, reply) => {
      const { limit, cursor, ...conditions } = request.query;
      const read = readFilter(conditions);
      if ('fault' in read) return sendProblem(reply, invalidParameter(read.fault));
      const { filter } = read;
      const format = readExportFormat(request.raw.headers.accept);
      if (format === null && limit !== undefined && limit > MOST_LIMIT)
        return sendProblem(
          reply,
          invalidParameter({ pointer: '/limit', message: `has to be at most ${MOST_LIMIT}, unless it is an export` }),
        );
      if (format !== null && exporting >= LIMITS.exports)
        return sendProblem(reply, {
          code: 'TOO_MANY_STREAMS',
          detail: `${LIMITS.exports} exports are under way, which is the most of a gateway.`,
          retryAfterSeconds: 5,
        });

      let first: TaskPage;
      try {
        const pageLimit = format === null ? (limit ?? DEFAULT_LIMIT) : Math.min(EXPORT_PAGE, limit ?? EXPORT_PAGE);
        first = await pages.read({ filter, limit: pageLimit, cursor });
      } catch (error) {
        if (error instanceof InvalidCursorError) return sendProblem(reply, INVALID_CURSOR);
        logger.warn({ layer: 'store', result: 'error', error }, 'The record store does not answer');
        return sendProblem(reply, {
          code: 'RECORDS_UNAVAILABLE',
          detail: 'The record store does not answer, and a list without what it knows would be wrong.',
          retryAfterSeconds: 2,
        });
      }
      reply.header('cache-control', 'no-store');
      if (format === null) return reply.code(200).send(first);

      reachHop(traceOf(request), 'export', format);
      reply.header('content-type', `${EXPORT_TYPES[format]}; charset=utf-8`);
      reply.header('content-disposition', `attachment; filename="tasks.${format}"`);
      reply.header('x-content-type-options', 'nosniff');
      exporting++;
      // It is read as fast as the client takes it, and ended when the client goes; a store that fails in between breaks it off.
      const body = Readable.from(exportTasks({ pages, filter, format, limit, first }), {
        objectMode: false,
        highWaterMark: 64 * 1024,
      });
      body.once('close', () => exporting--);
      body.once('error', (error) =>
        logger.warn({ layer: 'store', result: 'error', error }, 'An export was broken off: the store does not answer'),
      );
      // The reply's type knows the page only.
      return reply.code(200).send(body as never);
    },
  );
}

function readFilter(
  query: Omit<Query, 'limit' | 'cursor'>,
): { readonly filter: TaskFilter } | { readonly fault: FieldFault } {
  const { status, from, to, ...rest } = query;
  const range = readTimeRange({ from, to });
  if ('fault' in range) return range;
  const statuses = status === undefined ? null : readWords<TaskStatus>(status, TASK_STATUSES);
  if (statuses && 'fault' in statuses) return { fault: { pointer: '/status', message: statuses.fault } };
  return {
    filter: {
      ...rest,
      ...(statuses ? { status: statuses.words } : {}),
      ...(range.fromMs === undefined ? {} : { from: new Date(range.fromMs).toISOString() }),
      ...(range.toMs === undefined ? {} : { to: new Date(range.toMs).toISOString() }),
    },
  };
}
