import { type AttemptFacts, NO_USAGE, type TaskSummary } from '@tracepost/contracts';
import { chooseRetryDelay, type ReceivedNotification, type Settlement } from '@tracepost/messaging';
import { ATTR } from '@tracepost/telemetry';
import { createAttemptServices } from './attempt-services.ts';
import { beginningOf, type Claim, claimAttempt } from './claim.ts';
import { CRASH_LIMIT, decide } from './decide.ts';
import { CancelledError } from './failures.ts';
import { createObserver } from './observe-attempt.ts';
import { DEFAULT_RETRY } from './retry-policy.ts';
import type { AttemptOutcome, RetryPolicy } from './runner.ts';
import { endTask, forgetOldCopy, giveBack, retryLater, tellAgain } from './settle-task.ts';
import { createStepTeller } from './step-teller.ts';
import { ALONE_FROM } from './suspects.ts';
import type { TaskDelivery, WorkOptions } from './task-delivery.ts';
import { buildTaskEvent, stepEvent, summarise, tellLost } from './task-events.ts';

/** One delivery, from its claim to what becomes of its message. */
export async function workOnTask(options: WorkOptions, received: ReceivedNotification): Promise<Settlement> {
  const { runner, running } = options;
  const takenAtMs = Date.now();
  const observer = createObserver(options, received);
  // In hand from before the claim: whoever marks the task as cancelled after the claim is heard here.
  const inHand = running.begin(runner.agent.id, received.notification.taskId, received.lost);
  try {
    return await takeOn({ ...options, received, takenAtMs, signal: inHand.signal, observer });
  } finally {
    inHand.end();
  }
}

async function takeOn(delivery: TaskDelivery): Promise<Settlement> {
  const { runner, workerId, inbox, received, takenAtMs, observer } = delivery;
  const claiming = await claimAttempt(inbox, { agent: runner.agent, workerId, takenAtMs }, received).catch(
    (error: unknown) => ({ status: 'unknown' as const, error }),
  );
  switch (claiming.status) {
    case 'claimed':
      return work(withClaim(delivery, claiming.claim), claiming.claim);
    case 'ended':
      observer.duplicate('ended');
      return tellAgain(delivery, claiming);
    case 'superseded':
      observer.duplicate('superseded');
      return forgetOldCopy(delivery, claiming);
    case 'busy':
      observer.duplicate('busy');
      return { status: 'delay_copy' };
    case 'unknown':
      return giveBack(delivery, 'inbox_unavailable', claiming.error);
  }
}

/** Which attempt it is, and whether it is a suspect, is the claim's word. */
function withClaim(delivery: TaskDelivery, { attempt, crashes }: Claim): TaskDelivery {
  const notification = { ...delivery.received.notification, attempt };
  const received: ReceivedNotification = { ...delivery.received, notification, crashes };
  received.span.setAttribute(ATTR.attempt, attempt);
  return { ...delivery, received, observer: createObserver(delivery, received) };
}

async function work(delivery: TaskDelivery, claim: Claim): Promise<Settlement> {
  const { runner, received, signal } = delivery;
  if (claim.isCancelRequested || isCancelled(signal)) return afterTheLost(delivery, claim, cancelUnstarted);
  if (claim.crashes >= CRASH_LIMIT) return afterTheLost(delivery, claim, giveUpUnstarted);
  if (crashesOf(received) === 0) return afterTheLost(delivery, claim, attempt);
  const endTurn = delivery.suspects.begin(runner.agent, hasBrokenThread(received) ? ALONE_FROM : received.crashes);
  if (!endTurn) return waitForTurn(delivery, claim);
  try {
    return await afterTheLost(delivery, claim, attempt);
  } finally {
    endTurn();
  }
}

/** The attempts that were lost are told first, and that is waited for: the next one may end its process at once as well. */
async function afterTheLost(delivery: TaskDelivery, claim: Claim, go: typeof attempt): Promise<Settlement> {
  const task = summarise(delivery.runner.agent.id, delivery.received);
  if (claim.lostAttempts.length > 0 && !(await tellLost(delivery.events, task, claim.lostAttempts))) {
    await claim.release().catch(() => {});
    return giveBack(delivery, 'history_untold');
  }
  return go(delivery, claim, task);
}

