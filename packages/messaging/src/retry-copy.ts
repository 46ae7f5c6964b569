import { randomBytes } from 'node:crypto';
import type { AttemptHistoryEntry } from '@tracepost/contracts';
import { ATTEMPTS_HEADER, writeAttemptHistory } from './attempt-history.ts';
import type { IncomingMessage, OutgoingMessage } from './broker.ts';
import { copyMessage } from './message-copy.ts';
import { readNumber } from './read-number.ts';
import { RETRY_DELAYS, type RetryDelay } from './retry-delays.ts';
import { retryQueueName } from './topology.ts';

/** How a message that was put aside says so. */
const RETRY_AT_HEADER = 'x-retry-at-ms';
const BACK_OFF_HEADER = 'x-back-off-ms';
/** A copy that waits for another one is put aside second by second, for hours at most. */
const MAX_BACK_OFF_MS = 24 * 60 * 60 * 1_000;

const COPY_HEADER = 'x-copy';

export interface RetryFacts {
  readonly agentId: string;
  readonly delay: RetryDelay;
  /** Number of the attempt that it is put aside for. */
  readonly attempt: number;
  readonly attempts: readonly AttemptHistoryEntry[];
  readonly acceptedAtMs: number;
  readonly now: number;
}

/** The message as it waits for its next attempt, with the history of those before. Its trace headers travel unchanged. */
export function retryCopy(message: IncomingMessage, facts: RetryFacts): OutgoingMessage {
  const { agentId, delay, attempt, attempts, acceptedAtMs, now } = facts;
  return copyMessage(message, retryQueueName(agentId, delay.name), {
    'x-attempt': attempt,
    [COPY_HEADER]: copyName(),
    [ATTEMPTS_HEADER]: writeAttemptHistory(attempts),
    // A foreign message may not say it, and the next reading would take its own time for it.
    'x-published-at-ms': acceptedAtMs,
    [RETRY_AT_HEADER]: now + delay.ms,
    [BACK_OFF_HEADER]: delay.ms,
  });
}

/** The same copy of the message a little later, for the same attempt: nothing was tried. */
export function delayedCopy(
  message: IncomingMessage,
  { agentId, acceptedAtMs, now }: Pick<RetryFacts, 'agentId' | 'acceptedAtMs' | 'now'>,
): OutgoingMessage {
  const [delay] = RETRY_DELAYS;
  return copyMessage(message, retryQueueName(agentId, delay.name), {
    [COPY_HEADER]: copyName(),
    'x-published-at-ms': acceptedAtMs,
    [RETRY_AT_HEADER]: now + delay.ms,
    [BACK_OFF_HEADER]: (readPutAside(message.headers)?.backOffMs ?? 0) + delay.ms,
  });
}

/** When it was due again and how long it was put aside for; null for what never was, or says something odd. */
export function readPutAside(
  headers: Readonly<Record<string, unknown>>,
): { readonly retryAtMs: number; readonly backOffMs: number } | null {
  if (headers[RETRY_AT_HEADER] === undefined) return null;
  const retryAtMs = readNumber(headers[RETRY_AT_HEADER]);
  const backOffMs = readNumber(headers[BACK_OFF_HEADER]);
  return retryAtMs >= 0 && backOffMs >= 0 && backOffMs <= MAX_BACK_OFF_MS ? { retryAtMs, backOffMs } : null;
}

/** Its own for every sending: by an equal name the redelivery of one copy would take the task from the other, which still runs. */
function copyName(): string {
  return randomBytes(8).toString('hex');
}
