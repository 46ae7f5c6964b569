import type { ProblemCode } from '../http/problem.ts';
import type { AnswerHeaderName, RequestHeaderName } from './headers.ts';

/** What a route tells of itself for the OpenAPI document, besides the schemas that check its requests. */
export interface RouteFacts {
  /** Refusals of its own; those that every route may answer with are added. */
  readonly problems?: readonly ProblemCode[];
  /** Further ones than those that every request may have. */
  readonly requestHeaders?: readonly RequestHeaderName[];
  /** Further ones than those that every answer has. */
  readonly answerHeaders?: readonly AnswerHeaderName[];
  /** A body that no schema checks: its description and media types. */
  readonly rawBody?: { readonly description: string; readonly mediaTypes: readonly string[] };
  /** Bodies that are taken, by what they show. */
  readonly bodyExamples?: Readonly<Record<string, unknown>>;
  /** A whole answer. */
  readonly answerExample?: unknown;
  /** Further forms of the answer, by media type. */
  readonly otherAnswers?: Readonly<Record<string, string>>;
}

declare module 'fastify' {
  interface FastifySchema {
    'x-tracepost'?: RouteFacts;
  }
}
