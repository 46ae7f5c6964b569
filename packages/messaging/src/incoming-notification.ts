import {
  AMQP_PRIORITY,
  type Budget,
  CORRELATION_ID_PATTERN,
  NOTIFICATION_TYPE_PATTERN,
  type Priority,
  TOKEN_PATTERN,
} from '@tracepost/contracts';
import type { IncomingMessage } from './broker.ts';
import { headersLength, MAX_HEADERS_LENGTH } from './headers-length.ts';
import { ENVELOPE_VERSION } from './outgoing-notification.ts';
import { readNumber } from './read-number.ts';
import { readTextHeader } from './trace-headers.ts';

/** A notification as its worker sees it; `acceptedAtMs` is when it was published. */
export interface IncomingNotification {
  readonly taskId: string;
  readonly notificationType: string;
  readonly data: unknown;
  readonly source: string | null;
  readonly correlationId: string | null;
  readonly sessionId: string | null;
  readonly tenantId: string;
  readonly priority: Priority;
  readonly timeoutMs: number | null;
  readonly budget: Budget | null;
  readonly parentTaskId: string | null;
  /** The ended task that this one repeats. */
  readonly retryOf: string | null;
  readonly depth: number;
  readonly acceptedAtMs: number;
  /** 1 for the first; a re-published message carries its number. */
  readonly attempt: number;
}

export type ReadNotification =
  | { readonly status: 'read'; readonly notification: IncomingNotification }
  /** `taskId` when at least that could be found. */
  | {
      readonly status: 'broken';
      readonly reason: BrokenReason;
      readonly detail: string;
      readonly taskId: string | null;
    };

export type BrokenReason = 'not_json' | 'unknown_version' | 'invalid_envelope' | 'too_large';

/** Nothing of ours is larger; somebody else's may be, and must not take the worker down. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

const MAX_ATTEMPT = 1_000_000;

const TOKEN = new RegExp(TOKEN_PATTERN);
const TYPE = new RegExp(NOTIFICATION_TYPE_PATTERN);
const CORRELATION = new RegExp(CORRELATION_ID_PATTERN);

/**
 * Takes any publisher's message in the form of `api.md`: only `id`, `type` and `data` are indispensable (`id` and `type` may
 * stand in the AMQP properties instead). What is optional and odd is left out, never a reason to refuse.
 */
export function readNotification(message: IncomingMessage, now: number): ReadNotification {
  const propertyId = token(message.messageId);
  const broken = (reason: BrokenReason, detail: string, taskId = propertyId): ReadNotification => ({
    status: 'broken',
    reason,
    detail,
    taskId,
  });

  if (message.body.length > MAX_BODY_BYTES) {
    return broken('too_large', `the body has ${message.body.length} bytes, at most ${MAX_BODY_BYTES} are read`);
  }
  if (headersLength(message.headers) > MAX_HEADERS_LENGTH) {
    return broken('too_large', `the headers have more than ${MAX_HEADERS_LENGTH} characters`);
  }
  const version = message.headers['x-envelope-version'] ?? ENVELOPE_VERSION;
  if (readNumber(version) !== ENVELOPE_VERSION) {
    return broken(
      'unknown_version',
      `x-envelope-version is ${isObject(version) ? 'a table' : String(version).slice(0, 40)}, known is ${ENVELOPE_VERSION}`,
    );
  }
  const body = parseObject(message.body);
  if (!body) return broken('not_json', `the body is not a JSON object${packedAs(message)}`);

  const taskId = token(body.id) ?? propertyId;
  const type = text(body.type, TYPE) ?? text(message.type, TYPE);
  if (!taskId) return broken('invalid_envelope', '`id` is missing or not 1 to 128 printable ASCII characters');
  if (!type) return broken('invalid_envelope', '`type` is missing or not a notification type', taskId);
  if (!Object.hasOwn(body, 'data')) return broken('invalid_envelope', '`data` is missing', taskId);

  return {
    status: 'read',
    notification: {
      taskId,
      notificationType: type,
      data: body.data,
      source: token(body.source) ?? token(message.appId),
      correlationId: text(body.correlationid, CORRELATION) ?? text(message.correlationId, CORRELATION),
      sessionId: token(body.sessionid),
      tenantId: token(readTextHeader(message.headers, 'x-tenant-id')) ?? 'default',
      priority: priorityOf(message.priority),
      timeoutMs: positiveInteger(body.timeoutms),
      budget: isObject(body.budget) ? (body.budget as Budget) : null,
      parentTaskId: token(body.parenttaskid),
      retryOf: token(body.retryof),
      depth: positiveInteger(body.depth) ?? 0,
      acceptedAtMs: publishedAt(message, now),
      attempt: attemptOf(message),
    },
  };
}

/** Nothing is ever unpacked: a small body could become a large one. */
function packedAs({ contentEncoding }: IncomingMessage): string {
  return contentEncoding === undefined
    ? ''
    : `; its content encoding "${contentEncoding.slice(0, 40)}" is not unpacked`;
}

function parseObject(body: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown, pattern: RegExp): string | null {
  return typeof value === 'string' && pattern.test(value) ? value : null;
}

function token(value: unknown): string | null {
  return text(value, TOKEN);
}

function positiveInteger(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
}

/** What nobody can have tried that often is somebody's joke. */
function attemptOf({ headers }: IncomingMessage): number {
  const attempt = positiveInteger(readNumber(headers['x-attempt'])) ?? 1;
  return attempt <= MAX_ATTEMPT ? attempt : 1;
}

/** Nearest of the four words at or below the number; none given is AMQP's 4. */
function priorityOf(value: number | undefined): Priority {
  if (value === undefined) return 'normal';
  if (value >= AMQP_PRIORITY.urgent) return 'urgent';
  if (value >= AMQP_PRIORITY.high) return 'high';
  return value >= AMQP_PRIORITY.normal ? 'normal' : 'low';
}

/** Ours says it in milliseconds, AMQP in seconds, some not at all. The future is somebody's wrong clock. */
function publishedAt(message: IncomingMessage, now: number): number {
  const precise = readNumber(message.headers['x-published-at-ms']);
  if (Number.isFinite(precise) && precise > 0) return Math.min(precise, now);
  if (message.timestamp !== undefined && message.timestamp > 0) return Math.min(message.timestamp * 1000, now);
  return now;
}
