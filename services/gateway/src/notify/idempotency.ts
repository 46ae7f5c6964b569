import type { NotifyAccepted } from '@tracepost/contracts';
import type { IdempotencyKeyStore, KeyOutcome } from '@tracepost/stores';
import type { Logger } from '@tracepost/telemetry';
import { withDeadline } from '../deadline.ts';
import { LIMITS } from '../http/limits.ts';
import type { ProblemSpec } from '../http/problem.ts';

export interface KeyedRequest {
  readonly tenantId: string;
  readonly agentId: string;
  readonly key: string;
  readonly bodyHash: string;
  /** Ids for the case that nobody has used this key before. */
  readonly taskId: string;
  readonly traceId: string;
}

/** What came of one try to hand the notification on. */
export type Delivered =
  | { readonly status: 'accepted'; readonly answer: NotifyAccepted }
  /** `isUncertain`: it may have been accepted all the same. */
  | { readonly status: 'refused'; readonly problem: ProblemSpec; readonly isUncertain: boolean };

/** The ids under which to hand on; `isRepeat` when an earlier request with this key may have done it already. */
export interface Turn {
  readonly taskId: string;
  readonly traceId: string;
  readonly isRepeat: boolean;
}

export type OnceOutcome =
  | { readonly status: 'accepted'; readonly answer: NotifyAccepted; readonly isReplayed: boolean }
  | { readonly status: 'refused'; readonly problem: ProblemSpec };

/** One key, one task: however often a client asks, and whichever gateway dies in between. */
export interface Idempotency {
  /** Calls `deliver` at most once, and not at all when the key has been answered, belongs to another body, or nobody can tell. */
  once(request: KeyedRequest, deliver: (turn: Turn) => Promise<Delivered>): Promise<OnceOutcome>;
}

export function createIdempotency({
  keys,
  logger,
}: {
  readonly keys: IdempotencyKeyStore;
  readonly logger: Logger;
}): Idempotency {
  /** By task id: a client that asks twice at the same time waits for the first answer here. */
  const underWay = new Map<string, Promise<Delivered>>();

  const claim = async (request: KeyedRequest): Promise<KeyOutcome | null> => {
    try {
      const claimed = keys.claim({ ...request, nowMs: Date.now() });
      return await withDeadline(claimed, LIMITS.keyTimeoutMs, 'The store of idempotency keys');
    } catch (error) {
      logger.warn(
        { layer: 'store', phase: 'hop', hopName: 'idempotency', hopResult: 'unavailable', result: 'error', error },
        'Nobody can tell whether an idempotency key was used: nothing is accepted',
      );
      return null;
    }
  };

  /** The task is safe whatever becomes of this: a key that stays pending leads every later request to the same task. */
  const remember = async (work: Promise<void>): Promise<void> => {
    try {
      await withDeadline(work, LIMITS.keyTimeoutMs, 'The store of idempotency keys');
    } catch (error) {
      logger.warn(
        { layer: 'store', phase: 'hop', hopName: 'idempotency', hopResult: 'pending', result: 'error', error },
        'An idempotency key stays pending: a repeated request is sent again, under the same task id',
      );
    }
  };

  const answer = async (request: KeyedRequest, { taskId, traceId, isRepeat }: Turn, said: NotifyAccepted) => {
    const { tenantId, agentId, key } = request;
    await keys.answer({ tenantId, agentId, key, answer: said });
    if (!isRepeat) return;
    // Whoever was first may have been refused and given the key up meanwhile: the answer found nothing to stand in.
    const { status } = await keys.claim({ ...request, taskId, traceId, nowMs: Date.now() });
    if (status === 'mine') await keys.answer({ tenantId, agentId, key, answer: said });
  };

  const handOn = async (
    request: KeyedRequest,
    turn: Turn,
    deliver: (turn: Turn) => Promise<Delivered>,
  ): Promise<Delivered> => {
    const delivered = await deliver(turn);
    const { tenantId, agentId, key } = request;
    const { taskId, isRepeat } = turn;
    if (delivered.status === 'accepted') {
      await remember(answer(request, turn, delivered.answer));
    } else if (!delivered.isUncertain && !isRepeat) {
      await remember(keys.release({ tenantId, agentId, key, taskId }));
    }
    return delivered;
  };

  const take = async (
    request: KeyedRequest,
    turn: Turn,
    deliver: (turn: Turn) => Promise<Delivered>,
  ): Promise<OnceOutcome> => {
    const delivery = handOn(request, turn, deliver).finally(() => underWay.delete(turn.taskId));
    underWay.set(turn.taskId, delivery);
    return outcomeOf(await delivery, { isReplayed: false });
  };

  return {
    async once(request, deliver) {
      const outcome = await claim(request);
      switch (outcome?.status) {
        case undefined:
          return { status: 'refused', problem: KEYS_UNAVAILABLE };
        case 'conflict':
          return { status: 'refused', problem: KEY_REUSED };
        case 'full':
          logger.warn(
            { layer: 'store', phase: 'hop', hopName: 'idempotency', hopResult: 'full', result: 'error' },
            'There are as many idempotency keys as TRACEPOST_MAX_IDEMPOTENCY_KEYS allows: new ones are not accepted',
          );
          return { status: 'refused', problem: KEYS_FULL };
        case 'answered':
          // Written by a gateway, and by nobody else.
          return { status: 'accepted', answer: outcome.answer as NotifyAccepted, isReplayed: true };
        case 'mine':
          return take(request, { taskId: request.taskId, traceId: request.traceId, isRepeat: false }, deliver);
        case 'pending': {
          const { taskId, traceId } = outcome;
          const delivery = underWay.get(taskId);
          if (delivery) return outcomeOf(await delivery, { isReplayed: true });
          return take(request, { taskId, traceId, isRepeat: true }, deliver);
        }
      }
    },
  };
}

function outcomeOf(delivered: Delivered, { isReplayed }: { readonly isReplayed: boolean }): OnceOutcome {
  return delivered.status === 'accepted' ? { ...delivered, isReplayed } : delivered;
}

const KEYS_UNAVAILABLE: ProblemSpec = {
  code: 'KEYS_UNAVAILABLE',
  detail:
    'The store of idempotency keys does not answer, so nobody can tell whether this was asked before. Nothing was accepted.',
  retryAfterSeconds: 1,
};

const KEYS_FULL: ProblemSpec = {
  code: 'KEYS_FULL',
  detail:
    'There are as many idempotency keys as there may be, and this is none of them. Nothing was accepted. Each is forgotten after 24 hours, to make room for others; requests without a key are taken.',
  retryAfterSeconds: 60,
};

const KEY_REUSED: ProblemSpec = {
  code: 'IDEMPOTENCY_KEY_REUSED',
  detail: 'This Idempotency-Key came with another body within the last 24 hours. Use a new key for a new notification.',
};
