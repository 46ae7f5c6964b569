import { type TaskEvent, type TaskEventKind, taskEventId } from '@tracepost/contracts';

/** An event of a task; times grow with `second`. */
export function givenEvent(
  taskId: string,
  kind: TaskEventKind,
  { second = 0, traceId = 'a'.repeat(32), spanId = null as string | null, result = undefined as unknown } = {},
): TaskEvent {
  const at = new Date(Date.UTC(2026, 10, 21, 9, 0, second)).toISOString();
  const isEnd = kind !== 'started' && kind !== 'accepted';
  return {
    eventId: taskEventId(taskId, 1, kind),
    kind,
    at,
    by: kind === 'accepted' ? 'gateway' : 'worker-1',
    task: {
      taskId,
      agentId: 'weather',
      notificationType: 'weather.forecast',
      tenantId: 'default',
      priority: 'normal',
      acceptedAt: '2026-11-21T09:00:00.000Z',
      source: 'test',
      sessionId: null,
      correlationId: null,
      traceId,
      parentTaskId: null,
    },
    ...(kind === 'accepted'
      ? {}
      : {
          attempt: {
            number: 1,
            startedAt: at,
            queueWaitMs: 1,
            workerId: 'worker-1',
            spanId,
            ...(isEnd ? { endedAt: at, runMs: 5 } : {}),
          },
        }),
    ...(result === undefined ? {} : { result }),
  };
}
