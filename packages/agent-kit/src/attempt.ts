import { NO_USAGE, type Usage } from '@tracepost/contracts';
import type { ReceivedNotification } from '@tracepost/messaging';
import { type Picodollars, toPicodollars, toUsd } from '@tracepost/pricing';
import type { ArtifactStore } from '@tracepost/stores';
import { ATTR, describeThrown, GEN_AI, redactText, type Telemetry, withSpan } from '@tracepost/telemetry';
import type { Agent, TaskContext } from './define-agent.ts';
import { TaskFailure } from './failures.ts';
import type { PayloadCheck } from './payload-check.ts';
import { createToolRunner } from './use-tool.ts';

/** What became of one attempt. `stopped`: the worker had to stop first, and somebody else should have it. */
export type AttemptOutcome =
  | { readonly status: 'succeeded'; readonly result: unknown; readonly usage: Usage }
  | {
      readonly status: 'failed' | 'timed_out';
      readonly error: { readonly code: string; readonly message: string; readonly stack?: string };
      readonly usage: Usage;
    }
  | { readonly status: 'stopped' };

export interface AttemptOptions {
  readonly agent: Agent;
  readonly received: ReceivedNotification;
  readonly checkPayload: PayloadCheck;
  readonly artifacts: ArtifactStore;
  readonly telemetry: Telemetry;
  /** Aborted when the worker stops. */
  readonly stopping: AbortSignal;
}

class OutOfTime extends Error {}

/** A longer timer fires at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * Runs the handler once, inside its `invoke_agent` span, for at most its time. A handler that does not listen to its
 * signal is left behind at the deadline: its slot is free, and what it still returns is thrown away.
 */
export async function runAttempt(options: AttemptOptions): Promise<AttemptOutcome> {
  const { agent, received, checkPayload, telemetry, stopping } = options;
  const { notification } = received;
  const timeoutMs = Math.min(notification.timeoutMs ?? agent.timeoutMs, LONGEST_TIMEOUT_MS);
  const usage: Usage = { ...NO_USAGE };

  const handler = agent.notifications[notification.notificationType];
  if (!handler) {
    const known = Object.keys(agent.notifications).join(', ');
    return failed(
      'unknown_notification_type',
      `${agent.id} takes ${known}, not ${notification.notificationType}`,
      usage,
    );
  }
  const fault = checkPayload(notification.notificationType, notification.data);
  if (fault !== null) return failed('invalid_payload', fault, usage);

  const deadline = new AbortController();
  const timer = setTimeout(
    () => deadline.abort(new OutOfTime(`the attempt took longer than ${timeoutMs} ms`)),
    timeoutMs,
  );
  const signal = AbortSignal.any([deadline.signal, stopping]);
  const attributes = {
    [GEN_AI.operationName]: 'invoke_agent',
    [GEN_AI.agentName]: agent.id,
    [ATTR.agentId]: agent.id,
    [ATTR.taskId]: notification.taskId,
    [ATTR.notificationType]: notification.notificationType,
  };
  try {
    const result = await withSpan(telemetry, { name: `invoke_agent ${agent.id}`, attributes }, () =>
      // A handler without types may give its result at once.
      untilAborted(Promise.resolve(handler.handle(createContext(options, signal, usage), notification.data)), signal),
    );
    return { status: 'succeeded', result: result ?? null, usage };
  } catch (error) {
    if (stopping.aborted && !deadline.signal.aborted && error === stopping.reason) return { status: 'stopped' };
    return describeFailure(error, usage);
  } finally {
    clearTimeout(timer);
  }
}

function createContext(
  { agent, received, artifacts, telemetry }: AttemptOptions,
  signal: AbortSignal,
  usage: Usage,
): TaskContext {
  const { notification } = received;
  // Summed as whole numbers: a thousand small floats would drift.
  let cost: Picodollars = 0n;
  return {
    taskId: notification.taskId,
    agentId: agent.id,
    notificationType: notification.notificationType,
    tenantId: notification.tenantId,
    sessionId: notification.sessionId,
    correlationId: notification.correlationId,
    attempt: notification.attempt,
    signal,
    logger: telemetry.logger,
    metrics: telemetry.metrics,
    artifacts,
    useTool: createToolRunner({
      telemetry,
      agentId: agent.id,
      taskId: notification.taskId,
      signal,
      onUse: () => {
        usage.toolCalls += 1;
      },
    }),
    addCost: (usd) => {
      if (!Number.isFinite(usd) || usd < 0) throw new TypeError(`a cost is a number of US dollars from 0, not ${usd}`);
      cost += toPicodollars(usd);
      usage.costUsd = toUsd(cost);
    },
  };
}

/** The work, or the reason of the abort, whichever is first. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function describeFailure(error: unknown, usage: Usage): AttemptOutcome {
  if (error instanceof OutOfTime) {
    return { status: 'timed_out', error: { code: 'timed_out', message: error.message }, usage };
  }
  // Bounded: an ending that is too large for the broker could never be told, and the work would be done again for ever.
  const { message, stack } = describeThrown(error);
  return failed(error instanceof TaskFailure ? error.code : 'handler_error', message, usage, stack);
}

function failed(code: string, message: string, usage: Usage, stack?: string): AttemptOutcome {
  const error = { code, message: redactText(message) };
  return { status: 'failed', error: stack === undefined ? error : { ...error, stack: redactText(stack) }, usage };
}
