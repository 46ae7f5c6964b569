import { InvalidCursorError } from '@tracepost/stores';
import type { Logger } from '@tracepost/telemetry';
import { withDeadline } from '../deadline.ts';
import { type ProblemReply, sendProblem } from '../http/answers.ts';
import { LIMITS } from '../http/limits.ts';
import { invalidParameter, type ProblemCode } from '../http/problem.ts';
import { readTimeRange } from '../http/query-time.ts';
import { INVALID_CURSOR } from './page.ts';

interface PageQuestion<Page> {
  /** For a person, at the beginning of a sentence: "The audit trail". */
  readonly what: string;
  /** What it is called when it cannot be read. */
  readonly code: ProblemCode;
  readonly logger: Logger;
  /** `times` in ISO 8601, those that were asked for. */
  readonly ask: (times: { readonly from?: string; readonly to?: string }) => Promise<Page>;
}

/** Answers with a page of a store's list between two times; gives the reply back, to be returned by the handler. */
export async function answerPage<R extends ProblemReply, Page>(
  reply: R,
  query: { readonly from?: string | undefined; readonly to?: string | undefined },
  { what, code, logger, ask }: PageQuestion<Page>,
): Promise<R> {
  const range = readTimeRange(query);
  if ('fault' in range) return sendProblem(reply, invalidParameter(range.fault));
  const { fromMs, toMs } = range;
  const times = {
    ...(fromMs === undefined ? {} : { from: new Date(fromMs).toISOString() }),
    ...(toMs === undefined ? {} : { to: new Date(toMs).toISOString() }),
  };
  try {
    const page = await withDeadline(ask(times), LIMITS.storeTimeoutMs, what);
    reply.header('cache-control', 'no-store');
    reply.send(page);
    return reply;
  } catch (error) {
    if (error instanceof InvalidCursorError) return sendProblem(reply, INVALID_CURSOR);
    logger.warn({ layer: 'store', result: 'error', error }, `${what} cannot be read`);
    return sendProblem(reply, { code, detail: `${what} cannot be read now.`, retryAfterSeconds: 2 });
  }
}
