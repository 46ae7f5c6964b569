import { AgentId, LOG_LEVELS, type LogLevel, LogView, Token, TraceId } from '@tracepost/contracts';
import { InvalidCursorError, type LogStore } from '@tracepost/stores';
import type { Logger } from '@tracepost/telemetry';
import Type from 'typebox';
import { withDeadline } from '../deadline.ts';
import { sendProblem } from '../http/answers.ts';
import { LIMITS } from '../http/limits.ts';
import { invalidParameter } from '../http/problem.ts';
import { QueryTime, readTimeRange } from '../http/query-time.ts';
import type { GatewayServer } from '../http/server.ts';
import { readLogPage } from '../logs/log-pages.ts';
import { Cursor, INVALID_CURSOR, NextCursor, PageLimit } from './page.ts';

const Query = Type.Object(
  {
    traceId: Type.Optional(TraceId),
    taskId: Type.Optional(Token),
    agentId: Type.Optional(AgentId),
    service: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    level: Type.Optional(Type.Unsafe<LogLevel>(Type.Union(LOG_LEVELS.map((level) => Type.Literal(level))))),
    text: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
    from: Type.Optional(QueryTime),
    to: Type.Optional(QueryTime),
    limit: Type.Optional(PageLimit),
    cursor: Type.Optional(Cursor),
  },
  { additionalProperties: false },
);

const LogList = Type.Object({ items: Type.Array(LogView), nextCursor: NextCursor });

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
        description:
          'Of a trace or a task oldest first, within the last 14 days; otherwise the newest first, of the last day; `from` and `to` name another window. `level` means this level and above; `text` is looked for in the message, in either case. 200 lines a page when no `limit` is given.',
        tags: ['telemetry'],
        querystring: Query,
        response: { 200: LogList },
        'x-tracepost': { problems: ['LOGS_UNAVAILABLE'] },
      },
    },
    async (request, reply) => {
      const { from, to, limit = DEFAULT_LIMIT, cursor, ...filters } = request.query;
      const isNarrow = filters.traceId !== undefined || filters.taskId !== undefined;
      const range = readTimeRange({ from, to });
      if ('fault' in range) return sendProblem(reply, invalidParameter(range.fault));
      const toMs = range.toMs ?? Date.now() + 1_000;
      const fromMs = range.fromMs ?? toMs - (isNarrow ? KEPT_DAYS : 1) * DAY_MS;
      if (fromMs >= toMs)
        return sendProblem(reply, invalidParameter({ pointer: '/from', message: 'lies in the future' }));
      try {
        const page = await withDeadline(
          readLogPage((query) => logs.queryLogs(query), { ...filters, fromMs, toMs, limit, cursor }),
          LIMITS.storeTimeoutMs,
          'The log store',
        );
        reply.header('cache-control', 'no-store');
        return reply.code(200).send(page);
      } catch (error) {
        if (error instanceof InvalidCursorError) return sendProblem(reply, INVALID_CURSOR);
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
