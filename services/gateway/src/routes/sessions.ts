import { compareSessions } from '@tracepost/analysis';
import {
  COMPLEXITIES,
  type Complexity,
  SessionComparisonView,
  SessionListView,
  type SessionSummaryView,
  SessionView,
} from '@tracepost/contracts';
import { InvalidCursorError, type KeptSession, SessionDamagedError } from '@tracepost/stores';
import type { Logger } from '@tracepost/telemetry';
import Type from 'typebox';
import { withDeadline } from '../deadline.ts';
import { sendProblem } from '../http/answers.ts';
import { LIMITS } from '../http/limits.ts';
import { invalidParameter, type ProblemSpec } from '../http/problem.ts';
import { QueryTime, readTimeRange } from '../http/query-time.ts';
import type { GatewayServer } from '../http/server.ts';
import { fewAtOnce } from '../sessions/few-at-once.ts';
import type { SessionReader } from '../sessions/session-reader.ts';
import { toView } from '../sessions/to-view.ts';
import { Cursor, INVALID_CURSOR, PageLimit } from './page.ts';

const Word = Type.String({ minLength: 1, maxLength: 256 });
/** A transcript may call its session anything. */
const SessionId = Type.String({ minLength: 1, maxLength: 512 });

const Query = Type.Object(
  {
    provider: Type.Optional(Word),
    model: Type.Optional(Word),
    agentId: Type.Optional(Word),
    complexity: Type.Optional(Type.Enum([...COMPLEXITIES])),
    from: Type.Optional(QueryTime),
    to: Type.Optional(QueryTime),
    text: Type.Optional(Word),
    limit: Type.Optional(PageLimit),
    cursor: Type.Optional(Cursor),
  },
  { additionalProperties: false },
);

const DEFAULT_LIMIT = 50;
/** Entries of each kind in one answer: the newest; `leftOut` counts the others. */
const MOST_ENTRIES = 5_000;
const TENANT = 'default';
/** Whole sessions that are read at a time: each may take hundreds of MiB until its answer is out. */
const MOST_AT_ONCE = 2;

export interface SessionRoutesOptions {
  readonly sessions: SessionReader;
  readonly logger: Logger;
}

/** `GET /api/v1/sessions`, one of them, and two side by side: what agents did in their sessions. */
export function addSessionRoutes(app: GatewayServer, { sessions, logger }: SessionRoutesOptions): void {
  const ask = <T>(work: (store: Awaited<ReturnType<SessionReader['store']>>) => Promise<T>): Promise<T> =>
    withDeadline(
      sessions.store().then((store) => work(store)),
      LIMITS.storeTimeoutMs,
      'The store of sessions',
    );

  const whole = fewAtOnce(MOST_AT_ONCE);

  app.get(
    '/api/v1/sessions',
    {
      schema: {
        summary: 'Sessions of agents',
        description:
          'Those that began last first. Conditions are joined by and; `provider` and `model` are about one of its calls, `from` and `to` about the time in which it was under way, `text` is looked for in ids, title and messages, in either case. A page may hold fewer than were asked for and still have a next one.',
        tags: ['sessions'],
        querystring: Query,
        response: { 200: SessionListView },
        'x-tracepost': { problems: ['SESSIONS_UNAVAILABLE'] },
      },
    },
    async (request, reply) => {
      const { from, to, limit = DEFAULT_LIMIT, complexity, ...filters } = request.query;
      const range = readTimeRange({ from, to });
      if ('fault' in range) return sendProblem(reply, invalidParameter(range.fault));
      const query = {
        ...filters,
        // Its schema allows no other word.
        ...(complexity === undefined ? {} : { complexity: complexity as Complexity }),
        ...(range.fromMs === undefined ? {} : { fromMs: range.fromMs }),
        ...(range.toMs === undefined ? {} : { toMs: range.toMs }),
        tenantId: TENANT,
        limit,
      };
      try {
        const page = await ask((store) => store.list(query));
        const items = page.items.map(
          (item) => ({ ...(toView(item) as object), links: linksOf(item.sessionId) }) as SessionSummaryView,
        );
        reply.header('cache-control', 'no-store');
        return reply.code(200).send({ items, nextCursor: page.nextCursor, unreadable: page.unreadable });
      } catch (error) {
        if (error instanceof InvalidCursorError) return sendProblem(reply, INVALID_CURSOR);
        return sendProblem(reply, unavailable(logger, error));
      }
    },
  );

  app.get(
    '/api/v1/sessions/:sessionId',
    {
      schema: {
        summary: 'One session',
        description: `Everything that is known of it: messages, calls and tools (the newest ${MOST_ENTRIES} of each; \`leftOut\` counts the others), usage as reported or estimated, cost with its arithmetic, patterns, complexity with its parts, anomalies with their baseline, recommendations with their evidence.`,
        tags: ['sessions'],
        params: Type.Object({ sessionId: SessionId }),
        querystring: Type.Object({}, { additionalProperties: false }),
        response: { 200: SessionView },
        'x-tracepost': { problems: ['SESSION_DAMAGED', 'SESSION_NOT_FOUND', 'SESSIONS_UNAVAILABLE'] },
      },
    },
    async (request, reply) => {
      const { sessionId } = request.params;
      if (whole.isBusy) return sendProblem(reply, BUSY);
      try {
        const [kept, elsewhere] = await ask((store) =>
          whole.run(() => Promise.all([store.read(TENANT, sessionId), store.countedElsewhere(TENANT, sessionId)])),
        );
        if (!kept) return sendProblem(reply, notFound(sessionId));
        reply.header('cache-control', 'no-store');
        return reply.code(200).send(viewOf(kept, elsewhere));
      } catch (error) {
        return sendProblem(reply, unavailable(logger, error));
      }
    },
  );

  app.get(
    '/api/v1/sessions/:sessionId/compare/:otherId',
    {
      schema: {
        summary: 'Two sessions side by side',
        description:
          'Where two runs of one task part, a failed and a successful one above all: the first step that differs, with both sides, and their figures beside each other.',
        tags: ['sessions'],
        params: Type.Object({ sessionId: SessionId, otherId: SessionId }),
        querystring: Type.Object({}, { additionalProperties: false }),
        response: { 200: SessionComparisonView },
        'x-tracepost': { problems: ['SESSION_DAMAGED', 'SESSION_NOT_FOUND', 'SESSIONS_UNAVAILABLE'] },
      },
    },
    async (request, reply) => {
      const { sessionId, otherId } = request.params;
      if (whole.isBusy) return sendProblem(reply, BUSY);
      try {
        const [one, other] = await ask((store) =>
          whole.run(async () => [await store.read(TENANT, sessionId), await store.read(TENANT, otherId)] as const),
        );
        if (!one) return sendProblem(reply, notFound(sessionId));
        if (!other) return sendProblem(reply, notFound(otherId));
        reply.header('cache-control', 'no-store');
        return reply.code(200).send(toView(compareSessions(one, other)) as SessionComparisonView);
      } catch (error) {
        return sendProblem(reply, unavailable(logger, error));
      }
    },
  );
}

