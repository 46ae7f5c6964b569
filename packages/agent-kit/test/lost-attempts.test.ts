import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TaskEvent, TaskRecord } from '@tracepost/contracts';
import {
  agentTopology,
  createNotificationPublisher,
  deadLetterQueueName,
  eventsTopology,
  type IncomingMessage,
  RECORDER_QUEUE,
  readEvent,
} from '@tracepost/messaging';
import { openEmbeddedBroker } from '@tracepost/messaging/embedded';
import { applyTaskEvent, type InboxStore } from '@tracepost/stores';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { agentOf, NOTIFICATION, openWorkbench, SOON, telemetry, type Workbench } from './workbench.ts';

const muteWorker = fileURLToPath(new URL('mute-worker.ts', import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tracepost-lost-attempts-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('a task that kills its workers before they have told of it ends as dead with all its attempts', {
  timeout: 300_000,
}, async () => {
  await withBroker(async (broker) => {
    await broker.declare(eventsTopology());
    await broker.declare(agentTopology('tester'));
    const publisher = createNotificationPublisher({ broker, telemetry });
    const outcome = await publisher.publish({ ...NOTIFICATION, data: { what: 'x' } });
    expect(outcome).toEqual({ status: 'confirmed' });
  });
  for (const number of [1, 2, 3, 4, 5]) expect(await runWorker(number)).toEqual([null, 'SIGKILL']);
  expect(await runWorker(6)).toEqual([0, null]);

  const record = await withBroker(readRecord);
  expect(record).toMatchObject({ status: 'dead', error: { code: 'worker_crashed' } });
  expect(record.attempts).toEqual(
    [1, 2, 3, 4, 5].map((number) => ({
      number,
      status: 'crashed',
      startedAt: expect.any(String),
      endedAt: null,
      queueWaitMs: expect.any(Number),
      runMs: null,
      workerId: `worker-${number}`,
      spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
      error: expect.objectContaining({ code: 'worker_lost' }),
    })),
  );
  expect(new Set(record.attempts.map(({ spanId }) => spanId)).size).toBe(5);
  // No attempt of this message was ever seen to end: only what is written beside it says of which death it is.
  const { headers } = await withBroker(takeDead);
  expect(headers).toMatchObject({ 'x-attempts': '[]', 'x-dead-at-ms': Date.parse(record.endedAt ?? '') });
});

it('nothing is begun, and nothing ended, before the attempts that were lost are told', async () => {
  await using bench = await openWorkbench();
  let isMute = true;
  const refused: string[] = [];
  const broker: typeof bench.broker = {
    ...bench.broker,
    declare: (topology) => bench.broker.declare(topology),
    consume: (subscription) => bench.broker.consume(subscription),
    async publish(message) {
      if (!isMute || !message.routingKey.startsWith('task.')) return bench.broker.publish(message);
      refused.push(message.routingKey);
      return { status: 'unreachable', reason: 'test' };
    },
  };
  const beginning = { startedAt: new Date().toISOString(), queueWaitMs: 3, spanId: null };
  const lost = { taskId: 'task-1', agentId: 'tester', workerId: 'worker-9', attempt: 1, copy: '1:', beginning };
  // Its worker is gone, and the claim has run out.
  const payload = { body: Buffer.from('{}'), properties: {} };
  await bench.inbox.claim({ ...lost, isRedelivered: false, nowMs: 0, expiresAtMs: 1, payload });
  const ran: number[] = [];
  await bench.host([agentOf(async ({ attempt }) => void ran.push(attempt))], { broker });
  await bench.publish({ what: 'x' });
  await expect.poll(() => refused.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(3);
  expect(new Set(refused)).toEqual(new Set(['task.tester.started']));
  expect(ran).toEqual([]);
  isMute = false;
  expect(await bench.ending()).toMatchObject({ kind: 'succeeded' });
  expect(ran).toEqual([2]);
  expect(bench.told()).toEqual(['started', 'started', 'succeeded']);
  expect(bench.events[0]).toMatchObject({ by: 'worker-9', attempt: { number: 1, workerId: 'worker-9', ...beginning } });
});

describe('how an attempt ended that is tried again', () => {
  const failsOnce = () =>
    agentOf(
      async ({ attempt }) => {
        if (attempt === 1) throw new Error('the moment was bad');
        return { attempt };
      },
      { retry: { initialDelayMs: 1_000 } },
    );

  it('is told by whoever has its message next, when its worker was gone before it could', async () => {
    await using bench = await openWorkbench();
    const reached = Promise.withResolvers<void>();
    const broker = withPublish(bench, async (message) => {
      if (message.routingKey !== 'task.tester.attempt_failed') return bench.broker.publish(message);
      reached.resolve();
      return new Promise(() => {});
    });
    const first = await bench.host([failsOnce()], { broker, graceMs: 0 });
    await bench.publish({ what: 'x' });
    await reached.promise;
    // As the broker does when a process is gone: what it held comes again, as a redelivery.
    await first.close();
    await bench.host([failsOnce()]);
    await bench.ending();
    const record = await recordOf(bench);
    expect(record.attempts).toMatchObject([
      { number: 1, status: 'failed', workerId: 'worker-1', error: { code: 'handler_error' } },
      { number: 2, status: 'succeeded', workerId: 'worker-2' },
    ]);
    expect(record.attempts[0]?.error).toMatchObject({ message: 'the moment was bad', stack: expect.any(String) });
    expect(record.attempts[0]?.endedAt).not.toBeNull();
  });

  it('is told once the broker takes it, and the attempt after it is begun when it is due, and not before', async () => {
    await using bench = await openWorkbench();
    let refusals = 0;
    const broker = withPublish(bench, async (message) => {
      const isRefused = message.routingKey === 'task.tester.attempt_failed' && refusals < 4;
      if (!isRefused) return bench.broker.publish(message);
      refusals += 1;
      return { status: 'unreachable', reason: 'test' };
    });
    await bench.host([failsOnce()], { broker });
    await bench.publish({ what: 'x' });
    await bench.ending();
    const record = await recordOf(bench);
    expect(refusals).toBe(4);
    expect(record.attempts).toMatchObject([
      { number: 1, status: 'failed' },
      { number: 2, status: 'succeeded', backOffMs: 1_000 },
    ]);
  });

  it('is told also when it could not be written down, and the message comes again', { timeout: 60_000 }, async () => {
    await using bench = await openWorkbench();
    let isAway = true;
    const inbox: InboxStore = {
      ...bench.inbox,
      awaitRetry: (claim) => (isAway ? Promise.reject(new Error('away')) : bench.inbox.awaitRetry(claim)),
      claim: (request) => {
        if (request.isRedelivered) isAway = false;
        return bench.inbox.claim(request);
      },
    };
    await bench.host([failsOnce()], { inbox });
    await bench.publish({ what: 'x' });
    await bench.ending();
    expect((await recordOf(bench)).attempts).toMatchObject([
      { number: 1, status: 'failed', error: { message: 'the moment was bad' } },
      { number: 2, status: 'succeeded' },
    ]);
  });

  function withPublish(bench: Workbench, publish: Broker['publish']): Broker {
    const { broker } = bench;
    return {
      ...broker,
      declare: (topology) => broker.declare(topology),
      consume: (subscription) => broker.consume(subscription),
      publish,
    };
  }

  /** What the recorder would make of all that was told, once somebody has told of the failure. */
  async function recordOf(bench: Workbench): Promise<TaskRecord> {
    await expect.poll(() => bench.told().filter((kind) => kind === 'attempt_failed').length, SOON).toBeGreaterThan(0);
    return bench.events.reduce<TaskRecord | null>(applyTaskEvent, null) as TaskRecord;
  }
});

async function withBroker<T>(work: (broker: Broker) => Promise<T>): Promise<T> {
  const broker = await openEmbeddedBroker({ path: join(folder, 'queue.db'), telemetry });
  return work(broker).finally(() => broker.close());
}

type Broker = Awaited<ReturnType<typeof openEmbeddedBroker>>;

async function runWorker(number: number): Promise<unknown[]> {
  const worker = spawn(process.execPath, [muteWorker, folder, `worker-${number}`], {
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 100_000,
  });
  return once(worker, 'exit');
}

async function takeDead(broker: Broker): Promise<IncomingMessage> {
  const { promise, resolve } = Promise.withResolvers<IncomingMessage>();
  await broker.consume({
    queue: deadLetterQueueName('tester'),
    prefetch: 1,
    onDelivery(delivery) {
      delivery.ack();
      resolve(delivery.message);
    },
  });
  return promise;
}

/** What the recorder would make of what it was told. */
async function readRecord(broker: Broker): Promise<TaskRecord> {
  const { promise, resolve } = Promise.withResolvers<TaskRecord>();
  let record: TaskRecord | null = null;
  await broker.consume({
    queue: RECORDER_QUEUE,
    prefetch: 1,
    onDelivery(delivery) {
      const read = readEvent(delivery.message);
      const events: readonly TaskEvent[] = read.kind === 'tasks' ? read.events : [];
      record = events.reduce<TaskRecord | null>(applyTaskEvent, record);
      delivery.ack();
      if (record?.status === 'dead') resolve(record);
    },
  });
  return promise;
}
