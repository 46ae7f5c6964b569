import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentAnnouncement, TaskEvent } from '@tracepost/contracts';
import {
  type Broker,
  createNotificationPublisher,
  type IncomingMessage,
  type OutgoingNotification,
  readEvent,
} from '@tracepost/messaging';
import { openEmbeddedBroker } from '@tracepost/messaging/embedded';
import { openFileArtifactStore } from '@tracepost/store-files';
import type { ArtifactStore } from '@tracepost/stores';
import { createTelemetry } from '@tracepost/telemetry';
import Type from 'typebox';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Agent,
  type AgentHost,
  createAgentHost,
  defineAgent,
  defineTool,
  onNotification,
  TaskFailure,
} from '../src/index.ts';

const telemetry = createTelemetry({ serviceName: 'test' });
const Payload = Type.Object({ what: Type.String() }, { additionalProperties: false });

let folder: string;
let broker: Broker;
let artifacts: ArtifactStore;
let host: AgentHost | undefined;
let events: TaskEvent[];
let announcements: AgentAnnouncement[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tracepost-agent-kit-'));
  broker = await openEmbeddedBroker({ path: join(folder, 'queue.db'), telemetry });
  artifacts = await openFileArtifactStore({ folder: join(folder, 'artifacts'), telemetry });
  events = [];
  announcements = [];
  await broker.declare({
    exchanges: [{ name: 'events', type: 'topic' }],
    queues: [{ kind: 'transient', name: 'test' }],
    bindings: [{ queue: 'test', exchange: 'events', key: '#' }],
  });
  await broker.consume({
    queue: 'test',
    prefetch: 100,
    onDelivery(delivery) {
      const read = readEvent(delivery.message);
      if (read.kind === 'tasks') events.push(...read.events);
      if (read.kind === 'announcement') announcements.push(read.announcement);
      delivery.ack();
    },
  });
});

afterEach(async () => {
  await host?.close();
  host = undefined;
  await broker.close();
  await artifacts.close();
  await rm(folder, { recursive: true, force: true });
});

