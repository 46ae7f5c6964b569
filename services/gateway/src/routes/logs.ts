import { IsoTime, LOG_LEVELS, type LogLevel, LogView, Token, TraceId } from '@tracepost/contracts';
import type { LogStore } from '@tracepost/stores';
import type { Logger } from '@tracepost/telemetry';
import Type from 'typebox';
import { withDeadline } from '../deadline.ts';
import { sendProblem } from '../http/answers.ts';
import { LIMITS } from '../http/limits.ts';
import type { GatewayServer } from '../http/server.ts';
import { problemAnswers } from './schemas.ts';

const Query = Type.Object(
  {
    traceId: Type.Optional(TraceId),
    taskId: Type.Optional(Token),
    service: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    level: Type.Optional(Type.Unsafe<LogLevel>(Type.Union(LOG_LEVELS.map((level) => Type.Literal(level))))),
    text: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
    from: Type.Optional(IsoTime),
    to: Type.Optional(IsoTime),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
  },
  { additionalProperties: false },
);

const LogList = Type.Object({ items: Type.Array(LogView), nextCursor: Type.Null() });

const DEFAULT_LIMIT = 200;
const DAY_MS = 86_400_000;
/** As long as logs are kept: a trace is asked for without knowing when it was. */
const KEPT_DAYS = 14;

/** `GET /api/v1/logs`: of one trace or task oldest first, else the newest first; the last day when no time is named. */
export function addLogRoute(
  app: GatewayServer,
  { logs, logger }: { readonly logs: LogStore; readonly logger: Logger },
): void {
  app.get(
    '/api/v1/logs',
    {
      schema: {
        summary: 'Log lines',
        description: '`level` means this level and above; `text` is looked for in the message, in any case.',
        tags: ['telemetry'],
        querystring: Query,
        response: { 200: LogList, ...problemAnswers },
      },
    },
    async (request, reply) => {
      const { from, to, limit = DEFAULT_LIMIT, ...filters } = request.query;
      const isNarrow = filters.traceId !== undefined || filters.taskId !== undefined;
      const until = to === undefined ? new Date(Date.now() + 1_000) : new Date(to);
      const since =
        from === undefined ? new Date(until.getTime() - (isNarrow ? KEPT_DAYS : 1) * DAY_MS) : new Date(from);
      if (!(since.getTime() < until.getTime()))
        return sendProblem(reply, {
          code: 'INVALID_REQUEST',
          detail: 'The time range is empty or its times do not exist.',
          errors: [{ pointer: '/from', message: 'has to be before "to"' }],
        });
      try {
        const query = { ...filters, from: since, to: until, limit };
        const items = await withDeadline(logs.queryLogs(query), LIMITS.storeTimeoutMs, 'The log store');
        reply.header('cache-control', 'no-store');
        return reply.code(200).send({ items, nextCursor: null });
      } catch (error) {
        logger.warn({ layer: 'store', result: 'error', error }, 'The log store does not answer');
        return sendProblem(reply, {
          code: 'LOGS_UNAVAILABLE',
          detail: 'The log store does not answer.',
          retryAfterSeconds: 2,
        });
      }
    },
  );
}
