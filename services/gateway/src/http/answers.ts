import { context } from '@opentelemetry/api';
import type { Logger } from '@tracepost/telemetry';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { JsonRefusedError } from './json-body.ts';
import {
  describeProblem,
  PROBLEM_CONTENT_TYPE,
  PROBLEM_STATUS,
  type ProblemCode,
  type ProblemSpec,
} from './problem.ts';
import { pathOf } from './request-telemetry.ts';
import { reachHop, traceOf } from './request-trace.ts';
import { RequestInvalidError } from './validation.ts';

/** The little that is needed of a reply, so that replies of every route's type fit. */
export interface ProblemReply {
  readonly request: Pick<FastifyRequest, 'raw' | 'trace'>;
  readonly raw: FastifyReply['raw'];
  header(name: string, value: string): unknown;
  send(payload?: unknown): unknown;
}

/** Answers with problem details; gives the reply back, to be returned by the handler. */
export function sendProblem<R extends ProblemReply>(reply: R, spec: ProblemSpec): R {
  const trace = traceOf(reply.request);
  trace.code = spec.code;
  if (trace.hopName === null) reachHop(trace, hopOf(spec.code), 'refused');
  const problem = describeProblem(spec, { path: pathOf(reply.request.raw.url ?? ''), traceId: trace.traceId });
  reply.raw.statusCode = PROBLEM_STATUS[spec.code];
  reply.header('content-type', PROBLEM_CONTENT_TYPE);
  reply.header('cache-control', 'no-store');
  if (spec.retryAfterSeconds !== undefined) reply.header('retry-after', String(spec.retryAfterSeconds));
  reply.send(JSON.stringify(problem));
  return reply;
}

/** Where a request ends that no route took any further. */
function hopOf(code: ProblemCode): string {
  if (code === 'FOREIGN_HOST' || code === 'FOREIGN_ORIGIN') return 'auth';
  return code === 'NOT_FOUND' || code === 'METHOD_NOT_ALLOWED' ? 'route' : 'validate';
}

/** Everything that Fastify or a handler throws, told without stack, path or version; the log has the rest. */
export function createErrorHandler(
  logger: Logger,
): (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => void {
  return (error, request, reply) => {
    const spec = describeError(error, request.routeOptions.bodyLimit);
    if (spec.code === 'INTERNAL_ERROR') context.with(traceOf(request).context, logUnexpected, undefined, logger, error);
    sendProblem(reply, spec);
  };
}

function logUnexpected(logger: Logger, error: Error): void {
  logger.error(
    { layer: 'gateway', phase: 'hop', result: 'error', error },
    'A request ended in an error that nobody expected',
  );
}

/** What an aggregation may be is a question of its own, whether a kind cannot answer it or nobody knows the word. */
function describeInvalid(errors: RequestInvalidError['faults']): ProblemSpec {
  if (errors.every(({ pointer }) => pointer === '/aggregation'))
    return { code: 'INVALID_AGGREGATION', detail: 'There is no such aggregation.', errors };
  return { code: 'INVALID_REQUEST', detail: 'The request does not have the form that this route asks for.', errors };
}

function describeError(error: Error & { readonly code: string }, bodyLimit: number): ProblemSpec {
  if (error instanceof RequestInvalidError) return describeInvalid(error.faults);
  if (error instanceof JsonRefusedError)
    return { code: 'INVALID_JSON', detail: `The body cannot be taken: ${error.message}.` };
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return {
        code: 'BODY_TOO_LARGE',
        detail: `The body has at most ${Math.floor(bodyLimit / 1024)} KiB here. What is larger travels as an artifact: POST /api/v1/artifacts.`,
      };
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
    case 'gateway/media-type-refused':
      return { code: 'UNSUPPORTED_MEDIA_TYPE', detail: 'This route takes application/json in UTF-8.' };
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return { code: 'MALFORMED_HTTP', detail: 'The body is not as long as its Content-Length says.' };
    case 'FST_ERR_BAD_URL':
      return { code: 'MALFORMED_HTTP', detail: 'The path is not a valid URL path.' };
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return { code: 'INVALID_REQUEST', detail: 'A part of the path is too long.' };
    case 'ECONNRESET':
    case 'ERR_STREAM_PREMATURE_CLOSE':
      return { code: 'MALFORMED_HTTP', detail: 'The body ended before it was whole.' };
    default:
      return { code: 'INTERNAL_ERROR', detail: 'Something went wrong here. The log has it under this trace id.' };
  }
}
