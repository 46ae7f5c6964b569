import type { NotificationPublisher, OutgoingNotification } from '@tracepost/messaging';
import type { ProblemSpec } from '../http/problem.ts';

export type NotifyOutcome = Awaited<ReturnType<NotificationPublisher['publish']>>;
type Refusal = Exclude<NotifyOutcome, { status: 'confirmed' | 'stored' }>;

/** True when a 202 may be answered: the broker, or the outbox, has it durably. */
export function isAccepted(outcome: NotifyOutcome): outcome is Exclude<NotifyOutcome, Refusal> {
  return outcome.status === 'confirmed' || outcome.status === 'stored';
}

/** True when the message may arrive all the same. */
export function isUncertain(outcome: Refusal): boolean {
  return outcome.status === 'unconfirmed' || ('isUncertain' in outcome && outcome.isUncertain);
}

/** What the client is told of a notification that was not accepted. Reasons stay in the log: they name files and hosts. */
export function describeOutcome(outcome: Refusal, { agentId, taskId }: OutgoingNotification): ProblemSpec {
  if (isUncertain(outcome))
    return {
      code: 'CONFIRM_MISSING',
      detail: `The broker did not confirm in time. The task may still run, as ${taskId}; a retry with the same Idempotency-Key runs it once.`,
      retryAfterSeconds: 2,
    };
  switch (outcome.status) {
    case 'unroutable':
      return {
        code: 'QUEUE_MISSING',
        detail: `The queue of "${agentId}" is not there; it is being declared again. Nothing was accepted.`,
        retryAfterSeconds: 2,
      };
    case 'refused':
      return {
        code: 'QUEUE_FULL',
        detail: `The broker refused the message; most likely the queue of "${agentId}" is full. Nothing was accepted.`,
        retryAfterSeconds: 5,
      };
    case 'full':
      return {
        code: 'OUTBOX_FULL',
        detail: 'The broker takes nothing now, and the outbox is full. Nothing was accepted.',
        retryAfterSeconds: 5,
      };
    case 'unavailable':
      return {
        code: 'OUTBOX_UNAVAILABLE',
        detail: 'The broker takes nothing now, and the outbox cannot be written. Nothing was accepted.',
        retryAfterSeconds: 2,
      };
    default:
      return {
        code: 'BROKER_UNREACHABLE',
        detail: 'The broker cannot be reached or takes nothing now. Nothing was accepted.',
        retryAfterSeconds: 2,
      };
  }
}
