import { hash } from 'node:crypto';
import { type AttemptHistoryEntry, type TaskError, type TaskEvent, taskEventId } from '@tracepost/contracts';
import {
  agentQueueName,
  DEAD_AT_HEADER,
  type IncomingMessage,
  type ReadNotification,
  readAttemptHistory,
  readNotification,
  readNumber,
  readTextHeader,
  readTraceContext,
} from '@tracepost/messaging';
import type { DeadLetter } from '@tracepost/stores';
import { jsonHeaders } from './json-headers.ts';

export interface ReadDeadLetter {
  readonly letter: DeadLetter;
  /** The ending of its task that nobody has told yet: the broker gave it up, not a worker. Null where a worker told it, or there is no task. */
  readonly untold: TaskEvent | null;
}

export interface DeadLetterFacts {
  readonly agentId: string;
  readonly nowMs: number;
}

/** Who tells of endings that no worker could tell of. */
const RECORDER = 'recorder';

/**
 * What lies in a dead-letter queue, whoever put it there. A worker says why in `x-dead-reason`, after it has told the ending of the
 * task. Without that header the broker gave the message up (`x-death`): its workers died with it more often than the delivery
 * limit allows, or a foreign one rejected it.
 */
export function readDeadLetter(message: IncomingMessage, { agentId, nowMs }: DeadLetterFacts): ReadDeadLetter {
  const { headers, body } = message;
  const read = readNotification(message, nowMs);
  const taskId = read.status === 'read' ? read.notification.taskId : read.taskId;
  const attempts = readAttemptHistory(headers);
  // A worker's copy has no `x-death`: beside one, the reason was in the message before, and nobody has told anything.
  const told = headers['x-death'] === undefined ? readTextHeader(headers, 'x-dead-reason') : undefined;
  const death = readDeath(headers);
  const { reason, error } = told === undefined ? explainDeath(death.reason, attempts) : explain(told, attempts);
  const deadAtMs = told === undefined ? deathMs(death.atMs, { nowMs, taskId }) : toldMs(message, read, nowMs);
  const deadAt = new Date(deadAtMs).toISOString();
  const letter: DeadLetter = {
    taskId: taskId ?? `m-${hashOf(message)}`,
    queue: agentQueueName(agentId),
    agentId,
    notificationType: read.status === 'read' ? read.notification.notificationType : (message.type ?? null),
    reason,
    error,
    deadAt,
    attempts,
    traceId: readTraceContext(headers)?.traceId ?? null,
    headers: jsonHeaders(message),
    body,
  };
  return { letter, untold: told === undefined && taskId !== null ? deadEvent(letter, read, message) : null };
}

/** A message without a task's name has this one; the same message read again has the same. */
function hashOf({ body, messageId, type, routingKey }: IncomingMessage): string {
  const names = Buffer.from(JSON.stringify([messageId ?? null, type ?? null, routingKey]));
  return hash('sha256', Buffer.concat([names, body]), 'hex').slice(0, 32);
}

/** `atMs` is the beginning of the second in which the broker gave it up: more it does not say. NaN when it says nothing. */
function readDeath(headers: IncomingMessage['headers']): { reason: string; atMs: number } {
  const deaths = headers['x-death'];
  const [newest] = Array.isArray(deaths) ? (deaths as unknown[]) : [];
  const { reason, time } = (newest ?? {}) as { reason?: unknown; time?: { value?: unknown } };
  const seconds = Number(time?.value ?? Number.NaN);
  return {
    reason: typeof reason === 'string' && /^[a-z_]{1,64}$/.test(reason) ? reason : 'unknown',
    atMs: Number.isSafeInteger(seconds) && seconds > 0 ? seconds * 1_000 : Number.NaN,
  };
}

/** The end of the second, so that a task does not end before its last attempt has begun; without a task the same each time it is read. */
function deathMs(atMs: number, { nowMs, taskId }: { nowMs: number; taskId: string | null }): number {
  if (!isTime(atMs, nowMs)) return nowMs;
  return taskId === null ? atMs : Math.min(nowMs, atMs + 999);
}

/** A worker of an earlier version did not write it down: then it was not before its last attempt had ended, or before it was published. */
function toldMs({ headers }: IncomingMessage, read: ReadNotification, nowMs: number): number {
  const lastEndMs = Date.parse(readAttemptHistory(headers).at(-1)?.endedAt ?? '');
  const publishedAtMs = read.status === 'read' ? read.notification.acceptedAtMs : nowMs;
  const times = [readNumber(headers[DEAD_AT_HEADER]), lastEndMs, publishedAtMs];
  return times.find((ms) => isTime(ms, nowMs)) ?? nowMs;
}

/** The clock of a worker may be ahead; what names a time that is far off would be kept for ever. */
const MAX_AHEAD_MS = 24 * 3_600_000;

function isTime(ms: number, nowMs: number): boolean {
  return Number.isSafeInteger(ms) && ms > 0 && ms < nowMs + MAX_AHEAD_MS;
}

type Explanation = { readonly reason: string; readonly error: TaskError };

/** `code`, or `code: detail` of a message that no worker could read. */
function explain(told: string, attempts: readonly AttemptHistoryEntry[]): Explanation {
  const [code = 'unknown', ...detail] = told.split(': ');
  const message = detail.length > 0 ? detail.join(': ') : 'a worker gave it up';
  return { reason: code, error: attempts.at(-1)?.error ?? { code, message } };
}

const DEATHS: Readonly<Record<string, string>> = {
  delivery_limit: 'its workers died with it, or gave it back as failed, more often than the delivery limit allows',
  rejected: 'a worker rejected it without a word',
  expired: 'it waited longer than its time to live',
  maxlen: 'its queue was full',
};

function explainDeath(reason: string, attempts: readonly AttemptHistoryEntry[]): Explanation {
  const last = attempts.at(-1)?.error;
  const before = last ? `; before that an attempt failed with ${last.code}: ${last.message}` : '';
  const message = `${DEATHS[reason] ?? 'the broker gave it up and does not say why'}${before}`;
  return { reason, error: { code: reason, message } };
}

function deadEvent(letter: DeadLetter, read: ReadNotification, message: IncomingMessage): TaskEvent {
  const { taskId, agentId, traceId, deadAt, reason, error } = letter;
  const known = read.status === 'read' ? read.notification : null;
  return {
    eventId: taskEventId(taskId, known?.attempt ?? 0, 'dead'),
    kind: 'dead',
    at: deadAt,
    by: RECORDER,
    task: {
      taskId,
      agentId,
      notificationType: letter.notificationType ?? 'unknown',
      tenantId: known?.tenantId ?? 'default',
      priority: known?.priority ?? 'normal',
      acceptedAt: known ? new Date(known.acceptedAtMs).toISOString() : deadAt,
      source: known?.source ?? message.appId ?? null,
      sessionId: known?.sessionId ?? null,
      correlationId: known?.correlationId ?? null,
      traceId,
      parentTaskId: known?.parentTaskId ?? null,
    },
    ...(error ? { error } : {}),
    stopReason: reason,
  };
}
