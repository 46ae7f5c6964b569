import type { ConsumeMessage, Options } from 'amqplib';
import type { IncomingMessage, OutgoingMessage } from '../broker.ts';

/** Always persistent: a queue on disk makes no promise about a message that is not. */
export function publishOptions(message: OutgoingMessage): Options.Publish {
  // One literal with absent members as `undefined`, as the library reads them: this runs for every publish.
  const options = {
    mandatory: message.mandatory,
    persistent: true,
    headers: message.headers,
    messageId: message.messageId,
    type: message.type,
    appId: message.appId,
    correlationId: message.correlationId,
    timestamp: message.timestamp,
    priority: message.priority,
    contentType: message.contentType,
    contentEncoding: message.contentEncoding,
    replyTo: message.replyTo,
  };
  return options as Options.Publish;
}

export function incomingMessage({ content, fields, properties }: ConsumeMessage): IncomingMessage {
  const { messageId, type, appId, correlationId, timestamp, priority, contentType, contentEncoding, replyTo } =
    properties;
  return {
    exchange: fields.exchange,
    routingKey: fields.routingKey,
    body: content,
    headers: properties.headers ?? {},
    ...(messageId === undefined ? {} : { messageId }),
    ...(type === undefined ? {} : { type }),
    ...(appId === undefined ? {} : { appId }),
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(timestamp === undefined ? {} : { timestamp }),
    ...(priority === undefined ? {} : { priority }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(contentEncoding === undefined ? {} : { contentEncoding }),
    ...(replyTo === undefined ? {} : { replyTo }),
  };
}

/** How often it came back before; the broker writes it, so a publisher's own header on a first delivery is not believed. */
export function deliveryCount({ fields, properties }: ConsumeMessage): number {
  if (!fields.redelivered) return 0;
  const count: unknown = properties.headers?.['x-delivery-count'];
  return typeof count === 'number' && count > 0 ? count : 0;
}
