import { type TaskEvent, taskEventId } from '@tracepost/contracts';
import type { OutgoingNotification } from '@tracepost/messaging';

/** The first event in the life of a task: the broker has confirmed it, or it lies in the outbox. */
export function buildAcceptedEvent(
  notification: OutgoingNotification,
  {
    traceId,
    acceptedAt,
    idempotencyKey = null,
  }: { readonly traceId: string; readonly acceptedAt: string; readonly idempotencyKey?: string | null },
): TaskEvent {
  const { taskId, agentId, notificationType, tenantId, priority, source, sessionId, correlationId, parentTaskId } =
    notification;
  return {
    eventId: taskEventId(taskId, 0, 'accepted'),
    kind: 'accepted',
    at: acceptedAt,
    by: 'gateway',
    task: {
      taskId,
      agentId,
      notificationType,
      tenantId,
      priority,
      acceptedAt,
      source,
      sessionId,
      correlationId,
      traceId,
      parentTaskId,
      ...(notification.retryOf ? { retryOf: notification.retryOf } : {}),
      ...(idempotencyKey === null ? {} : { idempotencyKey }),
    },
  };
}
