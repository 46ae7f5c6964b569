import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAgentHost } from '@tracepost/agent-kit';
import type { TaskEvent } from '@tracepost/contracts';
import { createNotificationPublisher, RECORDER_QUEUE, readEvent } from '@tracepost/messaging';
import { openEmbeddedBroker } from '@tracepost/messaging/embedded';
import { openFileArtifactStore } from '@tracepost/store-files';
import { createTelemetry } from '@tracepost/telemetry';
import { expect, it } from 'vitest';
import { greeter } from './greeter.ts';

it.each([
  ['1', { kind: 'succeeded', result: { greeting: 'Good morning, Ada!' } }],
  ['3', { kind: 'failed', error: { code: 'unknown_user', message: 'there is no user 3' } }],
])('the greeter, asked for user %s, ends as it should', async (userId, expected) => {
  expect(await endingOf({ userId })).toMatchObject(expected);
});

/** Sends one notification through a real queue to the agent, and waits for what it says at the end. */
async function endingOf(data: unknown): Promise<TaskEvent> {
  const folder = await mkdtemp(join(tmpdir(), 'greeter-'));
  const telemetry = createTelemetry({ serviceName: 'greeter-test' });
  const broker = await openEmbeddedBroker({ path: join(folder, 'queue.db'), telemetry });
  const artifacts = await openFileArtifactStore({ folder: join(folder, 'artifacts'), telemetry });
  const host = createAgentHost({ agents: [greeter], broker, inbox: null, artifacts, telemetry, workerId: 'test' });
  try {
    await host.start();
    const ending = new Promise<TaskEvent>((resolve) => {
      void broker.consume({
        queue: RECORDER_QUEUE,
        prefetch: 10,
        onDelivery(delivery) {
          const read = readEvent(delivery.message);
          if (read.kind === 'tasks') for (const event of read.events) if (event.kind !== 'started') resolve(event);
          delivery.ack();
        },
      });
    });
    await createNotificationPublisher({ broker, telemetry }).publish({
      agentId: greeter.id,
      taskId: 'task-1',
      notificationType: 'greeting.wanted',
      data,
      source: 'test',
      correlationId: 'c-1',
      sessionId: null,
      tenantId: 'default',
      priority: 'normal',
      timeoutMs: null,
      budget: null,
      parentTaskId: null,
      depth: 0,
    });
    return await ending;
  } finally {
    await host.close();
    await broker.close();
    await artifacts.close();
    await rm(folder, { recursive: true, force: true });
  }
}
