import { setTimeout as sleep } from 'node:timers/promises';
import type { AttemptFacts, AttemptHistoryEntry, TaskError, TaskEvent, TaskSummary } from '@tracepost/contracts';
import type { Settlement } from '@tracepost/messaging';
import type { EndedOutcome } from '@tracepost/stores';
import type { Claim, Claiming } from './claim.ts';
import type { Decision } from './decide.ts';
import type { LetGo } from './observe-attempt.ts';
import type { TaskDelivery } from './task-delivery.ts';
import { buildTaskEvent, publishSurely, tellFailed, tellHistory } from './task-events.ts';

export interface TaskEnding {
  readonly task: TaskSummary;
  readonly at: string;
  readonly by: string;
  /** Absent when it was cancelled before it began. */
  readonly attempt?: AttemptFacts;
  readonly decision: Exclude<Decision, { status: 'retry' | 'let_go' }>;
}

/**
 * Writes the ending down, then tells it, then lets the message go. In this order: an ending that was told is written, so no
 * redelivery runs the task again, and one that was written and not told is told by the redelivery.
 */
export async function endTask(delivery: TaskDelivery, claim: Claim, ending: TaskEnding): Promise<Settlement> {
  const { events, received, observer } = delivery;
  const { decision, task, attempt } = ending;
  const number = attempt?.number ?? received.notification.attempt;
  const event = buildTaskEvent(decision.status, task, { ...ending, number }, contentOf(decision));
  let holds: TaskEvent | null;
  try {
    holds = await patiently(delivery, () => claim.end(event));
  } catch (error) {
    return giveBack(delivery, 'inbox_unavailable', error);
  }
  if (holds === null) return giveBack(delivery, 'claim_lost');
  if (holds.eventId === event.eventId) observer.attempt(decision, attempt?.runMs ?? 0);
  else observer.duplicate('ended');
  if (!(await publishSurely(events, holds))) return giveBack(delivery, 'ending_untold');
  return settlementOf(holds, received.attempts);
}

/** A task that ended before: whoever waits for its ending may not have heard it. */
export async function tellAgain(delivery: TaskDelivery, ended: EndedOutcome): Promise<Settlement> {
  const { events, received } = delivery;
  const { event } = ended;
  const isTold = (await tellHistory(events, ended)) && (await publishSurely(events, event));
  if (!isTold) return giveBack(delivery, 'ending_untold');
  // The very message of a failed task: its worker died before it was put aside. Another copy has been put aside already.
  return received.isRedelivered ? settlementOf(event, received.attempts) : { status: 'done' };
}

/** An old copy, perhaps the very message of an attempt that failed: then its worker may not have lived to tell of it. */
export async function forgetOldCopy(
  delivery: TaskDelivery,
  { failedAttempts }: Extract<Claiming, { status: 'superseded' }>,
): Promise<Settlement> {
  return (await tellFailed(delivery.events, failedAttempts))
    ? { status: 'done' }
    : giveBack(delivery, 'history_untold');
}

/** The message waits in a delay queue before its claim is changed and its failure told: nothing is told that will not happen. */
export function retryLater(
  delivery: TaskDelivery,
  claim: Claim,
  failure: {
    readonly task: TaskSummary;
    readonly attempt: AttemptFacts;
    readonly decision: Extract<Decision, { status: 'retry' }>;
  },
): Settlement {
  const { events, received, workerId, observer } = delivery;
  const { task, attempt, decision } = failure;
  const { error, delayMs, usage } = decision;
  const at = attempt.endedAt ?? attempt.startedAt;
  // By the claim's count: a message that was only given back does not know of runs that nobody heard of.
  const nextAttempt = attempt.number + 1;
  const event = buildTaskEvent(
    'attempt_failed',
    task,
    { at, by: workerId, attempt },
    { error, usage, retryInMs: delayMs },
  );
  observer.attempt(decision, attempt.runMs ?? 0);
  return {
    status: 'retry',
    delayMs,
    nextAttempt,
    reason: error.code,
    attempts: [...received.attempts, historyOf(attempt, error)],
    async confirm() {
      const isHeld = await patiently(delivery, () => claim.awaitRetry(nextAttempt, event)).catch(async (error) => {
        // Whoever takes over will hear that it began, and from nobody else how it ended.
        await publishSurely(events, event);
        throw error;
      });
      // Untold it is kept with the claim: this message comes again, as an old copy that is not run, and is told then.
      return isHeld && publishSurely(events, event);
    },
  };
}

/** What is wrong with the store or the broker now is wrong for the next message too. */
const PAUSE_MS = 2_000;
const FORCED: ReadonlySet<LetGo> = new Set(['inbox_unavailable', 'history_untold', 'ending_untold']);

export function giveBack({ observer }: TaskDelivery, reason: LetGo, error?: unknown): Settlement {
  observer.letGo(reason, error);
  return FORCED.has(reason) ? { status: 'give_back', pauseMs: PAUSE_MS } : { status: 'give_back' };
}

const PAUSES_MS = [100, 500, 1_500, 3_000];

/** The work is done: a store that is away for a moment is waited for, since otherwise it would be done again. */
async function patiently<T>({ running }: TaskDelivery, ask: () => Promise<T>): Promise<T> {
  for (const pauseMs of PAUSES_MS) {
    try {
      return await ask();
    } catch (error) {
      if (running.isStopped) throw error;
      await sleep(pauseMs);
    }
  }
  return ask();
}

function contentOf(decision: TaskEnding['decision']) {
  const { usage } = decision;
  if (decision.status === 'succeeded') return { usage, result: decision.result, partial: decision.isPartial };
  if (decision.status === 'cancelled') return { usage, stopReason: 'cancelled' };
  return { usage, error: decision.error };
}

/** By the ending that holds: what failed, ran out of time or was given up lies with the dead letters. */
function settlementOf({ kind, error, attempt, at }: TaskEvent, before: readonly AttemptHistoryEntry[]): Settlement {
  if (kind === 'succeeded' || kind === 'cancelled') return { status: 'done' };
  const attempts = attempt ? [...before, historyOf(attempt, error ?? null)] : before;
  return { status: 'dead_letter', reason: error?.code ?? kind, attempts, deadAt: attempt?.endedAt ?? at };
}

function historyOf(attempt: AttemptFacts, error: TaskError | null): AttemptHistoryEntry {
  return {
    number: attempt.number,
    startedAt: attempt.startedAt,
    endedAt: attempt.endedAt ?? null,
    workerId: attempt.workerId,
    error: error && { code: error.code, message: error.message },
  };
}
