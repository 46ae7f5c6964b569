import { ANALYSIS_QUESTIONS, AnalysisView, LiveAnalysisView } from '@tracepost/contracts';
import { QueryTooLargeError } from '@tracepost/stores';
import type { Logger } from '@tracepost/telemetry';
import { withDeadline } from '../deadline.ts';
import { sendProblem } from '../http/answers.ts';
import { invalidParameter } from '../http/problem.ts';
import type { GatewayServer } from '../http/server.ts';
import { answerAnalysis, answerLive, type Counted } from '../sessions/answer-analysis.ts';
import { fewAtOnce } from '../sessions/few-at-once.ts';
import { Forks } from '../sessions/forks.ts';
import type { SessionReader, SessionReads } from '../sessions/session-reader.ts';
import { toView } from '../sessions/to-view.ts';
import { filtersOf, readSessionWindow, SessionFilters, SessionWindow, WINDOW_WORDS } from '../sessions/window-asked.ts';
import { unavailable } from './sessions.ts';

/** Ten thousand sessions are read for one answer at most. */
const ANSWER_WITHIN_MS = 20_000;
const MOST_AT_ONCE = 2;

const SUMMARIES: Readonly<Record<(typeof ANALYSIS_QUESTIONS)[number], string>> = {
  tools: 'What tools were used for, and how they did',
  sequences: 'Which tools follow each other',
  patterns: 'What went wrong, and how agents went about it',
  anomalies: 'What was out of the ordinary',
  recommendations: 'What could be done better, with its evidence',
  times: 'How long it took, how sparingly, how full the context was, how complex it was',
  costs: 'What models took and cost',
  forecast: 'What comes next, with how wrong such forecasts were',
};

export interface AnalysisRoutesOptions {
  readonly sessions: SessionReader;
  readonly logger: Logger;
}

/** `GET /api/v1/analysis/…`: questions about many sessions. */
export function addAnalysisRoutes(app: GatewayServer, { sessions, logger }: AnalysisRoutesOptions): void {
  const many = fewAtOnce(MOST_AT_ONCE);
  const forks = new Forks();
  const ask = <T>(work: (store: SessionReads) => Promise<T>): Promise<T> =>
    withDeadline(
      many.run(async () => work(await sessions.store())),
      ANSWER_WITHIN_MS,
      'The store of sessions',
    );
  const BUSY = {
    code: 'SESSIONS_UNAVAILABLE',
    detail: `${MOST_AT_ONCE} questions about many sessions are being answered; ask again in a moment.`,
    retryAfterSeconds: 2,
  } as const;

  for (const question of ANALYSIS_QUESTIONS) {
    app.get(
      `/api/v1/analysis/${question}`,
      {
        schema: {
          summary: SUMMARIES[question],
          description: `${WINDOW_WORDS} At most ten thousand sessions are looked at, the newest; \`isCut\` says that there were more, \`unreadable\` how many were left out because they are damaged, \`unreadableSessions\` names some of them; \`forksLeftOut\` counts forks that there was no time to read: ask again, and more of them are in it.`,
          tags: ['sessions'],
          querystring: SessionWindow,
          response: { 200: AnalysisView },
          'x-tracepost': { problems: ['QUESTION_TOO_LARGE', 'SESSIONS_UNAVAILABLE'] },
        },
      },
      async (request, reply) => {
        const asked = readSessionWindow(request.query, Date.now());
        if ('fault' in asked) return sendProblem(reply, invalidParameter(asked.fault));
        if (many.isBusy) return sendProblem(reply, BUSY);
        try {
          const { answer, ...counted } = await ask((store) => answerAnalysis(store, { question, asked, forks }));
          const { window, fromMs, toMs } = asked;
          const timeRange = { start: new Date(fromMs).toISOString(), end: new Date(toMs).toISOString() };
          reply.header('cache-control', 'no-store');
          return reply.code(200).send({ window, timeRange, ...(toView(answer) as object), ...counted });
        } catch (error) {
          if (error instanceof QueryTooLargeError) {
            const detail = 'The answer would have too many groups: ask for less time, or name an agent or a model.';
            return sendProblem(reply, { code: 'QUESTION_TOO_LARGE', detail });
          }
          return sendProblem(reply, unavailable(logger, error));
        }
      },
    );
  }

  app.get(
    '/api/v1/analysis/live',
    {
      schema: {
        summary: 'How it goes now',
        description:
          'The last five minutes in numbers, trends of the last seven days with their uncertainty, and what was found within the last day.',
        tags: ['sessions'],
        querystring: SessionFilters,
        response: { 200: LiveAnalysisView },
        'x-tracepost': { problems: ['INVALID_REQUEST', 'SESSIONS_UNAVAILABLE'] },
      },
    },
    async (request, reply) => {
      if (many.isBusy) return sendProblem(reply, BUSY);
      try {
        const { answer, ...counted }: Counted & { readonly answer: object } = await ask((store) =>
          answerLive(store, { nowMs: Date.now(), filters: filtersOf(request.query), forks }),
        );
        reply.header('cache-control', 'no-store');
        return reply.code(200).send({ ...(toView(answer) as object), ...counted } as LiveAnalysisView);
      } catch (error) {
        return sendProblem(reply, unavailable(logger, error));
      }
    },
  );
}
