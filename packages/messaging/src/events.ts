import {
  type AgentAnnouncement,
  faultOfAnnouncement,
  faultOfTaskEvent,
  type TaskEvent,
  taskEventKey,
} from '@tracepost/contracts';
import type { Broker, IncomingMessage, OutgoingMessage, PublishOutcome } from './broker.ts';
import { EVENTS_EXCHANGE } from './topology.ts';

export interface EventPublisher {
  publishTaskEvent(event: TaskEvent): Promise<PublishOutcome>;
  publishAnnouncement(announcement: AgentAnnouncement): Promise<PublishOutcome>;
}

/** Task events and announcements on the topic exchange `events`; no spans of their own, they tell of spans. */
export function createEventPublisher({ broker }: { readonly broker: Broker }): EventPublisher {
  const publish = (routingKey: string, type: string, messageId: string | undefined, content: unknown) => {
    const message: OutgoingMessage = {
      exchange: EVENTS_EXCHANGE,
      routingKey,
      mandatory: false,
      body: Buffer.from(JSON.stringify(content)),
      headers: {},
      type,
      timestamp: Math.floor(Date.now() / 1000),
      contentType: 'application/json',
      ...(messageId === undefined ? {} : { messageId }),
    };
    return broker.publish(message);
  };
  return {
    publishTaskEvent: (event) =>
      publish(taskEventKey(event.task.agentId, event.kind), `task.${event.kind}`, event.eventId, event),
    publishAnnouncement: (announcement) =>
      publish(`agent.announce.${announcement.agentId}`, 'agent.announce', undefined, announcement),
  };
}

export type ReadEvent =
  | { readonly kind: 'task'; readonly event: TaskEvent }
  | { readonly kind: 'announcement'; readonly announcement: AgentAnnouncement }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** Tells by the routing key what a message on `events` is, and checks it; never throws. */
export function readEvent(message: IncomingMessage): ReadEvent {
  const content = parse(message.body);
  if (content === undefined) return { kind: 'unreadable', reason: 'the body is not JSON' };
  if (message.routingKey.startsWith('task.')) {
    const fault = faultOfTaskEvent(content);
    return fault === null ? { kind: 'task', event: content as TaskEvent } : { kind: 'unreadable', reason: fault };
  }
  if (message.routingKey.startsWith('agent.announce.')) {
    const fault = faultOfAnnouncement(content);
    if (fault !== null) return { kind: 'unreadable', reason: fault };
    return { kind: 'announcement', announcement: content as AgentAnnouncement };
  }
  return { kind: 'unreadable', reason: `nothing is known of the routing key "${message.routingKey.slice(0, 100)}"` };
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
