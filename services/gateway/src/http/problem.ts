import { STATUS_CODES } from 'node:http';
import type { Problem } from '@tracepost/contracts';

/** Every public code with its status: the one list, which the documentation is checked against. */
export const PROBLEM_STATUS = {
  AGENT_NOT_FOUND: 404,
  ARTIFACT_NOT_FOUND: 404,
  ARTIFACTS_UNAVAILABLE: 503,
  BODY_TOO_LARGE: 413,
  BROKER_UNREACHABLE: 503,
  CONFIRM_MISSING: 503,
  DEAD_LETTER_NOT_FOUND: 404,
  EXPECTATION_FAILED: 417,
  FIELD_NOT_SUPPORTED: 400,
  FOREIGN_HOST: 403,
  FOREIGN_ORIGIN: 403,
  HEADERS_TOO_LARGE: 431,
  IDEMPOTENCY_KEY_REUSED: 422,
  IMPORT_FAILED: 422,
  INTERNAL_ERROR: 500,
  INVALID_AGGREGATION: 400,
  INVALID_EVENT: 400,
  INVALID_JSON: 400,
  INVALID_PAYLOAD: 400,
  INVALID_REQUEST: 400,
  KEYS_FULL: 503,
  KEYS_UNAVAILABLE: 503,
  LOGS_UNAVAILABLE: 503,
  LOOP_DETECTED: 429,
  MALFORMED_HTTP: 400,
  MESSAGE_UNREADABLE: 409,
  METHOD_NOT_ALLOWED: 405,
  NOT_FOUND: 404,
  PAYLOAD_FORGOTTEN: 410,
  OUTBOX_FULL: 503,
  OUTBOX_UNAVAILABLE: 503,
  QUESTION_TOO_LARGE: 422,
  QUEUE_FULL: 503,
  QUEUE_MISSING: 503,
  QUEUE_NOT_FOUND: 404,
  RECORDS_UNAVAILABLE: 503,
  REQUEST_TIMEOUT: 408,
  RETRIEVAL_FAILURE: 503,
  RETRIED_TOO_OFTEN: 409,
  SESSION_DAMAGED: 500,
  SESSION_NOT_FOUND: 404,
  SESSIONS_UNAVAILABLE: 503,
  STOPPING: 503,
  STORAGE_FAILURE: 503,
  TASK_NOT_ENDED: 409,
  TASK_NOT_FOUND: 404,
  TOO_MANY_IMPORTS: 503,
  TOO_MANY_WAITING: 503,
  TOO_MANY_STREAMS: 503,
  TRACE_NOT_FOUND: 404,
  TRACES_UNAVAILABLE: 503,
  UNKNOWN_FORMAT: 422,
  UNKNOWN_NOTIFICATION_TYPE: 400,
  UNSUPPORTED_MEDIA_TYPE: 415,
} as const;

export type ProblemCode = keyof typeof PROBLEM_STATUS;

export const PROBLEM_CONTENT_TYPE = 'application/problem+json';

export interface FieldFault {
  /** JSON pointer into the body, or into the parameters. */
  readonly pointer: string;
  readonly message: string;
}

/** What a route says when it cannot do what was asked. */
export interface ProblemSpec {
  readonly code: ProblemCode;
  /** For a person: what happened, and what would be right. */
  readonly detail: string;
  readonly errors?: readonly FieldFault[];
  readonly retryAfterSeconds?: number;
  /** Of an event that was not recorded. */
  readonly receivedEvent?: unknown;
  /** Of several events of which none was recorded. */
  readonly refused?: readonly unknown[];
}

/** A parameter that has the form of its schema and still cannot be taken. */
export function invalidParameter(fault: FieldFault): ProblemSpec {
  return { code: 'INVALID_REQUEST', detail: `"${fault.pointer.slice(1)}" ${fault.message}.`, errors: [fault] };
}

/** RFC 9457 problem details. https://www.rfc-editor.org/rfc/rfc9457 */
export function describeProblem(
  spec: ProblemSpec,
  facts: { readonly path: string; readonly traceId: string },
): Problem {
  const status = PROBLEM_STATUS[spec.code];
  return {
    type: `urn:tracepost:problem:${spec.code.toLowerCase().replaceAll('_', '-')}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: spec.detail,
    instance: facts.path,
    code: spec.code,
    traceId: facts.traceId,
    ...(spec.errors ? { errors: spec.errors.map((fault) => ({ ...fault })) } : {}),
    ...(spec.receivedEvent === undefined ? {} : { receivedEvent: spec.receivedEvent }),
    ...(spec.refused ? { refused: [...spec.refused] } : {}),
  };
}

/** One step of a JSON pointer. https://www.rfc-editor.org/rfc/rfc6901 */
export function pointerStep(name: string): string {
  return `/${name.slice(0, 128).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