function viewOf(
  { document, analysis, previousCosts, version, takenAtMs, changedAtMs }: KeptSession,
  countedElsewhere: readonly { readonly callId: string; readonly sessionId: string }[],
): SessionView {
  const { sessionId, format, agentId, parentSessionId, title, outcome, facts } = document;
  const { messages, calls, tools: toolCalls } = document;
  const { sequencesLeftOut: sequences, tools, ...figures } = analysis;
  const newest = <T>(entries: readonly T[]): readonly T[] => entries.slice(-MOST_ENTRIES);
  const leftOut = (entries: readonly unknown[]): number => Math.max(0, entries.length - MOST_ENTRIES);
  const view = toView({
    ...figures,
    ...{ sessionId, format, agentId, parentSessionId, title, outcome, facts, tools },
    // What only serves to unite documents is left out.
    messages: newest(messages).map(({ parts: _parts, cutsOff: _cutsOff, ...shown }) => shown),
    calls: newest(calls).map(({ askedBy: _askedBy, ...shown }) => shown),
    costs: newest(analysis.costs),
    toolCalls: newest(toolCalls),
    leftOut: { messages: leftOut(messages), calls: leftOut(calls), toolCalls: leftOut(toolCalls), sequences },
    previousCosts,
    countedElsewhere,
    version,
    takenAtMs,
    changedAtMs,
  });
  return { ...(view as Omit<SessionView, 'links'>), links: linksOf(document.sessionId) };
}

function linksOf(sessionId: string): { session: string } {
  return { session: `/api/v1/sessions/${encodeURIComponent(sessionId)}` };
}

const BUSY: ProblemSpec = {
  code: 'SESSIONS_UNAVAILABLE',
  detail: `${MOST_AT_ONCE} whole sessions are being read; ask again in a moment.`,
  retryAfterSeconds: 1,
};

function notFound(sessionId: string): ProblemSpec {
  return { code: 'SESSION_NOT_FOUND', detail: `There is no session "${sessionId.slice(0, 128)}".` };
}

export function unavailable(logger: Logger, error: unknown): ProblemSpec {
  if (error instanceof SessionDamagedError) {
    logger.error({ layer: 'store', result: 'error', sessionId: error.sessionId, error }, 'A session is damaged');
    return { code: 'SESSION_DAMAGED', detail: howToMend(error) };
  }
  logger.warn({ layer: 'store', result: 'error', error }, 'The store of sessions does not answer');
  const detail = 'The store of sessions does not answer in time. Try again, or name a shorter time.';
  return { code: 'SESSIONS_UNAVAILABLE', detail, retryAfterSeconds: 2 };
}

function howToMend({ sessionId, document }: SessionDamagedError): string {
  const name = `"${sessionId.slice(0, 128)}"`;
  return document === null
    ? `What is kept of the session ${name} is damaged and cannot be read. Import its transcript again (tracepost import <file>, or POST /api/v1/sessions/import): it then stands in its place.`
    : `The analysis of the session ${name} is damaged; the session itself is not. Recompute it (tracepost recompute), or import its transcript again.`;
}
