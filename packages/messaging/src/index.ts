export * from './broker.ts';
export { createEventPublisher, type EventPublisher, type ReadEvent, readEvent } from './events.ts';
export { type IncomingNotification, type ReadNotification, readNotification } from './incoming-notification.ts';
export { MESSAGING_SYSTEM } from './messaging-system.ts';
export {
  type AttemptHistory,
  type BrokenMessage,
  consumeNotifications,
  type ReceivedNotification,
  type Settlement,
} from './notification-consumer.ts';
export { createNotificationPublisher, type NotificationPublisher } from './notification-publisher.ts';
export { buildNotificationMessage, type OutgoingNotification } from './outgoing-notification.ts';
export * from './topology.ts';
export { readTextHeader, readTraceContext, writeTraceContext } from './trace-headers.ts';
