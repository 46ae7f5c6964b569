import type { AttemptFacts, TaskEventKind } from '@tracepost/contracts';
import type { AttemptHistory, EventPublisher, ReceivedNotification, Settlement } from '@tracepost/messaging';
import { ATTR, failSpan, type Telemetry } from '@tracepost/telemetry';
import { TaskFailure } from './failures.ts';
import type { AgentRunner, AttemptOutcome, AttemptServices } from './runner.ts';
import { buildTaskEvent, publishSurely, summarise } from './task-events.ts';

export interface WorkOptions {
  readonly runner: AgentRunner;
  readonly workerId: string;
  readonly events: EventPublisher;
  readonly telemetry: Telemetry;
  readonly stopping: AbortSignal;
}

/** One notification from `started` to its ending: events out, attempt run, and what becomes of the message. */
export async function workOnTask(options: WorkOptions, received: ReceivedNotification): Promise<Settlement> {
  const { runner, workerId, events, telemetry, stopping } = options;
  const { agent } = runner;
  const { notification, queueWaitMs, span } = received;
  const { logger } = telemetry;
  const ids = {
    agentId: agent.id,
    taskId: notification.taskId,
    ...(notification.correlationId === null ? {} : { correlationId: notification.correlationId }),
  };
  const task = summarise(agent.id, received);
  const startedAtMs = Date.now();
  const startedOn = performance.now();
  const beginning: AttemptFacts = {
    number: notification.attempt,
    startedAt: new Date(startedAtMs).toISOString(),
    queueWaitMs,
    workerId,
    spanId: span.spanContext().spanId,
  };
  // Not waited for: the ending carries the same facts, so a lost beginning loses nothing.
  void events.publishTaskEvent(buildTaskEvent('started', task, beginning));
  logger.info(
    { layer: 'queue', phase: 'hop', hopName: 'wait', hopResult: 'success', durationMs: queueWaitMs, ...ids },
    'notification taken from its queue',
  );

  const outcome = await runner.run(received, { signal: stopping, crashes: 0, services: NO_SERVICES });

  if (outcome.status === 'stopped' || outcome.status === 'crashed' || outcome.status === 'cancelled') {
    logger.warn(
      { layer: 'agent', phase: 'end', result: 'error', hopName: 'attempt', hopResult: 'stopped', ...ids },
      'given back: the worker is stopping',
    );
    return { status: 'give_back' };
  }
  const runMs = Math.round((performance.now() - startedOn) * 10) / 10;
  const attempt: AttemptFacts = {
    ...beginning,
    endedAt: new Date(startedAtMs + Math.ceil(runMs)).toISOString(),
    runMs,
  };
  observeEnding(options, received, outcome, runMs);
  const event = buildTaskEvent(kindOf(outcome), task, attempt, {
    usage: outcome.usage,
    ...(outcome.status === 'succeeded'
      ? { result: outcome.result, partial: outcome.isPartial }
      : { error: outcome.error }),
  });
  const isTold = await publishSurely(events, event);
  if (!isTold) {
    logger.error(
      { layer: 'queue', phase: 'end', result: 'error', hopName: 'publish', hopResult: 'unconfirmed', ...ids },
      'given back: the ending could not be told to the broker, the work will be done again',
    );
    return { status: 'give_back' };
  }
  if (outcome.status === 'succeeded') return { status: 'done' };
  return { status: 'dead_letter', reason: outcome.error.code, attempts: [historyOf(attempt, outcome)] };
}

type Ended = Extract<AttemptOutcome, { status: 'succeeded' | 'failed' | 'timed_out' }>;

const NO_SERVICES: AttemptServices = {
  tellStep: () => {},
  beginEffect: () => Promise.reject(new Error('effects need an inbox')),
  endEffect: () => Promise.reject(new Error('effects need an inbox')),
  forgetEffect: () => Promise.reject(new Error('effects need an inbox')),
};

function kindOf(outcome: Ended): TaskEventKind {
  return outcome.status;
}

function historyOf(attempt: AttemptFacts, outcome: Ended): AttemptHistory {
  const error = outcome.status === 'succeeded' ? null : { code: outcome.error.code, message: outcome.error.message };
  return {
    number: attempt.number,
    startedAt: attempt.startedAt,
    endedAt: attempt.endedAt ?? attempt.startedAt,
    workerId: attempt.workerId,
    error,
  };
}

function observeEnding(
  { runner: { agent }, telemetry }: WorkOptions,
  { notification, span }: ReceivedNotification,
  outcome: Ended,
  runMs: number,
): void {
  const { logger, metrics } = telemetry;
  const isGood = outcome.status === 'succeeded';
  const byOutcome = {
    'tracepost.agent.id': agent.id,
    // A type that the agent does not know could be any text, and each would be a series.
    'tracepost.notification.type': Object.hasOwn(agent.notifications, notification.notificationType)
      ? notification.notificationType
      : '_OTHER',
    'tracepost.outcome': outcome.status,
  };
  metrics.add('tracepost.agent.notifications', 1, byOutcome);
  metrics.record('tracepost.agent.processing.duration', runMs / 1000, byOutcome);
  metrics.add('tracepost.task.executions', 1, {
    'tracepost.agent.id': agent.id,
    'tracepost.task.status': outcome.status,
    // Messages may name any tenant; only the one that exists today has a series of its own.
    'tracepost.tenant.id': notification.tenantId === 'default' ? 'default' : '_OTHER',
  });
  metrics.record('tracepost.task.duration', Math.max(0, Date.now() - notification.acceptedAtMs) / 1000, {
    'tracepost.agent.id': agent.id,
    'tracepost.task.status': outcome.status,
  });
  metrics.record('tracepost.task.attempts', notification.attempt, { 'tracepost.agent.id': agent.id });
  metrics.record('tracepost.task.cost', outcome.usage.costUsd, { 'tracepost.agent.id': agent.id });
  span.setAttribute(ATTR.taskStatus, outcome.status);
  if (!isGood) failSpan(span, new TaskFailure(outcome.error.code, outcome.error.message));
  logger[isGood ? 'info' : 'error'](
    {
      layer: 'agent',
      phase: 'end',
      result: isGood ? 'success' : 'error',
      hopName: 'attempt',
      hopResult: outcome.status,
      durationMs: runMs,
      agentId: agent.id,
      taskId: notification.taskId,
      ...(notification.correlationId === null ? {} : { correlationId: notification.correlationId }),
      ...(isGood
        ? {}
        : {
            'error.code': outcome.error.code,
            'error.message': outcome.error.message,
            ...(outcome.error.stack === undefined ? {} : { 'error.stack': outcome.error.stack }),
          }),
    },
    `task ${outcome.status}`,
  );
}
