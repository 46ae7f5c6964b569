import { NO_USAGE, type Usage } from '@tracepost/contracts';
import type { IncomingNotification } from '@tracepost/messaging';
import type { ArtifactStore } from '@tracepost/stores';
import { describeThrown, GEN_AI, redactText, type Telemetry, withSpan } from '@tracepost/telemetry';
import type { Breakers } from './breakers.ts';
import type { BusinessMetrics } from './business-metrics.ts';
import type { Agent } from './define-agent.ts';
import { CancelledError, TaskFailure } from './failures.ts';
import { keepLargeResult } from './large-result.ts';
import { PartialResult } from './partial.ts';
import type { PayloadCheck } from './payload-check.ts';
import type { AttemptOutcome, AttemptServices } from './runner.ts';
import { taskAttributes } from './task-attributes.ts';
import { createTaskContext } from './task-context.ts';

export interface AttemptOptions {
  readonly agent: Agent;
  readonly notification: IncomingNotification;
  readonly checkPayload: PayloadCheck;
  readonly artifacts: ArtifactStore;
  readonly telemetry: Telemetry;
  /** Outlive the attempt: what one learns of a dependency holds for the next. */
  readonly breakers: Breakers;
  readonly business: BusinessMetrics;
  readonly services: AttemptServices;
  /** Aborted with a `CancelledError` by request, with any other reason when the worker has to let go of the task. */
  readonly signal: AbortSignal;
  /** What a handler has to end after its task was cancelled; default 5 s. */
  readonly cancelGraceMs?: number;
}

class OutOfTime extends Error {}

/** A longer timer fires at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;
const CANCEL_GRACE_MS = 5_000;

/**
 * Runs the handler once, inside its `invoke_agent` span (child of the active one), for at most its time; knows nothing of
 * queues or of the thread that it is in. A handler that does not listen to its signal is left behind, at its deadline at
 * once, a little later when it was cancelled: its slot is free, and what it still returns is thrown away.
 */
export async function runAttempt(options: AttemptOptions): Promise<AttemptOutcome> {
  const { agent, notification, checkPayload, artifacts, telemetry, signal } = options;
  const { cancelGraceMs = CANCEL_GRACE_MS } = options;
  const timeoutMs = Math.min(notification.timeoutMs ?? agent.timeoutMs, LONGEST_TIMEOUT_MS);
  const usage: Usage = { ...NO_USAGE };

  const handler = Object.hasOwn(agent.notifications, notification.notificationType)
    ? agent.notifications[notification.notificationType]
    : undefined;
  if (!handler) {
    const known = Object.keys(agent.notifications).join(', ');
    const message = `${agent.id} takes ${known}, not ${notification.notificationType}`;
    return refuse('unknown_notification_type', message, usage);
  }
  const fault = checkPayload(notification.notificationType, notification.data);
  if (fault !== null) return refuse('invalid_payload', fault, usage);

  const deadline = new AbortController();
  const timer = setTimeout(
    () => deadline.abort(new OutOfTime(`the attempt took longer than ${timeoutMs} ms`)),
    timeoutMs,
  );
  const ended = AbortSignal.any([deadline.signal, signal]);
  const context = createTaskContext(options, ended, usage);
  const attributes = {
    [GEN_AI.operationName]: 'invoke_agent',
    [GEN_AI.agentName]: agent.id,
    ...taskAttributes(agent.id, notification),
  };
  try {
    const returned = await withSpan(telemetry, { name: `invoke_agent ${agent.id}`, attributes }, async () => {
      ended.throwIfAborted();
      // A handler without types may give its result at once.
      const work = Promise.resolve(handler.handle(context, notification.data));
      return untilAborted(work, ended, cancelGraceMs);
    });
    const isPartial = returned instanceof PartialResult;
    const result = await keepLargeResult(isPartial ? returned.result : returned, artifacts);
    return { status: 'succeeded', result, isPartial, usage };
  } catch (error) {
    // Whatever a handler makes of its abort (an error of its own, one of a library), why it was aborted counts.
    if (!ended.aborted) return describeFailure(error, usage);
    if (ended.reason instanceof OutOfTime) {
      return { status: 'timed_out', error: { code: 'timed_out', message: ended.reason.message }, usage };
    }
    return ended.reason instanceof CancelledError ? { status: 'cancelled', usage } : { status: 'stopped' };
  } finally {
    clearTimeout(timer);
  }
}

/** Another attempt would meet the same message. */
function refuse(code: string, message: string, usage: Usage): AttemptOutcome {
  const error = { code, message: redactText(message) };
  return { status: 'failed', error, isRetryable: false, retryAfterMs: null, usage };
}

/** The work, or the reason of the abort, whichever is first; who was cancelled has a little time to end by itself. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal, cancelGraceMs: number): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let grace: NodeJS.Timeout | undefined;
    const onAbort = () => {
      if (!(signal.reason instanceof CancelledError)) return reject(signal.reason);
      grace = setTimeout(() => reject(signal.reason), cancelGraceMs);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    work.then(resolve, reject).finally(() => {
      clearTimeout(grace);
      signal.removeEventListener('abort', onAbort);
    });
  });
}

function describeFailure(error: unknown, usage: Usage): AttemptOutcome {
  // Bounded: an ending that is too large for the broker could never be told, and the work would be done again for ever.
  const { message, stack } = describeThrown(error);
  const isNamed = error instanceof TaskFailure;
  return {
    status: 'failed',
    error: {
      code: isNamed ? error.code : 'handler_error',
      message: redactText(message),
      ...(stack === undefined ? {} : { stack: redactText(stack) }),
    },
    // What nobody foresaw may have been the moment's fault.
    isRetryable: isNamed ? error.isRetryable : true,
    retryAfterMs: isNamed ? error.retryAfterMs : null,
    usage,
  };
}
