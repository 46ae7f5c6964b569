import { setTimeout as sleep } from 'node:timers/promises';
import type { AttemptHistoryEntry } from '@tracepost/contracts';
import type { Logger } from '@tracepost/telemetry';
import { ATTEMPTS_HEADER, writeAttemptHistory } from './attempt-history.ts';
import type { Broker, Delivery, OutgoingMessage } from './broker.ts';
import type { IncomingNotification } from './incoming-notification.ts';
import { copyMessage } from './message-copy.ts';
import { delayedCopy, retryCopy } from './retry-copy.ts';
import { chooseRetryDelay } from './retry-delays.ts';
import { deadLetterQueueName } from './topology.ts';

/** What has to happen to the message once the work is told. */
export type Settlement =
  | { readonly status: 'done' }
  /**
   * Another attempt, after about `delayMs` (`chooseRetryDelay`; one of `RETRY_DELAYS` is kept as it is). `confirm` is called
   * once the copy for it lies confirmed in its delay queue, before this one is acknowledged; false, or a throw: this one is given back.
   */
  | {
      readonly status: 'retry';
      readonly delayMs: number;
      /** Number of that attempt: the same that `confirm` writes down, or its message would be taken for an old copy. */
      readonly nextAttempt: number;
      readonly reason: string;
      /** All up to now, this one included. */
      readonly attempts: readonly AttemptHistoryEntry[];
      readonly confirm: () => Promise<boolean>;
    }
  /** Somebody else is at work on another copy: this one comes again after a second, as the same attempt. */
  | { readonly status: 'delay_copy' }
  /** Keep it aside, with the history of its attempts and when the task ended, as that was written down: the same in each copy that is put aside. */
  | {
      readonly status: 'dead_letter';
      readonly reason: string;
      readonly attempts: readonly AttemptHistoryEntry[];
      readonly deadAt: string;
    }
  /** Somebody else should have it: the worker is stopping, or, after a pause, could not tell what became of the task. */
  | { readonly status: 'give_back'; readonly pauseMs?: number };

/** Where a settlement is carried out. */
export interface SettlingOptions {
  readonly broker: Broker;
  readonly logger: Logger;
  readonly agentId: string;
  /** Aborted when the worker stops: nothing is waited for any more. */
  readonly closing: AbortSignal;
}

/** When what was put aside died, in milliseconds: what tells one death of a task from another. */
export const DEAD_AT_HEADER = 'x-dead-at-ms';

/** Before a message is given back that could not be settled: what is wrong now is wrong for the next one too. */
const GIVE_BACK_PAUSE_MS = 1_000;
/** How long a copy is tried again that the broker does not take: doing the work again would cost more. */
const PATIENCE_MS = 10_000;
const PUBLISH_PAUSES_MS = [100, 500, 1_000, 2_000, 4_000];

/**
 * Carries out what was decided. A copy is confirmed before its original is acknowledged: at any moment the broker has at least one, and
 * when it does not take the copy, it keeps the original.
 */
export async function settle(
  options: SettlingOptions,
  delivery: Delivery,
  notification: IncomingNotification,
  settlement: Settlement,
): Promise<void> {
  if (settlement.status === 'done') return delivery.ack();
  if (settlement.status === 'give_back') return giveBack(options, delivery, settlement.pauseMs ?? 0);
  const isCopied = await publishPatiently(options, delivery, copies(options, delivery, notification, settlement));
  const isConfirmed = isCopied && (settlement.status !== 'retry' || (await confirmed(options, settlement)));
  if (isConfirmed) return delivery.ack();
  return giveBack(options, delivery, GIVE_BACK_PAUSE_MS);
}

/** Puts a message aside that nobody can read; false when the broker did not take it: it was given back, to come again. */
export async function deadLetter(options: SettlingOptions, delivery: Delivery, reason: string): Promise<boolean> {
  const headers = { 'x-dead-reason': reason.slice(0, MAX_REASON_LENGTH), [DEAD_AT_HEADER]: Date.now() };
  const queue = deadLetterQueueName(options.agentId);
  const isCopied = await publishPatiently(options, delivery, () => copyMessage(delivery.message, queue, headers));
  if (isCopied) delivery.ack();
  else await giveBack(options, delivery, GIVE_BACK_PAUSE_MS);
  return isCopied;
}

/** Not counted towards the delivery limit: it was not the message's fault. */
export async function giveBack({ closing }: SettlingOptions, delivery: Delivery, pauseMs: number): Promise<void> {
  if (pauseMs > 0) await pause(pauseMs, [closing]);
  delivery.requeue();
}

const MAX_REASON_LENGTH = 200;

/** A function, since a copy that is put aside says when it is due, and it may take more than one try to put it there. */
function copies(
  { agentId }: SettlingOptions,
  { message }: Delivery,
  { acceptedAtMs }: IncomingNotification,
  settlement: Exclude<Settlement, { readonly status: 'done' | 'give_back' }>,
): () => OutgoingMessage {
  if (settlement.status === 'delay_copy') return () => delayedCopy(message, { agentId, acceptedAtMs, now: Date.now() });
  const { attempts } = settlement;
  if (settlement.status === 'retry') {
    const delay = chooseRetryDelay(settlement.delayMs, Math.random());
    const facts = { agentId, delay, attempt: settlement.nextAttempt, attempts, acceptedAtMs };
    return () => retryCopy(message, { ...facts, now: Date.now() });
  }
  const headers = {
    'x-dead-reason': settlement.reason.slice(0, MAX_REASON_LENGTH),
    [ATTEMPTS_HEADER]: writeAttemptHistory(attempts),
    [DEAD_AT_HEADER]: Date.parse(settlement.deadAt),
  };
  return () => copyMessage(message, deadLetterQueueName(agentId), headers);
}

/** True when the broker has it. What it said no to is tried again for a while, unless the worker stops or the message is gone. */
async function publishPatiently(
  { broker, logger, agentId, closing }: SettlingOptions,
  delivery: Delivery,
  build: () => OutgoingMessage,
): Promise<boolean> {
  const deadline = performance.now() + PATIENCE_MS;
  for (let failures = 0; ; failures += 1) {
    // Lost: whoever has it now decides anew, and another copy would only be in the way.
    if (delivery.isSettled) return false;
    const message = build();
    const outcome = await broker.publish(message);
    if (outcome.status === 'confirmed') return true;
    const pauseMs = PUBLISH_PAUSES_MS[failures] ?? 0;
    if (pauseMs === 0 || closing.aborted || performance.now() + pauseMs > deadline) {
      const reason = 'reason' in outcome ? outcome.reason : outcome.status;
      logger.warn(
        { layer: 'queue', agentId, queue: message.routingKey, reason },
        'gave a message back: its copy was not taken',
      );
      return false;
    }
    await pause(pauseMs, [closing, delivery.lost]);
  }
}

async function confirmed(
  { logger, agentId }: SettlingOptions,
  { confirm }: Extract<Settlement, { readonly status: 'retry' }>,
): Promise<boolean> {
  try {
    return await confirm();
  } catch (error) {
    logger.warn({ layer: 'queue', agentId, error }, 'gave a message back: its retry could not be written down');
    return false;
  }
}

async function pause(ms: number, signals: readonly AbortSignal[]): Promise<void> {
  await sleep(ms, undefined, { signal: AbortSignal.any([...signals]) }).catch(() => {});
}