describe('an agent host', () => {
  it('tells started and succeeded, with result, usage and the facts of the attempt', async () => {
    const double = defineTool({ name: 'double', description: 'twice', run: async (text: string) => text + text });
    await run(
      agentOf(async ({ useTool, addCost }, { what }) => {
        for (let i = 0; i < 10; i++) addCost(0.1);
        return { text: await useTool(double, what) };
      }),
    );
    await publish({ what: 'ab' });
    const ending = await nextEnding();
    expect(events.map((event) => event.kind)).toEqual(['started', 'succeeded']);
    expect(ending).toMatchObject({
      kind: 'succeeded',
      result: { text: 'abab' },
      // Ten times a tenth: as floating-point numbers that would be 0.9999999999999999.
      usage: { toolCalls: 1, costUsd: 1 },
      task: { taskId: 'task-1', agentId: 'tester', sessionId: 's', correlationId: 'c', source: 'test' },
      attempt: { number: 1, workerId: 'worker-1' },
    });
    expect(ending.attempt?.queueWaitMs).toBeGreaterThanOrEqual(0);
    expect(await depth('agent.tester.dead')).toBe(0);
  });

  it('fails a task with the code of its handler, and keeps the message aside with its history', async () => {
    await run(
      agentOf(async () => {
        throw new TaskFailure('out_of_paper', 'the printer has no paper');
      }),
    );
    await publish({ what: 'x' });
    expect(await nextEnding()).toMatchObject({ kind: 'failed', error: { code: 'out_of_paper' } });
    const dead = await nextDead();
    expect(dead.messageId).toBe('task-1');
    expect(dead.headers['x-dead-reason']).toBe('out_of_paper');
    expect(JSON.parse(String(dead.headers['x-attempts']))).toMatchObject([
      { number: 1, workerId: 'worker-1', error: { code: 'out_of_paper', message: 'the printer has no paper' } },
    ]);
  });

  it.each<[string, unknown, string]>([
    ['a payload against the schema', { other: 1 }, 'invalid_payload'],
    ['an error of the handler’s own', { what: 'throw' }, 'handler_error'],
    ['a tool that breaks', { what: 'tool' }, 'tool_error'],
    ['a result that is no JSON', { what: 'circle' }, 'invalid_result'],
  ])('fails %s with its code', async (_what, payload, code) => {
    const broken = defineTool({ name: 'broken', description: 'breaks', run: () => Promise.reject(new Error('snap')) });
    await run(
      agentOf(async ({ useTool }, { what }) => {
        if (what === 'throw') throw new Error('oops');
        if (what === 'tool') await useTool(broken, null);
        const circle: Record<string, unknown> = {};
        circle.self = circle;
        return circle;
      }),
    );
    await publish(payload);
    expect(await nextEnding()).toMatchObject({ kind: 'failed', error: { code } });
  });

  it.each<[string, unknown, string]>([
    ['has no text', Object.create(null), '[object Object]'],
    ['has a message that is no text', Object.assign(new Error(), { message: 7, stack: ['a'] }), '7'],
    ['is nothing', undefined, 'undefined'],
    ['is longer than the broker takes', new Error('x'.repeat(17 * 1024 * 1024)), `${'x'.repeat(4_000)}…`],
  ])('fails once with what was thrown, also when it %s', async (_what, thrown, message) => {
    let runs = 0;
    await run(
      agentOf(async () => {
        runs += 1;
        throw thrown;
      }),
    );
    await publish({ what: 'x' });
    const { error } = await nextEnding();
    expect(error?.code).toBe('handler_error');
    expect(error?.message.startsWith(message)).toBe(true);
    await nextDead();
    expect(runs).toBe(1);
  });

  it('takes a result that comes at once and not by a promise, and a log line of anything', async () => {
    const handle = ({ logger }: { logger: { info(fields: object, message: string): void } }) => {
      const circle: Record<string, unknown> = { big: 1n };
      circle.self = circle;
      logger.info({ circle, big: 1n, error: Object.create(null) }, 'odd');
      return 'at once';
    };
    await run(agentOf(handle as unknown as Parameters<typeof agentOf>[0]));
    await publish({ what: 'x' });
    expect(await nextEnding()).toMatchObject({ kind: 'succeeded', result: 'at once' });
  });

  it('gives the time that was asked for, also when it is longer than a timer can be', async () => {
    await run(
      agentOf(async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return 'in time';
      }),
    );
    await publish({ what: 'x' }, { timeoutMs: 2 ** 40 });
    expect(await nextEnding()).toMatchObject({ kind: 'succeeded', result: 'in time' });
  });

  it('fails a notification type that the agent does not take', async () => {
    await run(agentOf(async () => null));
    await publish({ what: 'x' }, { notificationType: 'test.other' });
    expect(await nextEnding()).toMatchObject({ kind: 'failed', error: { code: 'unknown_notification_type' } });
  });

  it('frees the slot of a handler that never settles at its timeout', async () => {
    let signal: AbortSignal | undefined;
    await run(
      agentOf((context, { what }) => {
        if (what === 'next') return Promise.resolve('done');
        signal = context.signal;
        return new Promise(() => {});
      }, 1),
    );
    await publish({ what: 'hang' }, { timeoutMs: 50 });
    expect(await nextEnding()).toMatchObject({ kind: 'timed_out', error: { code: 'timed_out' } });
    expect(signal?.aborted).toBe(true);
    await publish({ what: 'next' }, { taskId: 'task-2' });
    expect(await nextEnding('task-2')).toMatchObject({ kind: 'succeeded', result: 'done' });
  });

  it('works on no more than its capacity at a time', async () => {
    let active = 0;
    let most = 0;
    await run(
      agentOf(async () => {
        active += 1;
        most = Math.max(most, active);
        await new Promise((resolve) => setTimeout(resolve, 5));
        active -= 1;
        return null;
      }, 2),
    );
    for (let number = 0; number < 8; number++) await publish({ what: 'x' }, { taskId: `task-${number}` });
    for (let number = 0; number < 8; number++) await nextEnding(`task-${number}`);
    expect(most).toBe(2);
  });

  it('parks a message that cannot be read with its reason, and calls the task dead', async () => {
    await run(agentOf(async () => null));
    await broker.publish({
      exchange: 'agents',
      routingKey: 'agent.tester',
      mandatory: true,
      messageId: 'foreign-7',
      headers: { 'x-own': 'kept' },
      body: Buffer.from('{"half":'),
    });
    expect(await nextEnding('foreign-7')).toMatchObject({ kind: 'dead', error: { code: 'not_json' } });
    const parked = await nextDead();
    expect(parked.body.toString()).toBe('{"half":');
    expect(parked.headers).toMatchObject({ 'x-own': 'kept', 'x-dead-reason': expect.stringMatching(/^not_json/) });
  });

  it('keeps a result too large for a record as an artifact', async () => {
    await run(agentOf(async () => 'x'.repeat(300_000)));
    await publish({ what: 'x' });
    const { result } = await nextEnding();
    const { artifactId, bytes } = result as { artifactId: string; bytes: number };
    expect(bytes).toBe(300_002);
    expect((await artifacts.read(artifactId))?.content.length).toBe(300_002);
  });

  it('announces itself running at the start and stopped at the end, with schemas and capacity', async () => {
    await run(agentOf(async () => null, 3));
    await host?.close();
    await expect.poll(() => announcements.map((announcement) => announcement.state)).toEqual(['running', 'stopped']);
    expect(announcements[0]).toMatchObject({
      agentId: 'tester',
      workerId: 'worker-1',
      capacity: 3,
      notificationTypes: [{ type: 'test.work', schema: { required: ['what'] } }],
    });
  });

  it('that is closed while it starts takes nothing, announces nothing and is not ready', async () => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    const slow: Broker = {
      ...broker,
      declare: (topology) => broker.declare(topology),
      publish: (message) => broker.publish(message),
      consume: async (subscription) => {
        asked.resolve();
        await answer.promise;
        return broker.consume(subscription);
      },
    };
    const closed = createAgentHost({
      agents: [agentOf(async () => null)],
      broker: slow,
      artifacts,
      telemetry,
      workerId: 'worker-1',
    });
    const started = closed.start();
    const refused = expect(started).rejects.toThrow('closed while it started');
    await asked.promise;
    await closed.close();
    answer.resolve();
    await refused;
    expect(closed.isReady).toBe(false);
    expect((await broker.inspect('agent.tester'))?.consumers).toBe(0);
    expect(announcements).toEqual([]);
  });

  it('waits for running work when it stops, and gives back what does not end in time', async () => {
    let release = (): void => {};
    await run(
      agentOf((_context, { what }) => {
        if (what !== 'short') return new Promise(() => {});
        return new Promise((resolve) => {
          release = () => resolve('in time');
        });
      }),
      200,
    );
    await publish({ what: 'short' }, { taskId: 'short' });
    await publish({ what: 'long' }, { taskId: 'long' });
    await expect.poll(() => events.filter((event) => event.kind === 'started').length).toBe(2);
    const closing = host?.close();
    release();
    await closing;
    await expect.poll(() => ending('short')?.result).toBe('in time');
    expect(ending('long')).toBeUndefined();
    expect(await depth('agent.tester')).toBe(1);
  });
});

