import type { ControlMessage } from '@tracepost/contracts';
import { expect, test } from 'vitest';
import type { Broker, IncomingMessage, OutgoingMessage } from './broker.ts';
import { createControlPublisher, readControl } from './control.ts';
import { controlTopology } from './topology.ts';

const cancel: ControlMessage = {
  action: 'cancel',
  taskId: 'task-1',
  agentId: 'weather',
  at: '2026-11-21T09:00:00.000Z',
  by: 'http',
};

test('what is said to the workers of an agent is read as it was sent, by those who listen for that agent', async () => {
  const message = await sent(cancel);
  expect(message).toMatchObject({ exchange: 'control', routingKey: 'task.weather.cancel', mandatory: false });
  expect(readControl(message)).toEqual({ status: 'read', control: cancel });
  expect(controlTopology('control.worker-1', ['weather', 'bg-remover'])).toEqual({
    exchanges: [{ name: 'control', type: 'topic' }],
    queues: [{ kind: 'transient', name: 'control.worker-1', maxLength: 10_000 }],
    bindings: [
      { queue: 'control.worker-1', exchange: 'control', key: 'task.weather.cancel' },
      { queue: 'control.worker-1', exchange: 'control', key: 'task.bg-remover.cancel' },
    ],
  });
});

test.each<[string, Partial<IncomingMessage>]>([
  ['no JSON', { body: Buffer.from('{') }],
  ['another action', { body: Buffer.from(JSON.stringify({ ...cancel, action: 'kill' })) }],
  ['no task', { body: Buffer.from(JSON.stringify({ ...cancel, taskId: undefined })) }],
  ['another agent', { routingKey: 'task.bg-remover.cancel' }],
])('a control message with %s is not obeyed', async (_what, change) => {
  expect(readControl({ ...(await sent(cancel)), ...change })).toMatchObject({ status: 'unreadable' });
});

async function sent(message: ControlMessage): Promise<OutgoingMessage> {
  const messages: OutgoingMessage[] = [];
  const broker: Pick<Broker, 'publish'> = {
    publish: async (one) => {
      messages.push(one);
      return { status: 'confirmed' };
    },
  };
  await createControlPublisher({ broker: broker as Broker }).publish(message);
  const [first] = messages;
  if (!first) throw new Error('nothing was sent');
  return first;
}
