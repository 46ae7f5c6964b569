import { AMQP_PRIORITY, type Budget, type NotificationEnvelope, type Priority } from '@tracepost/contracts';
import { isoTime } from '@tracepost/telemetry';
import type { HeaderValue, OutgoingMessage } from './broker.ts';
import { AGENTS_EXCHANGE, agentQueueName } from './topology.ts';

/** A notification on its way to one agent; null where there is none. */
export interface OutgoingNotification {
  readonly agentId: string;
  readonly taskId: string;
  readonly notificationType: string;
  readonly data: unknown;
  readonly source: string;
  readonly correlationId: string;
  readonly sessionId: string | null;
  readonly tenantId: string;
  readonly priority: Priority;
  readonly timeoutMs: number | null;
  readonly budget: Budget | null;
  readonly parentTaskId: string | null;
  readonly depth: number;
  /** The ended task that this one repeats. */
  readonly retryOf?: string | null;
  /** Tells this message from an earlier one of the same task, when there may be one. */
  readonly copy?: string;
}

export const ENVELOPE_VERSION = 1;

/** The AMQP message of a notification: CloudEvents words in the body, the broker's own words around it. */
export function buildNotificationMessage(
  notification: OutgoingNotification,
  { now, traceHeaders }: { readonly now: number; readonly traceHeaders: Readonly<Record<string, HeaderValue>> },
): OutgoingMessage {
  const { agentId, taskId, notificationType, source, correlationId, tenantId, priority } = notification;
  const envelope: NotificationEnvelope = {
    specversion: '1.0',
    id: taskId,
    source,
    type: notificationType,
    time: isoTime(now),
    subject: agentId,
    datacontenttype: 'application/json',
    data: notification.data,
    correlationid: correlationId,
    sessionid: notification.sessionId,
    parenttaskid: notification.parentTaskId,
    depth: notification.depth,
  };
  if (notification.timeoutMs !== null) envelope.timeoutms = notification.timeoutMs;
  if (notification.retryOf) envelope.retryof = notification.retryOf;
  if (notification.budget !== null) envelope.budget = notification.budget;
  const headers: Record<string, HeaderValue> = {
    ...traceHeaders,
    'x-tenant-id': tenantId,
    'x-envelope-version': ENVELOPE_VERSION,
    'x-published-at-ms': now,
  };
  if (notification.copy !== undefined) headers['x-copy'] = notification.copy;
  return {
    exchange: AGENTS_EXCHANGE,
    routingKey: agentQueueName(agentId),
    mandatory: true,
    body: Buffer.from(JSON.stringify(envelope)),
    headers,
    messageId: taskId,
    type: notificationType,
    appId: source,
    correlationId,
    timestamp: Math.floor(now / 1000),
    priority: AMQP_PRIORITY[priority],
    contentType: 'application/json',
  };
}
