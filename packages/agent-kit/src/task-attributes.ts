import type { IncomingNotification } from '@tracepost/messaging';
import { ATTR } from '@tracepost/telemetry';

/** What every span of a task carries, so that it is found by any of them. */
export function taskAttributes(agentId: string, notification: IncomingNotification): Record<string, string> {
  const { taskId, notificationType, tenantId, source, sessionId } = notification;
  return {
    [ATTR.agentId]: agentId,
    [ATTR.taskId]: taskId,
    [ATTR.notificationType]: notificationType,
    [ATTR.tenantId]: tenantId,
    ...(source === null ? {} : { [ATTR.source]: source }),
    ...(sessionId === null ? {} : { [ATTR.sessionId]: sessionId }),
  };
}
