import { randomUUID } from 'node:crypto';
import {
  type AgentAnnouncement,
  type AttemptFacts,
  type TaskEvent,
  type TaskEventKind,
  type TaskSummary,
  taskEventId,
} from '@tracepost/contracts';

const NOON_MS = Date.UTC(2026, 10, 21, 12);

/** ISO time, so many milliseconds after a fixed noon. */
export function sampleTime(offsetMs: number): string {
  return new Date(NOON_MS + offsetMs).toISOString();
}

export function sampleTask(summary: Partial<TaskSummary> = {}): TaskSummary {
  return {
    taskId: randomUUID(),
    agentId: 'weather',
    notificationType: 'weather.forecast',
    tenantId: 'default',
    priority: 'normal',
    acceptedAt: sampleTime(0),
    source: 'contract',
    sessionId: null,
    correlationId: null,
    traceId: null,
    parentTaskId: null,
    ...summary,
  };
}

/** An event of this task, `offsetMs` after its noon; `said` puts in the rest. */
export function sampleEvent(
  task: TaskSummary,
  kind: TaskEventKind,
  offsetMs: number,
  said: Partial<TaskEvent> = {},
): TaskEvent {
  return {
    eventId: taskEventId(task.taskId, said.attempt?.number ?? 0, kind),
    kind,
    at: sampleTime(offsetMs),
    by: said.attempt?.workerId ?? 'gateway',
    task,
    ...said,
  };
}

/** A task that fails once and then succeeds: five events, in the order in which they happened. */
export function sampleLife(task: TaskSummary, result: unknown = { said: 'done' }): TaskEvent[] {
  return [
    sampleEvent(task, 'accepted', 0),
    sampleEvent(task, 'started', 10, { attempt: attempt(1, 10) }),
    sampleEvent(task, 'attempt_failed', 20, {
      attempt: attempt(1, 10, 20),
      error: { code: 'tool_error', message: 'The tool did not answer' },
    }),
    sampleEvent(task, 'started', 40, { attempt: attempt(2, 40) }),
    sampleEvent(task, 'succeeded', 60, { attempt: attempt(2, 40, 60), result }),
  ];
}

export function sampleAnnouncement(said: Partial<AgentAnnouncement> = {}): AgentAnnouncement {
  return {
    agentId: 'weather',
    description: 'Forecasts',
    version: '1.0.0',
    workerId: 'worker-1',
    capacity: 10,
    state: 'running',
    at: sampleTime(0),
    notificationTypes: [{ type: 'weather.forecast', description: 'A forecast', schema: { type: 'object' } }],
    ...said,
  };
}

function attempt(number: number, startedAt: number, endedAt?: number): AttemptFacts {
  return {
    number,
    startedAt: sampleTime(startedAt),
    queueWaitMs: 3.5,
    workerId: 'worker-1',
    spanId: '00f067aa0ba902b7',
    ...(endedAt === undefined ? {} : { endedAt: sampleTime(endedAt), runMs: endedAt - startedAt }),
  };
}
