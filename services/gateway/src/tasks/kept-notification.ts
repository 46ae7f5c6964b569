import { AMQP_PRIORITY, AMQP_PROPERTY_PREFIX, type TaskRecord } from '@tracepost/contracts';
import { type IncomingMessage, type OutgoingNotification, readNotification } from '@tracepost/messaging';
import type { DeadLetter, KeptPayload } from '@tracepost/stores';

/** A notification that can be sent again as it was; null when the message cannot be read. */
export type KeptNotification = Omit<OutgoingNotification, 'agentId' | 'taskId' | 'correlationId' | 'retryOf'> & {
  readonly correlationId: string | null;
};

/** The raw message of a task as its worker first saw it. */
export function readKeptPayload({ body }: KeptPayload, record: TaskRecord): KeptNotification | null {
  return read({
    ...EMPTY,
    body,
    headers: { 'x-tenant-id': record.tenantId },
    messageId: record.taskId,
    type: record.notificationType,
    priority: AMQP_PRIORITY[record.priority],
    ...(record.source === null ? {} : { appId: record.source }),
    ...(record.correlationId === null ? {} : { correlationId: record.correlationId }),
  });
}

/** A dead letter; its properties stand among its headers. */
export function readKeptLetter({ body, headers, notificationType }: DeadLetter): KeptNotification | null {
  const property = (name: string): unknown => headers[AMQP_PROPERTY_PREFIX + name];
  const messageId = textOf(property('message_id'));
  const appId = textOf(property('app_id'));
  const correlationId = textOf(property('correlation_id'));
  const priority = property('priority');
  return read({
    ...EMPTY,
    body,
    headers,
    ...(messageId === null ? {} : { messageId }),
    ...(notificationType === null ? {} : { type: notificationType }),
    ...(appId === null ? {} : { appId }),
    ...(correlationId === null ? {} : { correlationId }),
    ...(typeof priority === 'number' ? { priority } : {}),
  });
}

const EMPTY = { exchange: '', routingKey: '' } as const;

function read(message: IncomingMessage): KeptNotification | null {
  const incoming = readNotification(message, Date.now());
  if (incoming.status === 'broken') return null;
  const { notificationType, data, source, correlationId, sessionId, tenantId, priority } = incoming.notification;
  const { timeoutMs, budget, parentTaskId, depth } = incoming.notification;
  return {
    notificationType,
    data,
    source: source ?? 'http',
    correlationId,
    sessionId,
    tenantId,
    priority,
    timeoutMs,
    budget,
    parentTaskId,
    depth,
  };
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
