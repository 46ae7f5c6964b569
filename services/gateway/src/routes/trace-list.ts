import { AgentId, Token, TRACE_STATUSES, TraceId, type TraceStatus, TraceSummary } from '@tracepost/contracts';
import { InvalidCursorError, type TraceAttribute, type TraceSummaryStore } from '@tracepost/stores';
import type { Logger } from '@tracepost/telemetry';
import Type from 'typebox';
import { withDeadline } from '../deadline.ts';
import { sendProblem } from '../http/answers.ts';
import { LIMITS } from '../http/limits.ts';
import { invalidParameter } from '../http/problem.ts';
import { QueryTime, readTimeRange } from '../http/query-time.ts';
import type { GatewayServer } from '../http/server.ts';
import { TRACE_SUMMARY_EXAMPLE } from '../openapi/examples.ts';
import { Cursor, INVALID_CURSOR, NextCursor, PageLimit } from './page.ts';

const Duration = Type.Integer({ minimum: 0, maximum: 10_000_000_000 });

const Query = Type.Object(
  {
    service: Type.Optional(Type.String({ minLength: 1, maxLength: 256, description: 'One of its services' })),
    agentId: Type.Optional(AgentId),
    taskId: Type.Optional(Token),
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 1_024, description: 'The name of one of its spans' })),
    status: Type.Optional(
      Type.Unsafe<TraceStatus>(
        Type.Union(
          TRACE_STATUSES.map((status) => Type.Literal(status)),
          { description: '`error`: one of its spans failed' },
        ),
      ),
    ),
    minDurationMs: Type.Optional(Duration),
    maxDurationMs: Type.Optional(Duration),
    attribute: Type.Optional(
      Type.Array(
        Type.String({
          pattern: '^[^:]{1,256}:[\\s\\S]{0,4096}$',
          description: 'name:value',
          examples: ['http.route:/buy'],
        }),
        {
          minItems: 1,
          maxItems: 10,
          description:
            '`name:value`, exactly, of a span, one of its events or its resource; numbers and booleans as they are written. Several are joined by and, and may stand on different spans of the trace',
        },
      ),
    ),
    from: Type.Optional(QueryTime),
    to: Type.Optional(QueryTime),
    limit: Type.Optional(PageLimit),
    cursor: Type.Optional(Cursor),
  },
  { additionalProperties: false },
);

const ListedTrace = Type.Object({
  ...TraceSummary.properties,
  traceId: TraceId,
  links: Type.Object({ trace: Type.String() }),
});
const TraceList = Type.Object({ items: Type.Array(ListedTrace), nextCursor: NextCursor });

const DEFAULT_LIMIT = 50;

export interface TraceListRouteOptions {
  readonly summaries: Pick<TraceSummaryStore, 'list'>;
  readonly logger: Logger;
}

/** `GET /api/v1/traces`: traces by what their spans say, newest first, of our tasks and of any other program. */
export function addTraceListRoute(app: GatewayServer, { summaries, logger }: TraceListRouteOptions): void {
  app.get(
    '/api/v1/traces',
    {
      schema: {
        summary: 'Traces',
        description:
          'By what their spans say, those that began last first. Conditions are joined by and, each over the whole trace; `from` and `to` are about when it began. So many traces are looked through for a page: one that holds fewer than were asked for, even none, may still have a next one. A summary has limits: `truncated` names the lists that had to leave something out, and what was left out is not found. `attribute` may be given several times.',
        tags: ['telemetry'],
        querystring: Query,
        response: { 200: TraceList },
        'x-tracepost': {
          problems: ['TRACES_UNAVAILABLE'],
          answerExample: {
            items: [{ ...TRACE_SUMMARY_EXAMPLE, links: linksOf(TRACE_SUMMARY_EXAMPLE.traceId) }],
            nextCursor: null,
          },
        },
      },
    },
    async (request, reply) => {
      const { from, to, attribute = [], limit = DEFAULT_LIMIT, ...filters } = request.query;
      const range = readTimeRange({ from, to });
      if ('fault' in range) return sendProblem(reply, invalidParameter(range.fault));
      const { minDurationMs = 0, maxDurationMs = Number.POSITIVE_INFINITY } = filters;
      if (minDurationMs > maxDurationMs)
        return sendProblem(
          reply,
          invalidParameter({ pointer: '/minDurationMs', message: 'has to be at most "maxDurationMs"' }),
        );
      const query = {
        ...filters,
        attributes: attribute.map(readAttribute),
        ...(range.fromMs === undefined ? {} : { from: new Date(range.fromMs).toISOString() }),
        ...(range.toMs === undefined ? {} : { to: new Date(range.toMs).toISOString() }),
        limit,
      };
      try {
        const page = await withDeadline(summaries.list(query), LIMITS.storeTimeoutMs, 'The store of trace summaries');
        const items = page.items.map((summary) => ({ ...summary, links: linksOf(summary.traceId) }));
        reply.header('cache-control', 'no-store');
        return reply.code(200).send({ items, nextCursor: page.nextCursor });
      } catch (error) {
        if (error instanceof InvalidCursorError) return sendProblem(reply, INVALID_CURSOR);
        logger.warn({ layer: 'store', result: 'error', error }, 'The store of trace summaries does not answer');
        return sendProblem(reply, {
          code: 'TRACES_UNAVAILABLE',
          detail:
            'The store that traces are searched in does not answer in time. Try again, or name a shorter time by "from" and "to".',
          retryAfterSeconds: 2,
        });
      }
    },
  );
}

/** The first colon ends the name; the value may hold more of them. */
function readAttribute(text: string): TraceAttribute {
  const colon = text.indexOf(':');
  return { key: text.slice(0, colon), value: text.slice(colon + 1) };
}

function linksOf(traceId: string): { trace: string } {
  return { trace: `/api/v1/traces/${traceId}` };
}