function agentOf(
  handle: (
    context: Parameters<Parameters<typeof onNotification<typeof Payload>>[0]['handle']>[0],
    payload: { what: string },
  ) => Promise<unknown>,
  capacity = 10,
): Agent {
  return defineAgent({
    id: 'tester',
    description: 'does what a test wants',
    capacity,
    notifications: { 'test.work': onNotification({ description: 'work', schema: Payload, handle }) },
  });
}

async function run(agent: Agent, graceMs?: number): Promise<void> {
  host = createAgentHost({
    agents: [agent],
    broker,
    artifacts,
    telemetry,
    workerId: 'worker-1',
    ...(graceMs === undefined ? {} : { graceMs }),
  });
  await host.start();
}

async function publish(data: unknown, part: Partial<OutgoingNotification> = {}): Promise<void> {
  const outcome = await createNotificationPublisher({ broker, telemetry }).publish({
    agentId: 'tester',
    taskId: 'task-1',
    notificationType: 'test.work',
    data,
    source: 'test',
    correlationId: 'c',
    sessionId: 's',
    tenantId: 'default',
    priority: 'normal',
    timeoutMs: null,
    budget: null,
    parentTaskId: null,
    depth: 0,
    ...part,
  });
  expect(outcome).toEqual({ status: 'confirmed' });
}

const ENDINGS = ['succeeded', 'failed', 'timed_out', 'dead'];

function ending(taskId: string): TaskEvent | undefined {
  return events.find((event) => event.task.taskId === taskId && ENDINGS.includes(event.kind));
}

async function nextEnding(taskId = 'task-1'): Promise<TaskEvent> {
  await expect.poll(() => ending(taskId), { timeout: 5_000 }).toBeDefined();
  return ending(taskId) as TaskEvent;
}

async function nextDead(): Promise<IncomingMessage> {
  return new Promise((resolve) => {
    void broker.consume({
      queue: 'agent.tester.dead',
      prefetch: 1,
      onDelivery(delivery) {
        delivery.ack();
        resolve(delivery.message);
      },
    });
  });
}

async function depth(queue: string): Promise<number | undefined> {
  return (await broker.inspect(queue))?.ready;
}
