import type { TaskRecord, TaskSummary } from '@tracepost/contracts';

/** What an event says of its task, from the record of it. */
export function summaryOf(record: TaskRecord): TaskSummary {
  const { taskId, agentId, notificationType, tenantId, priority, acceptedAt } = record;
  const { source, sessionId, correlationId, traceId, parentTaskId, retryOf, idempotencyKey } = record;
  return {
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
    retryOf,
    idempotencyKey,
  };
}
