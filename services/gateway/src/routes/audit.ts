import { AUDIT_ACTIONS, type AuditAction, AuditList, Token } from '@tracepost/contracts';
import type { AuditStore } from '@tracepost/stores';
import type { Logger } from '@tracepost/telemetry';
import Type from 'typebox';
import { QueryTime } from '../http/query-time.ts';
import type { GatewayServer } from '../http/server.ts';
import { answerPage } from './answer-page.ts';
import { Cursor, PageLimit } from './page.ts';

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
      return answerPage(
        reply,
        { from, to },
        {
          what: 'The audit trail',
          code: 'RECORDS_UNAVAILABLE',
          logger,
          ask: (times) => audit.list({ ...filters, ...times, limit }),
        },
      );
    },
  );
}
