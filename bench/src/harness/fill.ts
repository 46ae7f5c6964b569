import { buildNotificationMessage } from '@tracepost/messaging';
import { connect, type Options } from 'amqplib';
import { v7 } from 'uuid';
import { notification } from './queues.ts';

export interface Filler {
  /** Puts so many notifications into a queue, each with an id of its own; resolves when all are confirmed. */
  fill(queue: string, count: number, notificationType?: string): Promise<void>;
  /** Calls back for each task that ended well. */
  onSucceeded(agentId: string, listener: () => void): Promise<void>;
  close(): Promise<void>;
}

/** Fills queues from the core of the broker, so that the system under test only has to take. */
export async function startFiller(url: string): Promise<Filler> {
  const connection = await connect(url);
  const channel = await connection.createConfirmChannel();
  return {
    async fill(queue, count, notificationType) {
      for (let sent = 0; sent < count; ) {
        for (const end = Math.min(count, sent + 1_000); sent < end; sent++) {
          const message = buildNotificationMessage(notification(v7(), notificationType), {
            now: Date.now(),
            traceHeaders: {},
          });
          const { body, messageId, type, appId, correlationId, timestamp, priority, contentType, headers } = message;
          const options = { messageId, type, appId, correlationId, timestamp, priority, contentType, headers };
          channel.publish('', queue, body, { ...options, persistent: true } as Options.Publish);
        }
        await channel.waitForConfirms();
      }
    },
    async onSucceeded(agentId, listener) {
      await channel.assertExchange('events', 'topic', { durable: true });
      const { queue } = await channel.assertQueue('', { exclusive: true });
      await channel.bindQueue(queue, 'events', `task.${agentId}.succeeded`);
      await channel.consume(queue, listener, { noAck: true });
    },
    close: () => connection.close(),
  };
}
