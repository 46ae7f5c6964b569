import { AUDIT_ACTIONS, type AuditAction, AuditList, Token } from '@tracepost/contracts';
import { type AuditStore, InvalidCursorError } from '@tracepost/stores';
import type { Logger } from '@tracepost/telemetry';
import Type from 'typebox';
import { withDeadline } from '../deadline.ts';
import { sendProblem } from '../http/answers.ts';
import { LIMITS } from '../http/limits.ts';
import { invalidParameter } from '../http/problem.ts';
import { QueryTime, readTimeRange } from '../http/query-time.ts';
import type { GatewayServer } from '../http/server.ts';
import { Cursor, INVALID_CURSOR, PageLimit } from './page.ts';

const Query = Type.Object(
  {
    taskId: Type.Optional(Token),
    action: Type.Optional(Type.Unsafe<AuditAction>(Type.Union(AUDIT_ACTIONS.map((action) => Type.Literal(action))))),
    from: Type.Optional(QueryTime),
    to: Type.Optional(QueryTime),
    limit: Type.Optional(PageLimit),
    cursor: Type.Optional(Cursor),
  },
  { additionalProperties: false },
);

const DEFAULT_LIMIT = 100;

/** `GET /api/v1/audit`: who cancelled, retried, re-queued or deleted, newest first. */
export function addAuditRoute(
  app: GatewayServer,
  { audit, logger }: { readonly audit: Pick<AuditStore, 'list'>; readonly logger: Logger },
): void {
  app.get(
    '/api/v1/audit',
    {
      schema: {
        summary: 'Who did what to which task',
        description: 'Also what changed nothing, since somebody meant it; not what was refused. Kept for 90 days.',
        tags: ['tasks'],
        querystring: Query,
        response: { 200: AuditList },
        'x-tracepost': { problems: ['RECORDS_UNAVAILABLE'] },
      },
    },
    async (request, reply) => {
      const { from, to, limit = DEFAULT_LIMIT, ...filters } = request.query;
      const range = readTimeRange({ from, to });
      if ('fault' in range) return sendProblem(reply, invalidParameter(range.fault));
      const { fromMs, toMs } = range;
      const times = {
        ...(fromMs === undefined ? {} : { from: new Date(fromMs).toISOString() }),
        ...(toMs === undefined ? {} : { to: new Date(toMs).toISOString() }),
      };
      try {
        const page = audit.list({ ...filters, ...times, limit });
        reply.header('cache-control', 'no-store');
        return reply.code(200).send(await withDeadline(page, LIMITS.storeTimeoutMs, 'The audit trail'));
      } catch (error) {
        if (error instanceof InvalidCursorError) return sendProblem(reply, INVALID_CURSOR);
        logger.warn({ layer: 'store', result: 'error', error }, 'The audit trail cannot be read');
        const detail = 'The audit trail cannot be read now.';
        return sendProblem(reply, { code: 'RECORDS_UNAVAILABLE', detail, retryAfterSeconds: 2 });
      }
    },
  );
}
