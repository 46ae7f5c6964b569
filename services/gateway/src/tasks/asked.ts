import type { Context } from '@opentelemetry/api';
import type { ProblemSpec } from '../http/problem.ts';
import type { FoundTask } from './task-reader.ts';

/** Who asks for something to be done with a task, and in which request. */
export interface Asker {
  /** Stands in the audit trail, and in the record where the record changes. */
  readonly by: string;
  readonly traceId: string;
  readonly correlationId: string;
  /** Holds the span of the request: a new task continues its trace. */
  readonly context: Context;
}

/** What came of it: an answer, or why nothing was done. */
export type Asked<T> =
  | { readonly status: 'done'; readonly answer: T }
  | { readonly status: 'refused'; readonly problem: ProblemSpec };

export function done<T>(answer: T): Asked<T> {
  return { status: 'done', answer };
}

export function refused(problem: ProblemSpec): Asked<never> {
  return { status: 'refused', problem };
}

export function refuseMissing(found: Exclude<FoundTask, { readonly status: 'found' }>): ProblemSpec {
  if (found.status === 'unavailable')
    return recordsAway('The record store does not answer, and this gateway has not heard of the task.');
  return {
    code: 'TASK_NOT_FOUND',
    detail: 'No task with this id is known here. One that another gateway has just accepted is known in a moment.',
    retryAfterSeconds: 1,
  };
}

export function recordsAway(detail: string): ProblemSpec {
  return { code: 'RECORDS_UNAVAILABLE', detail, retryAfterSeconds: 2 };
}