async function attempt(delivery: TaskDelivery, claim: Claim, task: TaskSummary): Promise<Settlement> {
  const { workerId, received, signal, takenAtMs } = delivery;
  const { notification } = received;
  const startedOn = performance.now();
  const beginning: AttemptFacts = { number: notification.attempt, ...beginningOf(received, takenAtMs), workerId };
  const outcome = await run(delivery, task, beginning);
  const runMs = Math.round((performance.now() - startedOn) * 10) / 10;
  const endedAt = new Date(Math.max(Date.now(), takenAtMs + Math.ceil(runMs))).toISOString();
  const facts: AttemptFacts = { ...beginning, endedAt, runMs };

  const decision = decide(outcome, {
    policy: policyOf(delivery),
    attempt: notification.attempt,
    crashes: crashesOf(received),
    isCancelled: isCancelled(signal),
  });
  if (decision.status === 'let_go') {
    // Left undone, it only counts as a crash.
    await claim.release().catch(() => {});
    return giveBack(delivery, received.lost.aborted ? 'abandoned' : 'stopping');
  }
  if (decision.status === 'retry') {
    const { ms } = chooseRetryDelay(decision.delayMs, Math.random());
    return retryLater(delivery, claim, { task, attempt: facts, decision: { ...decision, delayMs: ms } });
  }
  const by = decision.status === 'cancelled' ? askedBy(signal) : null;
  return endTask(delivery, claim, { task, at: endedAt, by: by ?? workerId, attempt: facts, decision });
}

/** Tells that it has begun, and what it does; runs it again, alone, when the neighbours of a broken thread are suspects too. */
async function run(delivery: TaskDelivery, task: TaskSummary, beginning: AttemptFacts): Promise<AttemptOutcome> {
  const { runner, workerId, events, telemetry, inbox, received, signal } = delivery;
  // Not waited for: its ending tells the same facts, and if this process does not live to tell it, whoever takes over does.
  void events.publishTaskEvent(
    buildTaskEvent('started', task, { at: beginning.startedAt, by: workerId, attempt: beginning }),
  );
  telemetry.logger.info(
    {
      layer: 'queue',
      phase: 'hop',
      hopName: 'wait',
      hopResult: 'success',
      durationMs: beginning.queueWaitMs,
      agentId: task.agentId,
      taskId: task.taskId,
      attempt: beginning.number,
      ...(task.correlationId === null ? {} : { correlationId: task.correlationId }),
    },
    'notification taken from its queue',
  );
  const steps = createStepTeller((step) => void events.publishTaskEvent(stepEvent(task, beginning, step)));
  const services = createAttemptServices(inbox, task.taskId, steps.tell);
  try {
    const isAlone = hasBrokenThread(received) || received.crashes >= ALONE_FROM;
    const outcome = await runner.run(received, { signal, isAlone, services });
    if (outcome.status !== 'crashed' || outcome.isAlone) return outcome;
    received.span.addEvent('the thread died under several tasks: run again, alone');
    return await runner.run(received, { signal, isAlone: true, services });
  } finally {
    steps.close();
  }
}

function cancelUnstarted(delivery: TaskDelivery, claim: Claim, task: TaskSummary): Promise<Settlement> {
  const decision = { status: 'cancelled', usage: NO_USAGE } as const;
  const by = askedBy(delivery.signal) ?? delivery.workerId;
  return endTask(delivery, claim, { task, at: new Date().toISOString(), by, decision });
}

/** Between two looks whether the suspect before it is through: in this range, so that they do not all look at once. */
const TURN_PAUSE_MS = { least: 100, most: 400 };

async function waitForTurn({ observer }: TaskDelivery, claim: Claim): Promise<Settlement> {
  observer.waitsForTurn();
  await claim.release().catch(() => {});
  const { least, most } = TURN_PAUSE_MS;
  return { status: 'give_back', pauseMs: least + (most - least) * Math.random() };
}

/** Every attempt so far took its process with it: another one is not begun. */
function giveUpUnstarted(delivery: TaskDelivery, claim: Claim, task: TaskSummary): Promise<Settlement> {
  const message = `${claim.crashes} attempts ended with the death of their worker, so no other one was begun`;
  const error = { code: 'worker_crashed', message };
  const decision = { status: 'dead', error, usage: NO_USAGE } as const;
  return endTask(delivery, claim, { task, at: new Date().toISOString(), by: delivery.workerId, decision });
}

function policyOf({ runner, received }: TaskDelivery): RetryPolicy {
  const { notifications } = runner.agent;
  const type = received.notification.notificationType;
  return (Object.hasOwn(notifications, type) ? notifications[type]?.retry : undefined) ?? DEFAULT_RETRY;
}

/** Of its process, as the inbox counted them, and of its thread, as its history tells. */
function crashesOf({ crashes, attempts }: ReceivedNotification): number {
  return crashes + attempts.filter(({ error }) => error?.code === 'worker_crashed').length;
}

/** Its thread died under it and nothing else: it is known who did that. */
function hasBrokenThread({ attempts }: ReceivedNotification): boolean {
  return attempts.some(({ error }) => error?.code === 'worker_crashed');
}

function isCancelled({ reason }: AbortSignal): boolean {
  return reason instanceof CancelledError;
}

function askedBy({ reason }: AbortSignal): string | null {
  return reason instanceof CancelledError ? reason.by : null;
}
