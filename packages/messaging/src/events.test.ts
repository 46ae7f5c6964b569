import { type TaskEvent, type TaskEventKind, taskEventId } from '@tracepost/contracts';
import { describe, expect, it } from 'vitest';
import type { Broker, OutgoingMessage } from './broker.ts';
import { createEventPublisher, readEvent } from './events.ts';

const at = '2026-11-21T09:00:00.000Z';

describe('task events on the exchange', () => {
  it('go out one a message, under the key of agent and kind', async () => {
    const [message] = await sent((events) => events.publishTaskEvent(event('t-1', 'started')));
    expect(message).toMatchObject({ exchange: 'events', routingKey: 'task.weather.started', type: 'task.started' });
    expect(JSON.parse(message?.body.toString() ?? '')).toMatchObject({ kind: 'started', task: { taskId: 't-1' } });
  });

  it('go out together when they came together, and are read one by one', async () => {
    const both = [event('t-1', 'accepted'), event('t-2', 'accepted')] as const;
    const [message] = await sent((events) => events.publishTaskEvents(both));
    expect(message?.routingKey).toBe('task.weather.accepted');
    expect(read(message)).toEqual({ kind: 'tasks', events: both });
  });

  it('are one event when there is only one, not an array', async () => {
    const [message] = await sent((events) => events.publishTaskEvents([event('t-1', 'accepted')]));
    expect(Array.isArray(JSON.parse(message?.body.toString() ?? ''))).toBe(false);
    expect(read(message)).toEqual({ kind: 'tasks', events: [event('t-1', 'accepted')] });
  });

  it.each<[string, string, unknown]>([
    ['one of several that is no event', 'task.weather.accepted', [event('t-1', 'accepted'), { kind: 'accepted' }]],
    ['an unknown kind', 'task.weather.accepted', { ...event('t-1', 'accepted'), kind: 'started-ish' }],
    ['an announcement without its schema', 'agent.announce.weather', { agentId: 'weather' }],
    ['a key that nobody knows', 'agent.metric.weather', {}],
  ])('cannot be read, and say why, when they hold %s', (_what, routingKey, content) => {
    const message = { exchange: 'events', routingKey, headers: {}, body: Buffer.from(JSON.stringify(content)) };
    expect(readEvent(message)).toEqual({ kind: 'unreadable', reason: expect.stringMatching(/./) });
  });
});

async function sent(publish: (events: ReturnType<typeof createEventPublisher>) => Promise<unknown>) {
  const messages: OutgoingMessage[] = [];
  const broker: Pick<Broker, 'publish'> = {
    publish: async (message) => {
      messages.push(message);
      return { status: 'confirmed' };
    },
  };
  await publish(createEventPublisher({ broker: broker as Broker }));
  return messages;
}

function read(message: OutgoingMessage | undefined) {
  return readEvent({ exchange: 'events', routingKey: '', headers: {}, body: Buffer.alloc(0), ...message });
}

function event(taskId: string, kind: TaskEventKind): TaskEvent {
  return {
    eventId: taskEventId(taskId, 1, kind),
    kind,
    at,
    by: 'gateway',
    task: {
      taskId,
      agentId: 'weather',
      notificationType: 'weather.forecast',
      tenantId: 'default',
      priority: 'normal',
      acceptedAt: at,
      source: null,
      sessionId: null,
      correlationId: null,
      traceId: null,
      parentTaskId: null,
    },
  };
}
