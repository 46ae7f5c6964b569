import {
  type AgentActivity,
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
  /**
   * Several events of one agent and one kind in one message, whose body is then an array. What a queue on disk costs is
   * counted in messages, not in bytes, and under load `accepted` would cost as much as the notification itself.
   */
  publishTaskEvents(events: readonly [TaskEvent, ...TaskEvent[]]): Promise<PublishOutcome>;
  publishAnnouncement(announcement: AgentAnnouncement): Promise<PublishOutcome>;
  /** What one agent did in the last minute. */
  publishAgentActivity(activity: AgentActivity): Promise<PublishOutcome>;
}

/** Task events and announcements on the topic exchange `events`; no spans of their own, they tell of spans. */
export function createEventPublisher({ broker }: { readonly broker: Pick<Broker, 'publish'> }): EventPublisher {
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
  const publishTaskEvents: EventPublisher['publishTaskEvents'] = (events) => {
    const [{ task, kind, eventId }] = events;
    const content = events.length === 1 ? events[0] : events;
    return publish(taskEventKey(task.agentId, kind), `task.${kind}`, eventId, content);
  };
  return {
    publishTaskEvent: (event) => publishTaskEvents([event]),
    publishTaskEvents,
    publishAnnouncement: (announcement) =>
      publish(`agent.announce.${announcement.agentId}`, 'agent.announce', undefined, announcement),
    publishAgentActivity: (activity) =>
      publish(`agent.metric.${activity.agentId}`, 'agent.metric', undefined, activity),
  };
}

export type ReadEvent =
  | { readonly kind: 'tasks'; readonly events: readonly TaskEvent[] }
  | { readonly kind: 'announcement'; readonly announcement: AgentAnnouncement }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** Tells by the routing key what a message on `events` is, and checks it; never throws. */
export function readEvent(message: IncomingMessage): ReadEvent {
  const content = parse(message.body);
  if (content === undefined) return { kind: 'unreadable', reason: 'the body is not JSON' };
  if (message.routingKey.startsWith('task.')) {
    return readTaskEvents(Array.isArray(content) ? content : [content]);
  }
  if (message.routingKey.startsWith('agent.announce.')) {
    const fault = faultOfAnnouncement(content);
    if (fault !== null) return { kind: 'unreadable', reason: fault };
    return { kind: 'announcement', announcement: content as AgentAnnouncement };
  }
  return { kind: 'unreadable', reason: `nothing is known of the routing key "${message.routingKey.slice(0, 100)}"` };
}

function readTaskEvents(events: readonly unknown[]): ReadEvent {
  for (const event of events) {
    const fault = faultOfTaskEvent(event);
    if (fault !== null) return { kind: 'unreadable', reason: fault };
  }
  return { kind: 'tasks', events: events as readonly TaskEvent[] };
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
