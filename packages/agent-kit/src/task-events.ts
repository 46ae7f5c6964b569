import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AttemptFacts,
  type TaskEvent,
  type TaskEventKind,
  type TaskSummary,
  taskEventId,
} from '@tracepost/contracts';
import type { EventPublisher, ReceivedNotification } from '@tracepost/messaging';
import type { EndedOutcome } from '@tracepost/stores';

/** What is told of a task besides kind and time. */
export type EventContent = Pick<
  TaskEvent,
  'result' | 'partial' | 'usage' | 'error' | 'stopReason' | 'step' | 'retryInMs'
>;

/** `number` where there is no attempt to tell of. */
export type EventFacts = { readonly at: string; readonly by: string } & (
  | { readonly attempt: AttemptFacts; readonly number?: number }
  | { readonly attempt?: undefined; readonly number: number }
);

export function summarise(agentId: string, { notification, span }: ReceivedNotification): TaskSummary {
  return {
    taskId: notification.taskId,
    agentId,
    notificationType: notification.notificationType,
    tenantId: notification.tenantId,
    priority: notification.priority,
    acceptedAt: new Date(notification.acceptedAtMs).toISOString(),
    source: notification.source,
    sessionId: notification.sessionId,
    correlationId: notification.correlationId,
    traceId: span.spanContext().traceId,
    parentTaskId: notification.parentTaskId,
    retryOf: notification.retryOf,
  };
}

export function buildTaskEvent(
  kind: TaskEventKind,
  task: TaskSummary,
  { at, by, attempt, number = attempt?.number ?? 0 }: EventFacts,
  content: EventContent = {},
): TaskEvent {
  return {
    eventId: taskEventId(task.taskId, number, kind),
    kind,
    at,
    by,
    task,
    ...(attempt ? { attempt } : {}),
    ...content,
  };
}

/** An attempt has many steps, and each is an event of its own. */
export function stepEvent(task: TaskSummary, attempt: AttemptFacts, step: string): TaskEvent {
  const at = new Date().toISOString();
  const event = buildTaskEvent('progress', task, { at, by: attempt.workerId, attempt }, { step });
  return { ...event, eventId: taskEventId(`${task.taskId}\n${at}`, attempt.number, 'progress') };
}

const TRIES = 3;
const PAUSE_MS = 200;

/**
 * True once the broker has it. The end of a task is told before its message is let go, so that no ending is lost; while
 * the broker is away the message comes again anyway, hence few tries.
 */
export async function publishSurely(events: EventPublisher, ...told: [TaskEvent, ...TaskEvent[]]): Promise<boolean> {
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const outcome = await events.publishTaskEvents(told);
    if (outcome.status === 'confirmed') return true;
    if (attempt < TRIES) await sleep(PAUSE_MS);
  }
  return false;
}

/**
 * Tells that attempts began whose workers are gone; true once the broker has it. They may have told it themselves: then
 * this is the same event once more, which changes nothing.
 */
export async function tellLost(
  events: EventPublisher,
  task: TaskSummary,
  lostAttempts: readonly AttemptFacts[],
): Promise<boolean> {
  const beginnings = lostAttempts.map((attempt) =>
    buildTaskEvent('started', task, { at: attempt.startedAt, by: attempt.workerId, attempt }),
  );
  return tellTogether(events, beginnings);
}

/** Tells of attempts that failed and were to be tried again, whose workers may have been gone before they could; otherwise like `tellLost`. */
export async function tellFailed(events: EventPublisher, failedAttempts: readonly TaskEvent[]): Promise<boolean> {
  return tellTogether(events, failedAttempts);
}

/** All of a task's past that its inbox kept, before its ending is told. */
export async function tellHistory(
  events: EventPublisher,
  { event: { task }, lostAttempts, failedAttempts }: EndedOutcome,
): Promise<boolean> {
  return (await tellLost(events, task, lostAttempts)) && (await tellFailed(events, failedAttempts));
}

async function tellTogether(events: EventPublisher, [first, ...others]: readonly TaskEvent[]): Promise<boolean> {
  return first ? publishSurely(events, first, ...others) : true;
}
